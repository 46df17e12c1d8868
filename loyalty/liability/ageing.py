"""Ageing: when the points that are out will expire, by month; at any instant, as the entries dated before it say."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import connection

from loyalty import ledger, policies

# A lot at an instant: what its entry granted, and what entries dated before took or gave back. A movement without an
# entry is a payment of debt, dated when it was recorded. Points held are still in their lot.
_LOTS = """
WITH entry AS (SELECT id, debt_change FROM loyalty_entry WHERE occurred_at < %(at)s),
     moved AS (
        SELECT l.id AS lot, l.granted AS points FROM loyalty_lot l JOIN entry ON entry.id = l.entry_id
        UNION ALL
        SELECT m.lot_id, m.points FROM loyalty_lotmovement m JOIN entry ON entry.id = m.entry_id
        UNION ALL
        SELECT lot_id, points FROM loyalty_lotmovement WHERE entry_id IS NULL AND recorded_at < %(at)s),
     held AS (
        SELECT l.available_at > %(at)s AS pending, LEAST(l.expires_at, %(horizon)s::timestamptz) AS ends,
               sum(moved.points) AS points
          FROM moved JOIN loyalty_lot l ON l.id = moved.lot GROUP BY l.id)
SELECT CASE WHEN ends <= %(at)s THEN 'overdue' WHEN ends IS NULL THEN 'never' ELSE 'month' END AS state,
       date_trunc('month', (ends - interval '1 microsecond') AT TIME ZONE %(zone)s)::date AS month,
       sum(points)::bigint, coalesce(sum(points) FILTER (WHERE pending), 0)::bigint
  FROM held WHERE points <> 0
 GROUP BY 1, 2 ORDER BY 2 NULLS LAST
"""
_DEBT = """
SELECT coalesce((SELECT sum(debt_change) FROM loyalty_entry WHERE occurred_at < %(at)s), 0)
     + coalesce((SELECT sum(points) FROM loyalty_lotmovement WHERE entry_id IS NULL AND recorded_at < %(at)s), 0)
"""


@dataclass(frozen=True)
class Bucket:
    """Points that expire in one month (None: never). `pending` of them did not count yet."""

    month: date | None
    points: int
    pending: int = 0


@dataclass(frozen=True)
class Ageing:
    """Everything that is out at one instant; the buckets, with what is overdue, less debt, add up to `total`."""

    at: datetime
    buckets: list[Bucket] = field(default_factory=list)
    overdue: int = 0  # past their date, their expiry not yet written
    debt: int = 0

    @property
    def total(self) -> int:
        """What the book closes with at this instant."""
        return sum(one.points for one in self.buckets) + self.overdue - self.debt


def of(at: datetime) -> Ageing:
    """The ageing at `at`, by the last day on which points count, in the programme's zone."""
    zone = str(policies.current().zone)
    values: dict[str, datetime | str | None] = {"at": at, "zone": zone, "horizon": ledger.horizon.of_all_points()}
    with connection.cursor() as cursor:
        cursor.execute(_LOTS, values)
        rows = cursor.fetchall()
        cursor.execute(_DEBT, values)
        debt = int(cursor.fetchone()[0])
    buckets, overdue = [], 0
    for state, month, points, pending in rows:
        if state == "overdue":
            overdue += points
        else:
            buckets.append(Bucket(month, points, pending))
    return Ageing(at, buckets, overdue, debt)
