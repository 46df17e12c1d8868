"""I10: what was committed is told to those above, or will be."""

from __future__ import annotations

from collections.abc import Iterator

from .checks import Problem, check_for, rows_of

_UNTOLD = """
SELECT 'entry ' || e.id, 'earned ' || e.points || ' points by ' || e.reference || ', and no fact says so'
  FROM loyalty_entry e
 WHERE e.kind = 'earn' AND e.decision_id IS NOT NULL AND e.reference LIKE 'sale:%'
   AND NOT EXISTS (SELECT FROM loyalty_fact f
                    WHERE f.name = 'points.earned' AND f.account = e.account_id
                      AND f.payload ->> 'sale' = substr(e.reference, 6))
"""
_PARKED = """
SELECT 'fact ' || id, name || ' was given up after ' || attempts || ' attempts: ' || error
  FROM loyalty_fact WHERE parked_at IS NOT NULL AND handled_at IS NULL
"""


@check_for("I10")
def facts() -> Iterator[Problem]:
    """Every sale that earned left a fact, and no fact was given up. One that waits is due, however long it waits."""
    for sql in (_UNTOLD, _PARKED):
        for row, detail in rows_of(sql):
            yield Problem("I10", row, detail)
