"""`./run test`: the checks, then the tests on a throw-away database, several at a time."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from loyalty.runtime import terminal
from loyalty.runtime.foreground import run_in_foreground
from loyalty.runtime.install import CHECKOUT
from loyalty.runtime.processes import wait_until
from loyalty.runtime.testing import throwaway_cluster

SIZES = {"--more": "more", "--full": "full"}
LEFT_OUT = {"short": "not more and not full", "more": "not full", "full": ""}
GOOD_BYES = 30  # seconds
CHECKS: dict[str, list[str]] = {
    "ruff check": ["-m", "ruff", "check", "."],
    "ruff format": ["-m", "ruff", "format", "--check", "."],
    "mypy": ["-m", "mypy"],
    "migrations": ["manage.py", "makemigrations", "--check", "--dry-run"],
}


def main(arguments: Sequence[str]) -> int:
    """Non-zero when a check or a test fails. Raises LaunchError."""
    own = {*SIZES, "--only-tests"}
    passed_on = [word for word in arguments if word not in own]
    size = next((SIZES[word] for word in arguments if word in SIZES), "short")
    with (
        tempfile.TemporaryDirectory(prefix="loyalty-test-", ignore_cleanup_errors=True) as place,
        open_place() as places,
        throwaway_cluster(Path(place) / "home") as cluster,
    ):
        env = {**cluster.env, "LOYALTY_TEST_SIZE": size, "LOYALTY_TEST_PLACES": f"{places}/"}
        failed = [] if "--only-tests" in arguments else run_checks(env)
        code = run_in_foreground([sys.executable, "-m", "pytest", *pytest_arguments(size, passed_on)], env)
    return code or (1 if failed else 0)


@contextmanager
def open_place() -> Iterator[Path]:
    """A directory that every account may enter, for tests of the launcher.

    At the end it goes, also when tests were cut short and what they had started is still saying good-bye.
    """
    place = Path(tempfile.mkdtemp(prefix="loyalty-test-", dir="/var/tmp"))
    place.chmod(0o755)

    def gone() -> bool:
        shutil.rmtree(place, ignore_errors=True)
        return not place.exists()

    try:
        yield place
    finally:
        if not wait_until(gone, GOOD_BYES):
            terminal.complain(f"{place} could not be removed")


def run_checks(env: Mapping[str, str]) -> list[str]:
    """The names of those that failed; their output is shown, that of the others is not."""
    failed = []
    for name, command in CHECKS.items():
        begun = time.monotonic()
        done = subprocess.run(
            [sys.executable, *command],
            cwd=CHECKOUT,
            env=dict(env),
            capture_output=True,
            text=True,
            check=False,
        )
        took = f"{time.monotonic() - begun:.0f} s"
        if done.returncode == 0:
            terminal.say(f"{name}: passed ({took})")
        else:
            failed.append(name)
            print(done.stdout + done.stderr, file=sys.stderr)
            terminal.complain(f"{name}: FAILED ({took})")
    return failed


def pytest_arguments(size: str, given: Sequence[str]) -> list[str]:
    """What we add unless it was said otherwise: how many at a time, and which sizes to leave out."""
    arguments = list(given)
    if not any(word.startswith(("-n", "--numprocesses", "--pdb")) or word == "no:xdist" for word in given):
        arguments = ["-n", str(min(3, max(2, os.cpu_count() or 2))), "--dist", "loadfile", *arguments]
    if size == "full":
        arguments = ["--timeout=3600", *arguments]  # for each test
    if not any(word.startswith("-m") for word in given) and LEFT_OUT[size]:
        arguments = ["-m", LEFT_OUT[size], *arguments]
    return arguments
