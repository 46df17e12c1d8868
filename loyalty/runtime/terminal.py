"""What the person at the terminal sees: short lines, one progress bar, and then where to go."""

import sys
from typing import Any, Protocol

try:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar
except ImportError:  # the launcher must also run where rich is not installed
    HAS_RICH = False
else:
    HAS_RICH = True


def say(line: str) -> None:
    """To stderr, so that the output of `./run manage` is the command's alone."""
    print(f"==> {line}", file=sys.stderr, flush=True)


def complain(line: str) -> None:
    print(f"!! {line}", file=sys.stderr, flush=True)


class Progress(Protocol):
    def show(self, done: float) -> None: ...

    def close(self) -> None: ...


class PlainProgress:
    """A line for every tenth: for logs, pipes and terminals that cannot redraw."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._shown = -1

    def show(self, done: float) -> None:
        tenth = int(done * 10)
        if tenth > self._shown:
            self._shown = tenth
            say(f"{self._title}: {tenth * 10} %")

    def close(self) -> None:
        return


class BarProgress:
    """A bar, by rich, that the terminal redraws."""

    def __init__(self, title: str) -> None:
        columns: list[Any] = [
            TextColumn("==> {task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
        ]
        self._bar = Bar(*columns, TimeElapsedColumn(), console=Console(stderr=True))
        self._task = self._bar.add_task(title, total=1.0)
        self._bar.start()

    def show(self, done: float) -> None:
        self._bar.update(self._task, completed=done)

    def close(self) -> None:
        self._bar.stop()


def progress(title: str) -> Progress:
    return BarProgress(title) if HAS_RICH and sys.stderr.isatty() else PlainProgress(title)


def show_addresses(port: int, sign_ins: list[dict[str, str]]) -> None:
    """Where everything is and how to sign in."""
    base = f"http://127.0.0.1:{port}"
    print()
    for name, path in (("Portal", "/"), ("Staff", "/staff/"), ("API docs", "/api/docs")):
        print(f"  {name:<10} {base}{path}")
    if sign_ins:
        print("\n  Sign in with")
    for one in sign_ins:
        words = [one.get(part, "") for part in ("user", "password", "note")]
        print(f"  {one.get('face', ''):<10} {'  '.join(word for word in words if word)}")
    print("\n  Ctrl-C stops everything.\n", flush=True)
