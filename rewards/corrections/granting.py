"""Who got what from a rule, and how much of it can still be asked back: read from the decisions themselves.

Of each decision of the period in which the rule gave points, what is due is what it gave, less what returns took
back, less what earlier corrections took or left for good. Nothing is due of a sale whose entry was reversed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from loyalty import clock
from loyalty.models import Store

LIMITS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 1_000_000)

# A decision is written at most `future_minutes` before its sale; a day leaves room for any setting.
_SEEN = """
SELECT d.id, d.account_id, d.kind, d.subject, d.body->>'of' AS of, rule.points, rule.campaign
  FROM loyalty_decision d
 CROSS JOIN LATERAL (
       SELECT sum((r->>'points')::bigint) AS points, max(r->>'campaign') AS campaign
         FROM jsonb_array_elements(d.body->'rules') r
        WHERE r->>'rule' = %(rule)s AND (%(versions)s::int[] IS NULL OR (r->>'version')::int = ANY(%(versions)s::int[]))
       ) AS rule
 WHERE jsonb_path_query_array(d.body, '$.rules[*].rule') @> to_jsonb(%(rule)s::text)
   AND d.decided_at >= %(since)s::timestamptz - interval '1 day' AND d.account_id IS NOT NULL AND d.kind <> 'correction'
"""
_TAKEN = """
SELECT p.member_id, t.key::uuid AS id, sum(t.value::bigint) AS points
  FROM rewards_correctionpart p
  JOIN rewards_correction c ON c.id = p.correction_id
 CROSS JOIN LATERAL jsonb_each_text(p.settled) t
 WHERE c.rule = %(rule)s AND p.state = 'done'
 GROUP BY 1, 2
"""
# Everything about one decision is gathered by grouping, not by joining: the planner takes the sets for tiny, and would
# compare each row of one with each of the other.
_MEMBERS = f"""
WITH seen AS MATERIALIZED ({_SEEN}),
told AS (
    SELECT s.id, s.account_id, s.kind || ':' || s.subject AS reference, s.points, 0 AS returned, 0 AS settled
      FROM seen s WHERE s.points > 0 AND s.of IS NULL
     UNION ALL
    SELECT s.of::uuid, NULL, NULL, NULL, -s.points, 0 FROM seen s WHERE s.of IS NOT NULL AND s.points < 0
     UNION ALL
    SELECT t.id, NULL, NULL, NULL, 0, t.points FROM ({_TAKEN}) t
),
decided AS MATERIALIZED (
    SELECT id, (array_agg(account_id) FILTER (WHERE reference IS NOT NULL))[1] AS account_id,
           max(reference) AS reference, sum(points) AS points, sum(returned) AS returned, sum(settled) AS settled
      FROM told GROUP BY id
),
given AS MATERIALIZED (
    SELECT d.*, e.occurred_at, l.still, l.pending,
           EXISTS (SELECT FROM loyalty_entry v WHERE v.account_id = e.account_id AND v.reverses_id = e.id) AS reversed
      FROM decided d
      JOIN loyalty_entry e ON e.account_id = d.account_id AND e.reference = d.reference
     CROSS JOIN LATERAL (
           SELECT coalesce(sum(l.remaining + l.held), 0) AS still,
                  coalesce(sum(l.remaining) FILTER (WHERE l.available_at > %(now)s), 0) AS pending
             FROM loyalty_lot l WHERE l.account_id = e.account_id AND l.sequence = e.sequence
           ) AS l
     WHERE e.kind = 'earn' AND e.occurred_at >= %(since)s AND e.occurred_at < %(until)s
       AND (%(store)s::uuid IS NULL OR e.store_id = %(store)s::uuid)
),
parts AS (
    SELECT g.*, CASE WHEN g.reversed THEN 0 ELSE greatest(g.points - g.returned - g.settled, 0) END AS due FROM given g
),
sums AS (
    SELECT account_id, count(*) AS sales, sum(points) AS granted, sum(due) AS due,
           sum(CASE WHEN reversed THEN points - settled ELSE least(returned, points) END) AS returned,
           sum(settled) AS settled, sum(greatest(due - still, 0)) AS spent, sum(least(due, pending)) AS waiting,
           max(occurred_at) AS newest, jsonb_object_agg(id, due) FILTER (WHERE due > 0) AS grants
      FROM parts GROUP BY account_id
),
members AS MATERIALIZED (
    SELECT m.id, m.status, s.*, a.total - a.pending - a.held + a.debt AS available, a.pending, a.debt,
           greatest(s.due - s.waiting - (a.total - a.pending - a.held + a.debt), 0) AS missing
      FROM sums s JOIN members_member m ON m.account_id = s.account_id JOIN loyalty_account a ON a.id = s.account_id
     WHERE m.id <> ALL(%(without)s::uuid[])
)
"""
_KEEP = f"""{_MEMBERS},
kept AS (
    INSERT INTO rewards_correctionpart
           (id, correction_id, member_id, sales, granted, due, spent, waiting, grants, settled, state, taken, debt,
            missing, attempts, error)
    SELECT gen_random_uuid(), %(correction)s, id, sales, granted, due, spent, waiting, grants, '{{}}', 'waiting',
           0, 0, 0, 0, ''
      FROM members WHERE due > 0
)
SELECT (SELECT row_to_json(t) FROM (
            SELECT count(*) AS members, count(*) FILTER (WHERE due > 0) AS owing, coalesce(sum(sales), 0) AS sales,
                   coalesce(sum(granted), 0) AS granted, coalesce(sum(returned), 0) AS returned,
                   coalesce(sum(settled), 0) AS settled, coalesce(sum(due), 0) AS due, coalesce(sum(spent), 0) AS spent,
                   coalesce(sum(waiting), 0) AS waiting, coalesce(sum(missing), 0) AS missing,
                   coalesce(sum(due) FILTER (WHERE missing > 0), 0) AS short_due,
                   count(*) FILTER (WHERE missing > 0) AS short
              FROM members) t),
       (SELECT json_agg(h ORDER BY h.bucket) FROM (
            SELECT width_bucket(due, %(limits)s::numeric[]) AS bucket, count(*) AS members
              FROM members WHERE due > 0 GROUP BY 1) h)
