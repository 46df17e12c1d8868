"""What the dashboard says, as numbers: read in a handful of statements and kept for a minute."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.cache import cache
from django.db import connection
from django.db.models import Count, Max, Sum

from loyalty import clock, policies
from loyalty.models import Entry
from members import tiers
from members.models import Member, Sale, TierChange, TierStanding

KEPT_SECONDS = 60
BUCKETS = 14  # points of a sparkline
WEEKS = 13
PERIODS = {"4w": 28, "13w": 91, "52w": 364}  # days

Places = Sequence[UUID] | None  # stores to look at; None is everywhere


@dataclass(frozen=True)
class Number:
    """One number of a period, the same of the period before, and both as lines."""

    now: int
    before: int
    line: list[float] = field(default_factory=list)
    line_before: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Week:
    """What moved in one week: points given, spent and expired (all ≥ 0 but for a week of returns)."""

    starts: date
    issued: int
    redeemed: int
    expired: int


@dataclass(frozen=True)
class Level:
    """One level: how many stand on it, and how many came up to it or fell to it in the period."""

    code: str
    rank: int
    of: int
    name: Any
    members: int
    up: int
    down: int


@dataclass(frozen=True)
class Figures:
    """Everything of one period. `today` is False where the period ends earlier, with the last data."""

    starts: datetime
    ends: datetime
    last_day: date
    today: bool
    active: Number
    sales: Number
    issued: Number
    redeemed: Number
    outstanding: Number | None
    joined: Number
    weeks: list[Week]
    months: list[tuple[date, int]]
    levels: list[Level]
    members: int
    currency: str


def of(period: str, places: Places) -> Figures:
    """The figures of the last `period` that has data, at some stores or everywhere."""
    seen = "all" if places is None else hashlib.sha256(",".join(sorted(map(str, places))).encode()).hexdigest()[:16]
    key = f"staff:figures:{connection.settings_dict['NAME']}:{period}:{seen}"
    kept: Figures | None = cache.get(key)
    if kept is None:
        kept = _work_out(PERIODS.get(period, 28), None if places is None else list(places))
        cache.set(key, kept, KEPT_SECONDS)
    return kept


def _work_out(days: int, places: list[UUID] | None) -> Figures:
    programme = policies.current()
    zone = programme.zone
    last, today = _last_day(places, zone)
    ends = clock.end_of(last, zone)
    starts = clock.start_of(last - timedelta(days=days - 1), zone)
    before = clock.start_of(last - timedelta(days=2 * days - 1), zone)
    span = (before, starts, ends)
    return Figures(
        starts=starts,
        ends=ends,
        last_day=last,
        today=today,
        active=_active(span, places),
        sales=_summed(_SALES, span, places),
        issued=_summed(_POINTS.format(house="= 'issued'", sign=""), span, places),
        redeemed=_summed(_POINTS.format(house="= 'redeemed'", sign="-"), span, places),
        outstanding=_outstanding(span) if places is None else None,
        joined=_summed(_JOINED, span, places),
        weeks=_weeks(last, 52 if days > WEEKS * 7 else WEEKS, zone, places),
        months=_months(last, zone) if places is None else [],
        levels=_levels(starts, ends) if places is None else [],
        members=_members(places),
        currency=programme.currency,
    )


def _last_day(places: list[UUID] | None, zone: ZoneInfo) -> tuple[date, bool]:
    """The last day with a sale or an entry of a sale; today while anything happened in the last week."""
    now = clock.now()
    sales = Sale.objects.all() if places is None else Sale.objects.filter(store__in=places)
    newest = sales.filter(occurred_at__lte=now).aggregate(at=Max("occurred_at"))["at"]
    present = clock.day_of(now, zone)
    if newest is None or now - newest < timedelta(days=7):
        return present, True
    return clock.day_of(newest, zone), False


_WITHIN = "(%(places)s::uuid[] IS NULL OR store_id = ANY(%(places)s::uuid[]))"
_BUCKET = (
    "width_bucket(extract(epoch FROM {at}), extract(epoch FROM %(from)s::timestamptz),"
    " extract(epoch FROM %(to)s::timestamptz), %(buckets)s::int)"
)
_SALES = f"""
SELECT {_BUCKET.format(at="occurred_at")} AS bucket, sum(total_minor)
  FROM members_sale
 WHERE occurred_at >= %(from)s AND occurred_at < %(to)s AND status = 'sold' AND member_id IS NOT NULL AND {_WITHIN}
 GROUP BY 1
"""
_ACTIVE = f"""
SELECT {_BUCKET.format(at="occurred_at")} AS bucket, count(DISTINCT member_id)
  FROM members_sale
 WHERE occurred_at >= %(from)s AND occurred_at < %(to)s AND status = 'sold' AND {_WITHIN}
 GROUP BY 1
"""
_POINTS = f"""
SELECT {_BUCKET.format(at="occurred_at")} AS bucket, {{sign}}sum(points)
  FROM loyalty_entry
 WHERE occurred_at >= %(from)s AND occurred_at < %(to)s AND house {{house}} AND {_WITHIN}
 GROUP BY 1
"""
_JOINED = f"""
SELECT {_BUCKET.format(at="enrolled_at")} AS bucket, count(*)
  FROM members_member
 WHERE enrolled_at >= %(from)s AND enrolled_at < %(to)s AND {_WITHIN}
 GROUP BY 1
