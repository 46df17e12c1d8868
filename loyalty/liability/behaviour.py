"""Breakage by behaviour: what of the points that are out belongs to members who will not come back.

Prudent: where no history tells, members are expected to come back (docs/liability.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from django.db import connection

from .revenue import rounded

# By how members behave: what share of the points held by accounts that were quiet for so long a year ago belongs to
# accounts that came back within the year. `seen` is an account's last own deed: it earned or redeemed.
YEAR = timedelta(days=365)
RECENCY = (1, 3, 6, 12, 24)  # months; each bucket ends where the next begins, the last has no end
_BEHAVIOUR = """
WITH account AS (
    SELECT account_id,
           sum(points) AS now, sum(points) FILTER (WHERE occurred_at < %(then)s) AS before,
           max(occurred_at) FILTER (WHERE own) AS seen,
           max(occurred_at) FILTER (WHERE own AND occurred_at < %(then)s) AS seen_before,
           bool_or(own AND occurred_at >= %(then)s) AS back
      FROM (SELECT account_id, points, occurred_at, kind IN ('earn', 'redeem') AS own
              FROM loyalty_entry WHERE occurred_at < %(at)s) AS entry
     GROUP BY account_id)
SELECT {bucket_now} AS bucket, 'now', count(*), sum(now)::bigint, 0 FROM account WHERE now > 0 GROUP BY 1
UNION ALL
SELECT {bucket_then}, 'then', count(*), sum(before)::bigint, coalesce(sum(before) FILTER (WHERE back), 0)::bigint
  FROM account WHERE before > 0 GROUP BY 1
"""
_BUCKET = (
    "CASE "
    + " ".join(
        f"WHEN {{seen}} >= {{at}}::timestamptz - interval '{months} months' THEN {number}"
        for number, months in enumerate(RECENCY)
    )
    + f" ELSE {len(RECENCY)} END"
)


@dataclass(frozen=True)
class Recency:
    """Members last seen so many months ago (`until` None: longer). `back` of the points `held` a year ago came back."""

    since: int
    until: int | None
    accounts: int
    points: int
    held: int
    back: int

    @property
    def rate(self) -> Fraction:
        """Share of points whose owner is expected to come back; all of them where no history tells."""
        return Fraction(self.back, self.held) if self.held > 0 else Fraction(1)

    @property
    def known(self) -> bool:
        """Whether any account was in this bucket a year ago."""
        return self.held > 0

    @property
    def later(self) -> int:
        """Points of this bucket expected to be redeemed."""
        return rounded(self.points * self.rate)


@dataclass(frozen=True)
class Behaviour:
    """The estimate by behaviour."""

    buckets: list[Recency]

    @property
    def outstanding(self) -> int:
        """Points of all accounts that have any."""
        return sum(one.points for one in self.buckets)

    @property
    def later(self) -> int:
        """Points of them whose owner is expected to come back."""
        return sum(one.later for one in self.buckets)

    @property
    def breakage(self) -> int:
        """Points of them that are expected to lie for ever."""
        return self.outstanding - self.later


def by_behaviour(at: datetime) -> Behaviour:
    """The estimate by how long members have been quiet, as of `at`; the year before it is the history."""
    sql = _BEHAVIOUR.format(
        bucket_now=_BUCKET.format(seen="seen", at="%(at)s"),
        bucket_then=_BUCKET.format(seen="seen_before", at="%(then)s"),
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, {"at": at, "then": at - YEAR})
        found = {(bucket, when): rest for bucket, when, *rest in cursor.fetchall()}
    edges = [0, *RECENCY]
    buckets = []
    for number, since in enumerate(edges):
        accounts, points, _zero = found.get((number, "now"), (0, 0, 0))
        _accounts, held, back = found.get((number, "then"), (0, 0, 0))
        until = edges[number + 1] if number + 1 < len(edges) else None
        buckets.append(Recency(since, until, accounts, int(points), int(held), int(back)))
    return Behaviour(buckets)