"""
_EACH = f"""{_MEMBERS}
SELECT id, sales, granted, returned, settled, due, spent, waiting, available, pending, missing FROM members
 ORDER BY due DESC, id
"""
# Of one member, under their lock: what is due by decision, of those a correction names.
_LEFT = f"""
WITH taken AS (SELECT t.key::uuid AS id, sum(t.value::bigint) AS points
                 FROM rewards_correctionpart p
                 JOIN rewards_correction c ON c.id = p.correction_id
                CROSS JOIN LATERAL jsonb_each_text(p.settled) t
                WHERE p.member_id = %(member)s AND c.rule = %(rule)s AND p.state = 'done' GROUP BY 1),
seen AS ({_SEEN} AND d.account_id = %(account)s)
SELECT s.id, e.id,
       CASE WHEN EXISTS (SELECT FROM loyalty_entry v WHERE v.account_id = s.account_id AND v.reverses_id = e.id) THEN 0
            ELSE greatest(s.points - coalesce(t.points, 0)
                          + coalesce((SELECT sum(b.points) FROM seen b WHERE b.of = s.id::text AND b.points < 0), 0), 0)
            END, coalesce(s.campaign, ''), e.occurred_at
  FROM seen s
  JOIN loyalty_entry e ON e.account_id = s.account_id AND e.reference = s.kind || ':' || s.subject
  LEFT JOIN taken t ON t.id = s.id
 WHERE s.id = ANY(%(decisions)s)
 ORDER BY e.sequence
"""


@dataclass(frozen=True)
class Scope:
    """Which grants are meant: of one rule (no `versions`: of every one), in a period, perhaps of one store."""

    rule: str
    since: datetime
    until: datetime
    versions: tuple[int, ...] = ()
    store: Store | None = None


@dataclass(frozen=True)
class Counted:
    """Who got what, in all, and how many members owe how much."""

    totals: dict[str, int]
    histogram: list[tuple[int, int, int]]  # from, to (both included), members


@dataclass(frozen=True)
class Grant:
    """What is still due of one decision; `entry` is what it wrote, `campaign` that of the rule, if any."""

    decision: UUID
    entry: UUID
    due: int
    campaign: str
    occurred_at: datetime


@dataclass(frozen=True)
class _Asked:
    scope: Scope
    without: Sequence[UUID] = ()
    more: dict[str, Any] = field(default_factory=dict)

    def parameters(self) -> dict[str, Any]:
        scope = self.scope
        return {
            "rule": scope.rule,
            "versions": list(scope.versions) or None,
            "since": scope.since,
            "until": scope.until,
            "store": scope.store.pk if scope.store else None,
            "without": list(self.without),
            "now": clock.now(),
            **self.more,
        }


def each(scope: Scope, *, without: Sequence[UUID] = ()) -> Iterator[tuple[Any, ...]]:
    """One row for each member who got something, those who owe most first, for a file."""
    with connection.cursor() as cursor:
        cursor.execute(_EACH, _Asked(scope, without).parameters())
        while rows := cursor.fetchmany(500):
            yield from rows


def keep(scope: Scope, *, correction: UUID, without: Sequence[UUID] = ()) -> Counted:
    """Write down what is due as the parts of a correction, but of the members `without`; returns the sums.

    One statement, whose time grows with the decisions that are meant: for a worker. Balances are those last written.
    """
    more = {"correction": correction, "limits": list(LIMITS)}
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, _Asked(scope, without, more).parameters())
        totals, histogram = (json.loads(value) if isinstance(value, str) else value for value in cursor.fetchone())
    return Counted(totals, _filled(histogram or []))


def left(scope: Scope, *, member: UUID, account: UUID, decisions: Sequence[UUID]) -> list[Grant]:
    """What is still due of some decisions of a locked member, oldest first."""
    more = {"member": member, "account": account, "decisions": list(decisions)}
    with connection.cursor() as cursor:
        cursor.execute(_LEFT, _Asked(scope, (), more).parameters())
        return [Grant(decision, entry, int(due), *rest) for decision, entry, due, *rest in cursor.fetchall()]


def _filled(found: list[dict[str, int]]) -> list[tuple[int, int, int]]:
    """Every step between the first and the last one that somebody is in."""
    counted = {row["bucket"]: row["members"] for row in found}
    if not counted:
        return []
    ends = [*(limit - 1 for limit in LIMITS[1:]), 10**12]
    return [
        (LIMITS[bucket - 1], ends[bucket - 1], counted.get(bucket, 0))
        for bucket in range(min(counted), max(counted) + 1)
    ]
