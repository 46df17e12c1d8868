"""The day book: entries added up by day, store, house account and kind.

A job adds what is new, account by account up to its committed sequence: exact in any order of commits and under any
clock, and no sale ever waits for it. Whoever reads adds the tail in the same statement, so that what they see is the
ledger of this instant, whether the job has just run or never.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.db import connection, transaction

from loyalty import clock, policies
from loyalty.models import DayBook, DaySum, SummedAccount

PERIOD = timedelta(minutes=15)
CHUNK = 20_000  # accounts in one transaction
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('loyalty.daybook', 0))"

_BEHIND = """
SELECT a.id, coalesce(s.sequence, 0) AS summed, a.sequence AS upto
  FROM loyalty_account a LEFT JOIN loyalty_summedaccount s ON s.account = a.id
 WHERE a.sequence > coalesce(s.sequence, 0)
"""
_DAY = "(e.occurred_at AT TIME ZONE %(zone)s)::date"
_ADD = f"""
WITH behind AS MATERIALIZED ({_BEHIND} LIMIT %(chunk)s),
     noted AS (
        INSERT INTO loyalty_summedaccount (account, sequence) SELECT id, upto FROM behind
        ON CONFLICT (account) DO UPDATE SET sequence = excluded.sequence),
     added AS (
        INSERT INTO loyalty_daysum AS d (day, store_id, house, kind, points, entries)
        SELECT {_DAY}, e.store_id, e.house, e.kind, sum(e.points), count(*)
          FROM behind JOIN loyalty_entry e ON e.account_id = behind.id AND e.sequence > summed AND e.sequence <= upto
         GROUP BY 1, 2, 3, 4
        ON CONFLICT (day, store_id, house, kind)
        DO UPDATE SET points = d.points + excluded.points, entries = d.entries + excluded.entries)
SELECT count(*) FROM behind
"""
_TAIL = f"""
SELECT {_DAY} AS day, e.store_id, e.house, e.kind, sum(e.points) AS points, count(*) AS entries
  FROM ({_BEHIND}) behind JOIN loyalty_entry e ON e.account_id = behind.id AND e.sequence > summed
 GROUP BY 1, 2, 3, 4
"""
_ENTRIES = f"""
SELECT {_DAY} AS day, e.store_id, e.house, e.kind, sum(e.points) AS points, count(*) AS entries
  FROM loyalty_entry e GROUP BY 1, 2, 3, 4
"""
_BOOK = f"SELECT day, store_id, house, kind, points, entries FROM loyalty_daysum UNION ALL {_TAIL}"
# {step} makes a bucket of a day; everything before %(since)s has none.
_READ = """
SELECT CASE WHEN day >= %(since)s::date THEN {step} END AS bucket, store_id, house, kind,
       sum(points)::bigint, sum(entries)::bigint
  FROM ({book}) AS book
 WHERE day < %(until)s::date
 GROUP BY 1, 2, 3, 4 ORDER BY 1 NULLS FIRST, 2, 3, 4
"""


@dataclass(frozen=True)
class Sum:
    """What the entries of a step of time, a store, a house account and a kind add up to. No `start`: all before."""

    start: date | None
    store: UUID | None
    house: str
    kind: str
    points: int
    entries: int


def bring_up_to_date() -> int:
    """Add the entries that are new; how many accounts had any. A change of the programme's zone starts it anew."""
    zone, accounts = str(policies.current().zone), 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_LOCK)
            header, _fresh = DayBook.objects.get_or_create(defaults={"zone": zone})
            if header.zone != zone:
                DaySum.objects.all().delete()
                SummedAccount.objects.all().delete()
            cursor.execute(_ADD, {"zone": zone, "chunk": CHUNK})
            found = int(cursor.fetchone()[0])
            DayBook.objects.update(zone=zone, summed_at=clock.now())
        accounts += found
        if found < CHUNK:
            return accounts


def read(since: date, until: date, *, by: str = "day") -> Iterator[Sum]:
    """Sums of the days from `since` to the day before `until`, by "day", "month" or "all", and of all days before.

    In the zone of the programme as it is now; entries that the job has not reached yet are in it.
    """
    step = {"day": "day", "month": "date_trunc('month', day)::date", "all": "%(since)s::date"}[by]
    zone = str(policies.current().zone)
    known = DayBook.objects.filter(zone=zone).exists()
    sql = _READ.format(step=step, book=_BOOK if known else _ENTRIES)
    with connection.cursor() as cursor:
        cursor.execute(sql, {"since": since, "until": until, "zone": zone})
        for row in cursor.fetchall():
            yield Sum(*row)
