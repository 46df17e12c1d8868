"""Scheduled jobs: one run for each slot of time, however many beats tick (FAULTS E7)."""

from datetime import timedelta

from django.db import connection

SWEEP = timedelta(seconds=5)
DAILY = timedelta(days=1)  # ticked every hour, so that a day on which beat was away at midnight is not missed

# The database's clock, so that hosts need not agree; `<>`, so that a clock that goes back stops nothing.
CLAIM = """
INSERT INTO loyalty_job AS job (name, slot, started_at)
VALUES (%s, floor(extract(epoch FROM clock_timestamp()) / %s), clock_timestamp())
ON CONFLICT (name) DO UPDATE SET slot = excluded.slot, started_at = excluded.started_at
 WHERE job.slot <> excluded.slot
RETURNING slot
"""


def claim(name: str, *, every: timedelta) -> bool:
    """Whether the caller is the first to ask for this job in the present slot, and shall do it.

    For jobs that lose nothing if a slot is missed: a run that dies is not repeated before the next slot.
    """
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, [name, every.total_seconds()])
        return cursor.fetchone() is not None
