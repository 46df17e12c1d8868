"""Who does what at the end of a day, and in which order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import IntEnum
from zoneinfo import ZoneInfo

from loyalty import clock


class Phase(IntEnum):
    """The order of a day's end (CONTRACT 3.10); `FOLLOWS` is what the new day brings, after all of it."""

    ACTIVATION = 1
    REWARDS = 2
    TIERS = 3
    RESET = 4
    EXPIRY = 5
    BALANCE_TIERS = 6
    FOLLOWS = 7


@dataclass(frozen=True)
class Day:
    """A calendar day of the programme's zone that is over."""

    day: date
    zone: ZoneInfo

    @property
    def ends(self) -> datetime:
        """The first instant after it."""
        return clock.end_of(self.day, self.zone)

    @property
    def last(self) -> datetime:
        """Its last instant, as of which everything is worked out."""
        return self.ends - timedelta(microseconds=1)


Step = Callable[[Day], int]
_steps: dict[str, tuple[Phase, Step]] = {}


def step(phase: Phase) -> Callable[[Step], Step]:
    """Register a step: it takes the day, and returns how many things it wrote.

    It runs outside a transaction, commits in pieces, and may run again or in several processes at once.
    """

    def register(function: Step) -> Step:
        _steps[f"{function.__module__}.{function.__qualname__}"] = (phase, function)
        return function

    return register


def in_order() -> list[tuple[str, Step]]:
    """The steps by phase, within one in the order of registration."""
    return [(name, function) for name, (_, function) in sorted(_steps.items(), key=lambda item: item[1][0])]
