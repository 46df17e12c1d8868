"""Bringing accounts to the present whose points or holds changed by themselves: time is a fact, this only writes it."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import DatabaseError, transaction
from django.db.models import Q

from loyalty import clock, ledger, policies, traces
from loyalty.models import Account

log = logging.getLogger(__name__)

PERIOD = timedelta(minutes=1)
CHUNK = 100  # accounts with holds or debts locked at once; a sale of one of them waits for the whole chunk
FIRST, MOST = 200, 2000  # accounts that one statement writes
PATIENCE_SECONDS = 0.1  # and about how long it may take, because a sale of one of them waits for it


@dataclass
class _Sweep:
    """One run: until which instant, until when it may work, and whom it cannot write."""

    at: datetime
    until: float
    chunk: int = FIRST
    written: int = 0
    broken: set[UUID] = field(default_factory=set)

    @property
    def has_time(self) -> bool:
        return time.monotonic() < self.until


def write_changes(seconds: float = 50.0, *, at: datetime | None = None) -> int:
    """Write what was due until `at` (by default now) in all accounts, the longest overdue first, for about so long.

    Accounts that somebody has locked just now are left to the next run: whoever locks one writes what is due. One
    that cannot be written is logged and holds up no other. Any number may run at once, early, late or again: a run
    only writes what is true already. Returns how many accounts were brought to that instant.
    """
    now = clock.now()
    run = _Sweep(min(at, now) if at else now, time.monotonic() + seconds)
    _close(run)
    while run.has_time and _by_statement(run):
        pass
    while run.has_time and _one_by_one(run, CHUNK):
        pass
    return run.written


def _by_statement(run: _Sweep) -> int:
    """One statement's worth of accounts without holds and debts; 0 where it fails, for the careful way to go on."""
    begun = time.monotonic()
    try:
        with transaction.atomic(), policies.asked_once():
            count, _ = ledger.sweep(at=run.at, limit=run.chunk, without=run.broken)
    except DatabaseError as error:
        log.warning("due accounts are written one by one: %s", traces.describe(error))
        return 0
    took = time.monotonic() - begun
    if took > PATIENCE_SECONDS:
        run.chunk = max(FIRST // 10, run.chunk // 2)
    elif took < PATIENCE_SECONDS / 2:
        run.chunk = min(MOST, run.chunk * 3 // 2)
    run.written += count
    return count


def _close(run: _Sweep) -> None:
    """After the programme's end: expire what is left in accounts that nobody has touched since, in order of id."""
    last = ledger.horizon.of_all_points()
    if last is None or last > run.at:
        return
    after = UUID(int=0)
    some = Q(total__gt=0) | Q(pending__gt=0) | Q(held__gt=0)
    while run.has_time:
        with transaction.atomic():
            left = Account.objects.filter(some, as_of__lt=last, pk__gt=after).order_by("pk")
            ids = [account.pk for account in left.select_for_update(no_key=True, skip_locked=True)[:CHUNK]]
            if not ids:
                break
            ledger.lock(*ids, at=run.at)
        run.written, after = run.written + len(ids), ids[-1]


def _write(run: _Sweep, limit: int) -> int:
    """One transaction's worth of accounts; never waits for a lock, so it can lock in any order."""
    with transaction.atomic():
        due = Account.objects.filter(next_change_at__lte=run.at).exclude(pk__in=run.broken)
        free = due.order_by("next_change_at").select_for_update(no_key=True, skip_locked=True)[:limit]
        ids = [account.pk for account in free]
        try:
            ledger.lock(*ids, at=run.at)
        except DatabaseError as error:
            if limit == 1:
                run.broken.update(ids)
                log.error("account %s cannot be brought to the present: %s", ids[0], traces.describe(error))
            raise
    run.written += len(ids)
    return len(ids)


def _one_by_one(run: _Sweep, chunk: int) -> int:
    """A chunk of accounts at once, or where that fails each by itself."""
    try:
        return _write(run, chunk)
    except DatabaseError:
        written = 0
        for _ in range(chunk):
            with suppress(DatabaseError):
                written += _write(run, 1)
        return written
