"""Bringing accounts to the present whose points or holds changed by themselves: time is a fact, this only writes it."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from django.db import DatabaseError, transaction
from django.db.models import Q

from loyalty import clock, ledger, traces
from loyalty.models import Account

log = logging.getLogger(__name__)

PERIOD = timedelta(minutes=1)
CHUNK = 100  # accounts locked at once; a sale of one of them waits for the whole chunk


def write_changes(seconds: float = 50.0) -> int:
    """Write what is due in all accounts, the longest overdue first, for at most about so long.

    Accounts that somebody has locked just now are left to the next run: whoever locks one writes what is due. One
    that cannot be written is logged and holds up no other. Returns how many were brought to the present.
    """
    written, end = 0, time.monotonic() + seconds
    broken: set[UUID] = set()
    written += _close(end)
    while time.monotonic() < end:
        try:
            count = _write(CHUNK, broken)
        except DatabaseError:
            count = _one_by_one(broken)
        if not count:
            break
        written += count
    return written


def _close(until: float) -> int:
    """After the programme's end: expire what is left in accounts that nobody has touched since, in order of id."""
    last = ledger.horizon.of_all_points()
    if last is None or last > clock.now():
        return 0
    written, after = 0, UUID(int=0)
    some = Q(total__gt=0) | Q(pending__gt=0) | Q(held__gt=0)
    while time.monotonic() < until:
        with transaction.atomic():
            left = Account.objects.filter(some, as_of__lt=last, pk__gt=after).order_by("pk")
            ids = [account.pk for account in left.select_for_update(no_key=True, skip_locked=True)[:CHUNK]]
            if not ids:
                break
            ledger.lock(*ids)
        written, after = written + len(ids), ids[-1]
    return written


def _write(limit: int, broken: set[UUID]) -> int:
    """One transaction's worth of accounts; never waits for a lock, so it can lock in any order."""
    with transaction.atomic():
        due = Account.objects.filter(next_change_at__lte=clock.now()).exclude(pk__in=broken)
        free = due.order_by("next_change_at").select_for_update(no_key=True, skip_locked=True)[:limit]
        ids = [account.pk for account in free]
        try:
            ledger.lock(*ids)
        except DatabaseError as error:
            if limit == 1:
                broken.update(ids)
                log.error("account %s cannot be brought to the present: %s", ids[0], traces.describe(error))
            raise
    return len(ids)


def _one_by_one(broken: set[UUID]) -> int:
    written = 0
    for _ in range(CHUNK):
        with suppress(DatabaseError):
            written += _write(1, broken)
    return written
