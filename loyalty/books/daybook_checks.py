"""I1, the other half: the day book that statements and the liability report use is what the entries add up to."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

from loyalty.liability import closing, naming
from loyalty.models import ClosedMonth

from .checks import Problem, check_for, rows_of

_SUMS = """
WITH said AS (SELECT day, coalesce(store_id, '00000000-0000-0000-0000-000000000000') AS store, house, kind,
                     points, entries FROM loyalty_daysum),
     found AS (SELECT (e.occurred_at AT TIME ZONE (SELECT zone FROM loyalty_daybook))::date AS day,
                      coalesce(e.store_id, '00000000-0000-0000-0000-000000000000') AS store, e.house, e.kind,
                      sum(e.points) AS points, count(*) AS entries
                 FROM loyalty_entry e
                 JOIN loyalty_summedaccount s ON s.account = e.account_id AND e.sequence <= s.sequence
                GROUP BY 1, 2, 3, 4)
SELECT 'day ' || day || ', house ' || house || ', ' || kind || ', store ' || coalesce(c.code, 'none'),
       'the day book says ' || coalesce(said.points, 0) || ' in ' || coalesce(said.entries, 0)
       || ' entries, the ledger ' || coalesce(found.points, 0) || ' in ' || coalesce(found.entries, 0)
  FROM said FULL JOIN found USING (day, store, house, kind)
  LEFT JOIN loyalty_store c ON c.id = store
 WHERE (said.points, said.entries) IS DISTINCT FROM (found.points, found.entries)
"""
_AHEAD = """
SELECT 'account ' || s.account, 'is summed up to ' || s.sequence || ', it has ' || coalesce(a.sequence, 0) || ' entries'
  FROM loyalty_summedaccount s LEFT JOIN loyalty_account a ON a.id = s.account
 WHERE s.sequence > coalesce(a.sequence, 0)
"""


@check_for("I1")
def the_day_book() -> Iterator[Problem]:
    """Per house account, kind, day and store the entries add up to the day book, as far as it has come."""
    for sql in (_SUMS, _AHEAD):
        for row, detail in rows_of(sql):
            yield Problem("I1", row, detail)


@check_for("I1")
def every_entry_has_a_row_in_the_book() -> Iterator[Problem]:
    """No entry is of a kind that the liability book does not name."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT house, kind, count(*), sum(points) FROM loyalty_entry GROUP BY house, kind ORDER BY 1, 2"
        )
        for house, kind, entries, points in cursor.fetchall():
            if naming.row_of(house, kind) == naming.UNNAMED:
                detail = f"{entries} entries of {points} points have no row in the liability book"
                yield Problem("I1", f"kind {kind} against house {house}", detail)


@check_for("I1")
def closed_months_are_what_they_were() -> Iterator[Problem]:
    """The fingerprint of each closed month fits what it says, and its sums make its book."""
    for closed in ClosedMonth.objects.order_by("month"):
        if not closing.holds(closed):
            yield Problem("I1", f"closed month {closed.month:%Y-%m}", "is not what it was when it was closed")
