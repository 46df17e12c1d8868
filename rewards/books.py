"""I9 and I4 above the ledger: one receipt earns once and exactly what was decided; what was settled was spent."""

from __future__ import annotations

from collections.abc import Iterator

from loyalty.books import Problem, check_for
from loyalty.books.checks import rows_of

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


@check_for("I4")
def a_redemption_spends_what_it_held() -> Iterator[Problem]:
    """A settled hold has the one entry that spends exactly its points; any other has none."""
    for row, detail in rows_of(SPENT):
        yield Problem("I4", row, detail)