"""
_HOUSES = f"""
SELECT {_BUCKET.format(at="occurred_at")} AS bucket, house, sum(points)
  FROM loyalty_entry
 WHERE occurred_at >= %(from)s AND occurred_at < %(to)s AND {_WITHIN}
 GROUP BY 1, 2
"""


def _rows(sql: str, start: datetime, end: datetime, buckets: int, places: list[UUID] | None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"from": start, "to": end, "buckets": buckets, "places": places})
        return list(cursor.fetchall())


def _line(rows: list[tuple[Any, ...]], buckets: int) -> list[float]:
    values = [0.0] * buckets
    for bucket, value in rows:
        values[min(int(bucket), buckets) - 1] += float(value or 0)
    return values


def _summed(sql: str, span: tuple[datetime, datetime, datetime], places: list[UUID] | None) -> Number:
    before, starts, ends = span
    was = _line(_rows(sql, before, starts, BUCKETS, places), BUCKETS)
    now = _line(_rows(sql, starts, ends, BUCKETS, places), BUCKETS)
    return Number(int(sum(now)), int(sum(was)), now, was)


def _active(span: tuple[datetime, datetime, datetime], places: list[UUID] | None) -> Number:
    """Members who bought: the period's number counts each once, the line counts each once per step."""
    before, starts, ends = span
    lines = [_line(_rows(_ACTIVE, *part, BUCKETS, places), BUCKETS) for part in ((starts, ends), (before, starts))]
    whole = [_line(_rows(_ACTIVE, *part, 1, places), 1) for part in ((starts, ends), (before, starts))]
    return Number(int(whole[0][0]), int(whole[1][0]), lines[0], lines[1])


def _outstanding(span: tuple[datetime, datetime, datetime]) -> Number:
    """All points that are somebody's, at the end of the period and at its start."""
    _before, starts, ends = span
    first = int(Entry.objects.filter(occurred_at__lt=starts).aggregate(sum=Sum("points"))["sum"] or 0)
    steps = _line(_rows(_POINTS.format(house="<> ''", sign=""), starts, ends, BUCKETS, None), BUCKETS)
    line, total = [float(first)], float(first)
    for step in steps:
        total += step
        line.append(total)
    return Number(int(total), first, line)


def _weeks(last: date, count: int, zone: ZoneInfo, places: list[UUID] | None) -> list[Week]:
    days = [last - timedelta(days=7 * (count - place) - 1) for place in range(count)]
    moved: list[dict[str, int]] = [{} for _ in days]
    start, end = clock.start_of(days[0], zone), clock.end_of(last, zone)
    for bucket, house, points in _rows(_HOUSES, start, end, count, places):
        moved[min(int(bucket), count) - 1][house] = int(points)
    return [
        Week(
            starts=day,
            issued=max(one.get("issued", 0), 0),
            redeemed=max(-one.get("redeemed", 0), 0),
            expired=max(-one.get("expired", 0), 0),
        )
        for day, one in zip(days, moved, strict=True)
    ]


def _months(last: date, zone: ZoneInfo) -> list[tuple[date, int]]:
    """Points outstanding at the end of each of the last thirteen months."""
    firsts = [_month(last, -back) for back in range(12, -1, -1)]
    total = int(
        Entry.objects.filter(occurred_at__lt=clock.start_of(firsts[0], zone)).aggregate(s=Sum("points"))["s"] or 0
    )
    result = []
    for first in firsts:
        start, end = clock.start_of(first, zone), clock.start_of(_month(first, 1), zone)
        moved = Entry.objects.filter(occurred_at__gte=start, occurred_at__lt=end).aggregate(s=Sum("points"))["s"]
        total += int(moved or 0)
        result.append((first, total))
    return result


def _month(day: date, step: int) -> date:
    """The first day of the month `step` months after that of `day`."""
    index = day.year * 12 + day.month - 1 + step
    return date(index // 12, index % 12 + 1, 1)


def _levels(starts: datetime, ends: datetime) -> list[Level]:
    """The levels of the first tier group, lowest first."""
    for group in tiers.compiled(policies.current())[:1]:
        ranks = {level.code: rank for rank, level in enumerate(group.levels, 1)}
        counted = dict(
            TierStanding.objects.filter(group=group.code).values_list("level").annotate(n=Count("pk")).order_by()
        )
        up: dict[str, int] = {}
        down: dict[str, int] = {}
        changes = (
            TierChange.objects.filter(group=group.code, at__gte=starts, at__lt=ends)
            .values_list("before", "after")
            .annotate(n=Count("pk"))
            .order_by()
        )
        for before, after, n in changes:
            side = up if ranks.get(after, 0) > ranks.get(before, 0) else down
            side[after] = side.get(after, 0) + n
        return [
            Level(
                code=level.code,
                rank=rank,
                of=len(group.levels),
                name=level.name,
                members=counted.get(level.code, 0),
                up=up.get(level.code, 0),
                down=down.get(level.code, 0),
            )
            for rank, level in enumerate(group.levels, 1)
        ]
    return []


def _members(places: list[UUID] | None) -> int:
    active = Member.objects.filter(status=Member.Status.ACTIVE)
    return (active if places is None else active.filter(store__in=places)).count()
