"""Start again what dies, so that everything recovers without a hand."""

import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from loyalty.runtime.failures import LaunchError, free_bytes
from loyalty.runtime.processes import Process

FIRST_PAUSE = 0.2  # seconds; doubled with each failure
LONGEST_PAUSE = 10.0
MOST_FAILURES = 10  # in a row, without once having done its work: about a minute
LITTLE_SPACE = 16 * 1024 * 1024
LOG_SECONDS = 10


@dataclass
class Watched:
    process: Process
    failures: int = 0
    down: bool = False
    start_at: float = 0.0
    was_ready: bool = False


class Supervisor:
    """Looks after processes that were started. Call `look` about twice a second."""

    def __init__(self, processes: Sequence[Process], say: Callable[[str], None], places: Sequence[Path] = ()) -> None:
        self._watched = [Watched(process) for process in processes]
        self._say = say
        self._places = places
        self._logs_at = 0.0

    def look(self) -> None:
        """One round. Raises LaunchError when a process fails again and again."""
        now = time.monotonic()
        for item in self._watched:
            if item.process.alive:
                self._confirm(item)
            elif not item.down:
                self._schedule(item, now)
            elif now >= item.start_at:
                self._start(item)
        if now >= self._logs_at:
            self._logs_at = now + LOG_SECONDS
            for item in self._watched:
                item.process.bound_log()

    def _confirm(self, item: Watched) -> None:
        """It counts as recovered, and its failures as past, only when it does its work."""
        if item.was_ready:
            return
        if item.process.ready():
            if item.failures:
                self._say(f"{item.process.name} is back")
            item.was_ready, item.failures = True, 0

    def _schedule(self, item: Watched, now: float) -> None:
        name = item.process.name
        item.process.clear()
        if self._disk_is_full():
            item.failures = 1
            self._say(f"{name} stopped because the disk is full: free some space, it starts again by itself")
        else:
            item.failures += 1
            self._say(f"{name} {how_it_ended(item.process.returncode)}; starting it again")
        if item.failures > MOST_FAILURES:
            raise LaunchError(
                f"{name} failed {MOST_FAILURES} times in a row: see {item.process.log}, then start ./run again."
            )
        item.down, item.was_ready = True, False
        item.start_at = now + min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (item.failures - 1))

    def _start(self, item: Watched) -> None:
        item.down = False
        try:
            item.process.start()
        except (OSError, LaunchError) as error:
            self._say(f"{item.process.name} does not start: {error}")

    def _disk_is_full(self) -> bool:
        return any(free_bytes(place) < LITTLE_SPACE for place in self._places)


def how_it_ended(returncode: int | None) -> str:
    """In words: a negative code is the signal that ended it."""
    if returncode is not None and returncode < 0:
        return f"was ended by {signal.Signals(-returncode).name}"
    return f"ended with code {returncode}"
