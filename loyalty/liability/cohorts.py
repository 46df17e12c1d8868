"""What became of the points of each month of issue, by their age in months: the triangle that breakage is read from."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import connection

from loyalty import policies

# Points given back after their date had passed live on in a lot of their own; they stay with the month they come from.
_MOVED = """
WITH entry AS (SELECT id, house, kind, occurred_at FROM loyalty_entry WHERE occurred_at < %(at)s),
     lot AS (
        SELECT l.id, l.undoes_id, coalesce(first.entry_id, l.entry_id) AS issued_by, l.entry_id, l.granted
          FROM loyalty_lot l
          LEFT JOIN loyalty_lotmovement undone ON undone.id = l.undoes_id
          LEFT JOIN loyalty_lot first ON first.id = undone.lot_id),
     moved AS (
        SELECT lot.issued_by, entry.house, entry.occurred_at, lot.granted AS points, lot.undoes_id IS NULL AS issue
          FROM lot JOIN entry ON entry.id = lot.entry_id
        UNION ALL
        SELECT lot.issued_by, entry.house, entry.occurred_at, m.points, false
          FROM loyalty_lotmovement m JOIN lot ON lot.id = m.lot_id JOIN entry ON entry.id = m.entry_id
        UNION ALL
        SELECT lot.issued_by, 'debt', m.recorded_at, m.points, false
          FROM loyalty_lotmovement m JOIN lot ON lot.id = m.lot_id
         WHERE m.entry_id IS NULL AND m.recorded_at < %(at)s)
SELECT date_trunc('month', first.occurred_at AT TIME ZONE %(zone)s)::date AS cohort,
       date_trunc('month', moved.occurred_at AT TIME ZONE %(zone)s)::date AS month,
       CASE WHEN moved.issue THEN 'issued' WHEN moved.house IN ('redeemed', 'expired') THEN moved.house ELSE 'gone' END,
       sum(moved.points)::bigint
  FROM moved JOIN entry first ON first.id = moved.issued_by
 GROUP BY 1, 2, 3
"""


@dataclass
class Cohort:
    """The points issued in one month. What happened to them by age in months; all counted upwards but net of undoing.

    `gone` is what left in any other way (returns, corrections, transfers, debt paid): as if never issued.
    """

    month: date
    issued: int = 0
    redeemed: Counter[int] = field(default_factory=Counter)
    expired: Counter[int] = field(default_factory=Counter)
    gone: Counter[int] = field(default_factory=Counter)

    @property
    def net(self) -> int:
        """Points issued that stayed issued."""
        return self.issued - sum(self.gone.values())

    @property
    def used(self) -> int:
        """Redeemed so far, net of what was given back."""
        return sum(self.redeemed.values())

    @property
    def outstanding(self) -> int:
        """Points of this month that are still out."""
        return self.net - self.used - sum(self.expired.values())


def of(at: datetime) -> list[Cohort]:
    """All months of issue, oldest first, as the entries dated before `at` tell. 1,000,000 entries: some seconds."""
    with connection.cursor() as cursor:
        cursor.execute(_MOVED, {"at": at, "zone": str(policies.current().zone)})
        rows = cursor.fetchall()
    found: dict[date, Cohort] = {}
    for month, happened, what, points in rows:
        cohort = found.setdefault(month, Cohort(month))
        age = max((happened.year - month.year) * 12 + happened.month - month.month, 0)
        if what == "issued":
            cohort.issued += points
        else:
            counted = {"redeemed": cohort.redeemed, "expired": cohort.expired}.get(what, cohort.gone)
            counted[age] -= points
    return [found[month] for month in sorted(found)]
