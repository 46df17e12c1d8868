"""I9, I4 and I13 above the ledger: one receipt and one activity earn once and exactly what was decided; what was
settled was spent; what caps and budgets count is what decisions gave."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.db import connection

from loyalty import policies
from loyalty.books import Problem, check_for
from loyalty.books.checks import SHOWN, rows_of
from rewards.programme import gaps, ruleset

EARNED = """
SELECT 'members_sale ' || s.id,
       coalesce(e.points, 0) || ' points posted, ' || d.points || ' decided, '
       || coalesce(l.points, 0) || ' on the lines'
  FROM members_sale s
  JOIN loyalty_decision d ON d.id = s.decision_id
  LEFT JOIN loyalty_entry e ON e.account_id = d.account_id AND e.reference = 'sale:' || s.id
  LEFT JOIN (SELECT sale_id, sum(points) AS points FROM members_saleline GROUP BY sale_id) l ON l.sale_id = s.id
 WHERE coalesce(e.points, 0) <> d.points OR coalesce(l.points, 0) <> d.points
"""

DONE = """
SELECT 'members_activity ' || a.id, coalesce(e.points, 0) || ' points posted, ' || d.points || ' decided'
  FROM members_activity a
  JOIN loyalty_decision d ON d.id = a.decision_id
  LEFT JOIN loyalty_entry e ON e.account_id = d.account_id AND e.reference = 'activity:' || a.id
 WHERE coalesce(e.points, 0) <> d.points OR d.subject IS DISTINCT FROM a.id
"""

_GIVEN = """
SELECT m.id AS member, g.key, g.points
  FROM loyalty_decision d
  JOIN members_member m ON m.account_id = d.account_id
 CROSS JOIN LATERAL (
       SELECT r->>'rule' AS key, (r->>'points')::bigint AS points FROM jsonb_array_elements(d.body->'rules') r
        UNION ALL
       SELECT 'campaign:' || (r->>'campaign'), (r->>'points')::bigint FROM jsonb_array_elements(d.body->'rules') r
        WHERE r ? 'campaign') g
 WHERE d.kind IN ('sale', 'activity') AND g.points > 0 AND g.key = ANY(%(keys)s::text[])
"""
COUNTED = f"""
WITH kept AS (SELECT * FROM unnest(%(keys)s::text[], %(since)s::int[]) AS k(key, since)),
     given AS ({_GIVEN})
SELECT 'rewards_rulestate ' || s.id, s.key || ': ' || s.granted || ' counted and ' || s.taken_back
       || ' taken back, ' || coalesce(g.points, 0) || ' given'
  FROM rewards_rulestate s
  JOIN kept ON kept.key = s.key AND s.version >= kept.since
  LEFT JOIN (SELECT member, key, sum(points) AS points FROM given GROUP BY 1, 2) g
    ON g.member = s.member_id AND g.key = s.key
 WHERE s.granted + s.taken_back <> coalesce(g.points, 0) OR s.granted_today > s.granted
UNION ALL
SELECT 'members_member ' || g.member, g.key || ': ' || sum(g.points) || ' given, nothing counted'
  FROM given g JOIN kept ON kept.key = g.key AND kept.since = 0
 WHERE NOT EXISTS (SELECT FROM rewards_rulestate s WHERE s.member_id = g.member AND s.key = g.key)
 GROUP BY g.member, g.key
"""
SHARED = f"""
WITH kept AS (SELECT * FROM unnest(%(keys)s::text[], %(since)s::int[]) AS k(key, since)),
     given AS ({_GIVEN})
SELECT 'rewards_sharedcounter ' || kept.key, coalesce(s.granted, 0) || ' counted and ' || coalesce(s.taken_back, 0)
       || ' taken back, ' || coalesce(g.points, 0) || ' given'
  FROM kept
  LEFT JOIN rewards_sharedcounter s ON s.key = kept.key
  LEFT JOIN (SELECT key, sum(points) AS points FROM given GROUP BY 1) g ON g.key = kept.key
 WHERE coalesce(s.version, 0) >= kept.since
   AND coalesce(s.granted, 0) + coalesce(s.taken_back, 0) <> coalesce(g.points, 0)
"""

SPENT = """
SELECT 'rewards_redemption ' || r.id,
       r.points || ' to redeem, hold ' || h.status || ' of ' || h.points
       || ', entry of ' || coalesce(e.points::text, 'none')
  FROM rewards_redemption r
  JOIN loyalty_hold h ON h.id = r.hold_id
  LEFT JOIN loyalty_entry e ON e.account_id = h.account_id AND e.reference = 'redemption:' || r.id
 WHERE h.points <> r.points OR (h.status = 'settled') <> (e.id IS NOT NULL) OR -e.points <> r.points
"""


@check_for("I9")
def a_sale_earns_once_what_was_decided() -> Iterator[Problem]:
    """The entry of a sale, its decision and its lines name the same points."""
    for row, detail in rows_of(EARNED):
        yield Problem("I9", row, detail)


@check_for("I9")
def an_activity_earns_once_what_was_decided() -> Iterator[Problem]:
    """The entry of an activity and its decision name the same points."""
    for row, detail in rows_of(DONE):
        yield Problem("I9", row, detail)


@check_for("I13")
def caps_count_what_was_given() -> Iterator[Problem]:
    """What the caps of each member count is what decisions gave, less what was taken back.

    Of the rules in force now; a state that was not looked at since its rule was uncounted is not judged.
    """
    yield from _counted(COUNTED, ruleset(policies.current()).stateful)


@check_for("I13")
def budgets_count_what_was_given() -> Iterator[Problem]:
    """The same for the caps and budgets of all members together."""
    yield from _counted(SHARED, ruleset(policies.current()).shared)


def _counted(sql: str, keys: Iterable[str]) -> Iterator[Problem]:
    since = gaps(policies.current())
    wanted = sorted(keys)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT * FROM ({sql}) AS wrong LIMIT {SHOWN}",
            {"keys": wanted, "since": [since.get(key, 0) for key in wanted]},
        )
        for row, detail in cursor.fetchall():
            yield Problem("I13", row, detail)


@check_for("I4")
def a_redemption_spends_what_it_held() -> Iterator[Problem]:
    """A settled hold has the one entry that spends exactly its points; any other has none."""
    for row, detail in rows_of(SPENT):
        yield Problem("I4", row, detail)
