"""Telling of dates: points that end soon, and points that begin to count. Once for each account, date and threshold.

Who is told, in which language and where, is for those above: this only records the facts `points.expiring` and
`points.available`, in one transaction with the row that says so.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction

from loyalty import clock, outbox, policies
from loyalty.models import Reminder

PERIOD = timedelta(minutes=15)
CHUNK = 1000  # accounts looked at in one transaction
AVAILABLE_DAYS = 7  # what began to count longer ago is no news

# One pass over the accounts in the order of their ids. `next_change_at` leaves out those with nothing to tell, `as_of`
# those in which nothing has begun to count lately: writing that sets it.
_TELL = """
WITH looked AS MATERIALIZED (
  SELECT id FROM loyalty_account WHERE id > %(after)s AND {looked_at} ORDER BY id LIMIT %(limit)s),
dates AS (
  SELECT l.account_id, l.{date} AS at, sum(l.remaining)::bigint AS points
    FROM looked JOIN loyalty_lot l ON l.account_id = looked.id {joined}
   WHERE l.remaining > 0 AND l.available_at <= %(now)s AND l.{date} > %(since)s AND l.{date} <= %(until)s
   GROUP BY l.account_id, l.{date}),
told AS (
  INSERT INTO loyalty_reminder (id, account_id, kind, at, days, told_at)
  SELECT loyalty_uuid7(), account_id, %(kind)s::varchar, at, %(days)s::smallint, %(now)s FROM dates d
   WHERE NOT EXISTS (SELECT 1 FROM loyalty_reminder r
                      WHERE r.account_id = d.account_id AND r.kind = %(kind)s::varchar AND r.at = d.at
                        AND r.days <= %(days)s::smallint)
  ON CONFLICT DO NOTHING RETURNING account_id, at)
SELECT looked.id, told.at, dates.points
  FROM looked LEFT JOIN told ON told.account_id = looked.id
  LEFT JOIN dates ON dates.account_id = told.account_id AND dates.at = told.at ORDER BY looked.id, told.at
"""
_EXPIRING = _TELL.format(looked_at="next_change_at <= %(until)s", date="expires_at", joined="")
_AVAILABLE = _TELL.format(
    looked_at="as_of > %(since)s",
    date="available_at",
    joined="JOIN loyalty_entry e ON e.id = l.entry_id AND e.kind = 'earn'"
    " AND l.available_at > e.occurred_at AND l.available_at > e.recorded_at",
)


def tell_all() -> int:
    """Record what is to be told now, and of nothing twice. Returns how many facts were recorded.

    A date that several thresholds have passed is told once, for the nearest of them: whoever earned points that end
    in five days hears that they end in a week, not also that they end in a month.
    """
    notices, now = policies.current().notices, clock.now()
    told, since = 0, now
    for days in sorted(set(notices.expiry_days)):
        until = _passes(now, days)
        told += _tell(Reminder.Kind.EXPIRING, _EXPIRING, now, since, until, days)
        since = until
    if notices.available:
        told += _tell(Reminder.Kind.AVAILABLE, _AVAILABLE, now, now - timedelta(days=AVAILABLE_DAYS), now, 0)
    return told


def _passes(now: datetime, days: int) -> datetime:
    """What ends until here has `days` days left, or fewer: the end of that local day."""
    zone = policies.current().zone
    return clock.end_of(clock.day_of(now, zone) + timedelta(days=days), zone)


def _tell(kind: Reminder.Kind, statement: str, now: datetime, since: datetime, until: datetime, days: int) -> int:
    """Every account once, in order, a chunk in a transaction. `since` is left out, `until` is not."""
    told, after = 0, UUID(int=0)
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                statement,
                {
                    "kind": str(kind),
                    "now": now,
                    "since": since,
                    "until": until,
                    "days": days,
                    "limit": CHUNK,
                    "after": after,
                },
            )
            found = cursor.fetchall()
            for account, at, points in found:
                if at is not None:
                    outbox.record(
                        f"points.{kind}",
                        account=account,
                        payload={"account": str(account), "at": at.isoformat(), "points": points, "days": days},
                        occurred_at=now,
                    )
                    told += 1
        if len({account for account, _, _ in found}) < CHUNK:
            return told
        after = found[-1][0]
