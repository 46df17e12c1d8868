"""Who expires what when: points by the month in which they end, and whose they are."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from loyalty import clock, ledger
from loyalty.models import Account

MONTHS = 12
_MONTHS = """
SELECT date_trunc('month', timezone(%(zone)s, at - interval '1 microsecond'))::date AS month,
       sum(points)::bigint, count(DISTINCT account_id), count(*)
  FROM ({rows}) AS dated WHERE at > %(first)s AND at <= %(last)s {mine} GROUP BY 1 ORDER BY 1
"""
_TO_COME = """SELECT account_id, remaining + held AS points, least(expires_at, %(horizon)s::timestamptz) AS at
                FROM loyalty_lot WHERE remaining > 0 OR held > 0"""
_GONE = "SELECT account_id, -points AS points, occurred_at AS at FROM loyalty_entry WHERE kind = 'expire'"
_WHO = """
SELECT m.id, sum(points)::bigint, min(at), max(at)
  FROM ({rows}) AS dated JOIN members_member m USING (account_id)
 WHERE at > %(first)s AND at <= %(last)s {mine} GROUP BY m.id ORDER BY 2 DESC, m.id LIMIT %(limit)s
"""
_MINE = "AND account_id = ANY(%(accounts)s::uuid[])"


@dataclass(frozen=True)
class Month:
    """What ends, or ended, in one month of the programme's zone."""

    first: date
    points: int
    members: int
    lots: int


@dataclass(frozen=True)
class Holder:
    """One member and what of theirs ends in a span: how many points, the first and the last end."""

    member: UUID
    points: int
    first: datetime
    last: datetime


def to_come(zone: ZoneInfo, accounts: Collection[UUID] | None = None) -> list[Month]:
    """The present month and the eleven after it, each with what ends in it, pending and held points with the others.

    `accounts`: only those.
    """
    today = clock.day_of(clock.now(), zone).replace(day=1)
    return _by_month(_TO_COME, today, zone, accounts, since=clock.now())


def gone(zone: ZoneInfo, accounts: Collection[UUID] | None = None) -> list[Month]:
    """The twelve months up to the present one, each with what has expired in it."""
    today = clock.day_of(clock.now(), zone).replace(day=1)
    return _by_month(_GONE, clock.months_later(today, 1 - MONTHS), zone, accounts)


def holders(month: date, zone: ZoneInfo, accounts: Collection[UUID] | None = None, limit: int = 50) -> list[Holder]:
    """Whose points end in a month, the most first."""
    given = _given(month, 1, zone, accounts)
    with connection.cursor() as cursor:
        cursor.execute(
            _WHO.format(rows=_TO_COME, mine=_MINE if accounts is not None else ""), {**given, "limit": limit}
        )
        return [Holder(*row) for row in cursor.fetchall()]


def never(accounts: Collection[UUID] | None = None) -> int:
    """Points without an end."""
    found = Account.objects.filter(lots__expires_at=None, lots__remaining__gt=0)
    if accounts is not None:
        found = found.filter(pk__in=accounts)
    return sum(found.values_list("lots__remaining", flat=True))


def _by_month(
    rows: str, first: date, zone: ZoneInfo, accounts: Collection[UUID] | None, since: datetime | None = None
) -> list[Month]:
    given = _given(first, MONTHS, zone, accounts) | ({"first": since} if since else {})
    with connection.cursor() as cursor:
        cursor.execute(_MONTHS.format(rows=rows, mine=_MINE if accounts is not None else ""), given)
        known = {row[0]: Month(*row) for row in cursor.fetchall()}
    months = [clock.months_later(first, number) for number in range(MONTHS)]
    return [known.get(month) or Month(month, 0, 0, 0) for month in months]


def _given(
    first: date, months: int, zone: ZoneInfo, accounts: Collection[UUID] | None
) -> dict[str, str | int | datetime | list[UUID] | None]:
    """The parameters of a span of whole months: what ends with the last day of a month belongs to it."""
    return {
        "zone": zone.key,
        "first": clock.start_of(first, zone),
        "last": clock.start_of(clock.months_later(first, months), zone),
        "horizon": ledger.horizon.of_all_points(),
        "accounts": None if accounts is None else list(accounts),
    }
