"""The terms of points that end through inactivity, and the text under which a lot keeps them. Knows no tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from loyalty import clock


@dataclass(frozen=True, slots=True)
class Idle:
    """Points live so many days or months from the last activity that is one of `reset_by`."""

    days: int | None = None
    months: int | None = None
    reset_by: tuple[str, ...] = ("sale", "redemption", "booking")

    def text(self) -> str:
        """As lots keep it: `12m sale redemption`."""
        span = f"{self.days}d" if self.months is None else f"{self.months}m"
        return " ".join([span, *sorted(self.reset_by)])

    def until(self, at: datetime, zone: ZoneInfo) -> datetime:
        """The first instant at which points no longer count after an activity; its own day is left out."""
        start = clock.day_of(at, zone)
        last = start + timedelta(days=self.days or 0) if self.months is None else clock.months_later(start, self.months)
        return clock.end_of(last, zone)


@cache
def read(text: str) -> Idle:
    """The other way round from `Idle.text`."""
    span, *reset_by = text.split(" ")
    number = int(span[:-1])
    return Idle(number, None, tuple(reset_by)) if span[-1] == "d" else Idle(None, number, tuple(reset_by))
