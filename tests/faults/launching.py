"""Runs `./run` in a copy of the checkout, as on another machine, and watches what it leaves behind."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from loyalty.runtime.processes import ends_with_parent, wait_until
from loyalty.runtime.system import answers
from loyalty.runtime.testing import free_port

ROOT = Path(__file__).resolve().parents[2]
NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv", "var", "build", "__pycache__", ".*_cache", ".hypothesis", "node_modules"
)
PLACES = os.environ.get("LOYALTY_TEST_PLACES", "/var/tmp/loyalty-test-")  # `./run test` removes its own
INHERITED = ("DATABASE_", "BROKER_", "CACHE_", "LOYALTY_", "DJANGO_", "PYTEST_", "PYTHONPATH", "PIP_")


@contextmanager
def open_place() -> Iterator[Path]:
    """A directory that every user may enter, unlike pytest's own: as root PostgreSQL's account must."""
    place = Path(PLACES + os.urandom(4).hex())
    place.mkdir(mode=0o755)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def copy_checkout(place: Path) -> Path:
    """The checkout as a clone would be: without what was made in it."""
    copy = place / "checkout"
    shutil.copytree(ROOT, copy, ignore=NOT_COPIED, symlinks=True)
    return copy


class Launcher:
    """One home, one port, and the `./run` in one checkout."""

    def __init__(self, checkout: Path, home: Path, **environment: str) -> None:
        self.checkout = checkout
        self.home = home
        self.port = free_port()
        self.account: pwd.struct_passwd | None = None
        self.python = sys.executable
        clean = {name: value for name, value in os.environ.items() if not name.startswith(INHERITED)}
        self.environment = {
            **clean,
            "LOYALTY_HOME": str(home),
            "LOYALTY_PORT": str(self.port),
            "LOYALTY_DEMO": "0",
            "LOYALTY_VENV": sys.prefix,
            **environment,
        }

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def popen(self, *arguments: str, output: Path) -> subprocess.Popen[bytes]:
        account = self.account
        with output.open("wb") as file:
            return subprocess.Popen(
                [self.python, str(self.checkout / "run"), *arguments],
                env=self.environment,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                user=account.pw_uid if account else None,
                group=account.pw_gid if account else None,
                extra_groups=[] if account else None,
                preexec_fn=ends_with_parent(signal.SIGTERM),
            )

    def call(self, *arguments: str, seconds: float = 300) -> tuple[int, str]:
        """Exit code and all output of a `./run` that ends by itself."""
        output = self._output()
        process = self.popen(*arguments, output=output)
        try:
            code = process.wait(timeout=seconds)
        finally:
            process.kill()
        return code, output.read_text()

    def refusal(self, *arguments: str, seconds: float = 300) -> str:
        """The one sentence with which it refuses: a code other than 0, no traceback, nothing after it."""
        code, text = self.call(*arguments, seconds=seconds)
        assert code != 0, text
        assert "Traceback" not in text, text
        lines = [line for line in text.splitlines() if line.startswith("!! ")]
        assert len(lines) == 1, text
        assert text.rstrip().endswith(lines[0]), text
        return lines[0]

    @contextmanager
    def running(self, seconds: float = 300) -> Iterator[Running]:
        """Up and answering; afterwards stopped, whatever the test has done to it."""
        output = self._output()
        running = Running(self, self.popen(output=output), output)
        try:
            running.wait_for("Ctrl-C stops everything", seconds)
            yield running
        finally:
            running.end()

    def _output(self) -> Path:
        place = self.home.parent
        return place / f"output-{time.monotonic_ns()}"


class Running:
    """A `./run` that is up."""

    def __init__(self, launcher: Launcher, process: subprocess.Popen[bytes], output: Path) -> None:
        self.launcher = launcher
        self.process = process
        self._output = output
        self._seen: dict[int, psutil.Process] = {}

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def output(self) -> str:
        return self._output.read_text(errors="replace")

    def wait_for(self, text: str, seconds: float = 120) -> None:
        wait_until(lambda: text in self.output or self.process.poll() is not None, seconds)
        assert text in self.output, self.output

    def answers(self, seconds: float = 60) -> bool:
        return wait_until(lambda: answers(self.launcher.port), seconds, pause=0.3)

    def child(self, word: str) -> psutil.Process:
        """The launcher's own child whose command line has the word."""
        (found,) = [child for child in self.family() if word in command_line(child) and child.ppid() == self.pid]
        return found

    def has_child(self, word: str, *, other_than: int) -> bool:
        """Whether it has another child of that name than the one that was killed."""
        return any(
            word in command_line(child) and child.pid != other_than and child.ppid() == self.pid
            for child in self.family()
        )

    def family(self) -> list[psutil.Process]:
        """Every process it started, directly or not, also those met before."""
        if self.process.poll() is None:
            for child in psutil.Process(self.pid).children(recursive=True):
                self._seen[child.pid] = child
        return [child for child in self._seen.values() if lives(child)]

    def send(self, number: signal.Signals) -> None:
        self.family()
        self.process.send_signal(number)

    def leaves_nothing(self, seconds: float = 60) -> bool:
        """Whether none of its family lives on."""
        gone = wait_until(lambda: not any(lives(child) for child in self._seen.values()), seconds)
        for child in self._seen.values():
            if lives(child):
                print("still there:", child.status(), child.ppid(), child.cmdline())
        return gone

    def end(self) -> None:
        if self.process.poll() is None:
            self.send(signal.SIGTERM)
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.process.kill()
        for child in self._seen.values():
            if lives(child):
                child.kill()

    def query(self, sql: str) -> str:
        """One value from the database, by psql in the role that serves."""
        psql, url = Path(self.facts()["env"]["LOYALTY_PG_BIN"]) / "psql", self.facts()["env"]["DATABASE_URL"]
        done = subprocess.run([psql, "-XAtc", sql, url], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def facts(self) -> dict[str, Any]:
        return dict(json.loads((self.launcher.home / "running.json").read_text()))


def command_line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def lives(process: psutil.Process) -> bool:
    """A zombie that its init has not buried yet is dead."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False
