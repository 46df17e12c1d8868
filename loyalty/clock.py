"""The one clock. Everything asks `now()`; days are days of the programme's own time zone."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_ahead: list[Callable[[], timedelta]] = []  # of the test clock of a sandbox; empty everywhere else


def now() -> datetime:
    """The present instant, timezone-aware, in UTC; in a sandbox that of its test clock."""
    real = datetime.now(UTC)
    return real + _ahead[0]() if _ahead else real


def follow(ahead: Callable[[], timedelta] | None) -> None:
    """From here on run ahead of the real clock by what `ahead` says; None: with it. Only `loyalty.sandbox` calls it."""
    _ahead[:] = [ahead] if ahead else []


def is_real() -> bool:
    """Whether `now` is the real time."""
    return not _ahead


def day_of(instant: datetime, zone: ZoneInfo) -> date:
    """The local calendar day on which `instant` falls."""
    return instant.astimezone(zone).date()


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day, in UTC.

    Where the clocks skip midnight, that is the first instant which exists (CONTRACT 1.1, Days).
    """
    wall = datetime.combine(day, time.min, zone)
    first = wall.astimezone(UTC)
    if first.astimezone(zone).date() == day and first.astimezone(zone).time() == time.min:
        return first
    # Midnight is skipped: the day starts where the offset before the gap ends.
    before = (wall - timedelta(days=1)).utcoffset() or timedelta()
    return (wall.replace(tzinfo=UTC) - before).astimezone(UTC)


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """The first instant after a local day: what is valid through `day` stops counting here."""
    return start_of(day + timedelta(days=1), zone)


def months_later(start: date, months: int) -> date:
    """The same day so many months later, clamped to the month's end."""
    years, month = divmod(start.month - 1 + months, 12)
    year, month = start.year + years, month + 1
    return date(year, month, min(start.day, monthrange(year, month)[1]))


def last_day(until: datetime, zone: ZoneInfo) -> date:
    """The last local day of what stops counting at `until`: the other way round from `end_of`."""
    return day_of(until - timedelta(microseconds=1), zone)
