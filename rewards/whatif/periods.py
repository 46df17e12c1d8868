"""The periods that a what-if offers: the last month, quarter and year that have data, or everything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from loyalty import clock
from members.models import Sale

MONTHS = {"month": 1, "quarter": 3, "year": 12}
DEFAULT = "quarter"


@dataclass(frozen=True)
class Period:
    """From the first day to the last, both included, in the programme's zone; of `all` they are those of the sales."""

    code: str
    first: date
    last: date
    since: datetime | None
    until: datetime | None


def presets(zone: ZoneInfo) -> list[Period]:
    """Month, quarter, year and all. The last complete one, or where it has no sale, the one with the newest sale."""
    known = Sale.objects.filter(member__isnull=False, status=Sale.Status.SOLD)
    newest = known.order_by("-occurred_at").values_list("occurred_at", flat=True).first()
    if newest is None:
        return []
    oldest = known.order_by("occurred_at").values_list("occurred_at", flat=True)[0]
    today = clock.day_of(clock.now(), zone)
    found = []
    for code, months in MONTHS.items():
        begins = _later(_begin(today, months), -months)
        since, until = clock.start_of(begins, zone), clock.start_of(_later(begins, months), zone)
        if not known.filter(occurred_at__gte=since, occurred_at__lt=until).exists():
            begins = _begin(clock.day_of(newest, zone), months)
        found.append(between(code, begins, clock.last_day(clock.start_of(_later(begins, months), zone), zone), zone))
    first, last = clock.day_of(oldest, zone), clock.day_of(newest, zone)
    return [*found, Period("all", first, last, None, None)]


def between(code: str, first: date, last: date, zone: ZoneInfo) -> Period:
    """The period of two days and what lies between."""
    return Period(code, first, last, clock.start_of(first, zone), clock.end_of(last, zone))


def _begin(day: date, months: int) -> date:
    """The first day of the month, quarter or year."""
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def _later(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    return date(day.year + years, month + 1, 1)
