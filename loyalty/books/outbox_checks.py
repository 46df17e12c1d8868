"""I10: what was committed is told to those above, or will be."""

from __future__ import annotations

from collections.abc import Iterator

from .checks import Problem, check_for, rows_of

# EXCEPT reads each table once whatever the planner believes; NOT EXISTS took every fact of an account for every entry.
_UNTOLD = """
SELECT 'entry ' || e.id, 'earned ' || e.points || ' points by ' || e.reference || ', and no fact says so'
  FROM (SELECT account_id, reference FROM loyalty_entry
         WHERE kind = 'earn' AND decision_id IS NOT NULL AND reference LIKE 'sale:%'
        EXCEPT
        SELECT account, 'sale:' || (payload ->> 'sale') FROM loyalty_fact WHERE name = 'points.earned') untold
  JOIN loyalty_entry e USING (account_id, reference)
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
