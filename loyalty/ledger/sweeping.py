"""Writing what is due in many accounts by one statement: what `accounts.refresh` writes for one, for those without
holds and debts, which are nearly all.

Never waits for a lock: accounts that somebody has are left out, for whoever locks one writes what is due.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import connection

from loyalty import clock, rows

from . import horizon

_SWEEP = """
WITH due AS MATERIALIZED (
  SELECT id, total, sequence FROM loyalty_account
   WHERE next_change_at <= %(at)s AND held = 0 AND debt = 0 AND NOT id = ANY(%(without)s::uuid[])
   ORDER BY next_change_at LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED),
lot AS MATERIALIZED (
  SELECT l.id, l.account_id, l.sequence, l.part, l.remaining, l.available_at, l.expires_at,
         least(l.expires_at, %(horizon)s::timestamptz) AS ends
    FROM due JOIN loyalty_lot l ON l.account_id = due.id
   WHERE l.remaining > 0),
gone AS MATERIALIZED (
  SELECT id, account_id, remaining, ends, loyalty_uuid7() AS entry,
         row_number() OVER one_by_one AS place, sum(remaining) OVER one_by_one AS points
    FROM lot WHERE ends <= %(at)s
  WINDOW one_by_one AS (PARTITION BY account_id ORDER BY ends, sequence, part)),
lost AS (SELECT account_id, max(points)::bigint AS points, max(place) AS entries FROM gone GROUP BY account_id),
kept AS (
  SELECT account_id, coalesce(sum(remaining) FILTER (WHERE available_at > %(at)s), 0)::bigint AS pending,
         least(min(available_at) FILTER (WHERE available_at > %(at)s), min(expires_at)) AS next_change_at
    FROM lot WHERE ends IS NULL OR ends > %(at)s GROUP BY account_id),
entries AS (
  INSERT INTO loyalty_entry (id, account_id, sequence, kind, house, points, balance_after, debt_change, reference,
                             occurred_at, recorded_at, actor)
  SELECT gone.entry, due.id, due.sequence + place, 'expire', 'expired', -remaining, due.total - points, 0,
         'expire:' || gone.id, ends, %(now)s, 'system:expiry'
    FROM gone JOIN due ON due.id = gone.account_id),
movements AS (
  INSERT INTO loyalty_lotmovement (id, account_id, lot_id, entry_id, points, recorded_at)
  SELECT loyalty_uuid7(), account_id, id, entry, -remaining, %(now)s FROM gone),
emptied AS (UPDATE loyalty_lot SET remaining = 0 FROM gone WHERE loyalty_lot.id = gone.id),
written AS (
  UPDATE loyalty_account a
     SET total = a.total - coalesce(lost.points, 0), sequence = a.sequence + coalesce(lost.entries, 0),
         pending = coalesce(kept.pending, 0), next_change_at = kept.next_change_at,
         as_of = greatest(a.as_of, %(at)s)
    FROM due LEFT JOIN lost ON lost.account_id = due.id LEFT JOIN kept ON kept.account_id = due.id
   WHERE a.id = due.id
  RETURNING coalesce(lost.entries, 0) AS entries)
SELECT count(*), coalesce(sum(entries), 0)::bigint FROM written
"""


def sweep(*, at: datetime, limit: int, without: Collection[UUID] = ()) -> tuple[int, int]:
    """Write what was due until `at` in up to `limit` accounts, the longest overdue first. Needs a transaction.

    Returns how many accounts were brought to `at`, and how many lots expired.
    """
    rows.flush()
    last, broken = horizon.of_all_points(), list(without)
    with connection.cursor() as cursor:
        cursor.execute(_SWEEP, {"at": at, "limit": limit, "horizon": last, "now": clock.now(), "without": broken})
        accounts, lots = cursor.fetchone()
    return accounts, lots
