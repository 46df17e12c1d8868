"""When points become available and when they end (CONTRACT Meaning 8), in days of the programme's zone."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from loyalty import clock
from loyalty.idle import Idle

_MONTHS_IN = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}
ROUND_UP_TO = ("day", *_MONTHS_IN)


midnight = lru_cache(maxsize=4096)(clock.start_of)  # of a day in a zone; sales ask for the same few again and again


@dataclass(frozen=True, slots=True)
class Pending:
    """How many days points wait; None: none at all."""

    days: int | None = None

    def available_at(self, occurred_at: datetime, zone: ZoneInfo) -> datetime:
        """The local midnight that begins day + N, or the instant of the sale itself."""
        if self.days is None:
            return occurred_at
        return midnight(clock.day_of(occurred_at, zone) + timedelta(days=self.days), zone)


@dataclass(frozen=True, slots=True)
class Expiry:
    """How long points live from the day on which they become available."""

    kind: str = "never"  # never, rolling, fixed, inactivity
    days: int | None = None
    months: int | None = None
    round_up_to: str = "day"
    dates: tuple[str, ...] = ()  # fixed: MM-DD or YYYY-MM-DD
    reset_by: tuple[str, ...] = ()  # inactivity: what moves the end of what is left

    @property
    def idle(self) -> str:
        """The terms of inactivity as the ledger keeps them with the lot; empty for every other kind."""
        return Idle(self.days, self.months, self.reset_by).text() if self.kind == "inactivity" else ""

    def expires_at(self, available_at: datetime, zone: ZoneInfo) -> datetime | None:
        """The first instant at which the points no longer count; None: never."""
        return None if self.kind == "never" else _ends(self, clock.day_of(available_at, zone), zone)

    def last_day(self, start: date) -> date | None:
        """The last day on which points that start on `start` count; the start day itself is left out."""
        if self.kind == "never":
            return None
        if self.kind == "fixed":
            return min((day for text in self.dates if (day := _next(text, start))), default=None)
        days = timedelta(days=self.days or 0)
        last = start + days if self.months is None else clock.months_later(start, self.months)
        return round_up(last, self.round_up_to)


@lru_cache(maxsize=4096)
def _ends(expiry: Expiry, start: date, zone: ZoneInfo) -> datetime | None:
    """The end of the last day; kept, because most sales of a day end on the same one."""
    last = expiry.last_day(start)
    return None if last is None else clock.end_of(last, zone)


def round_up(day: date, to: str) -> date:
    """The last day of the month, quarter, half year or year of `day`."""
    if to == "day":
        return day
    size = _MONTHS_IN[to]
    month = (day.month - 1) // size * size + size
    return date(day.year, month, monthrange(day.year, month)[1])


def _next(text: str, start: date) -> date | None:
    """The next such date on or after `start`; 02-29 is the end of February in other years."""
    if len(text) > 5:
        day = date.fromisoformat(text)
        return day if day >= start else None
    month, number = int(text[:2]), int(text[3:])
    for year in (start.year, start.year + 1):
        day = date(year, month, min(number, monthrange(year, month)[1]))
        if day >= start:
            return day
    return None
