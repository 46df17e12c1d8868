"""Carrying facts to their handlers: shard by shard, in order for each account, at least once."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q

from loyalty import clock, traces
from loyalty.models import Fact

from . import wakeup
from .facts import WAITING
from .registry import Handler, handlers_of

log = logging.getLogger(__name__)

BATCH = 200  # facts in one transaction
ATTEMPTS = 10  # then a fact is parked, after about half an hour
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=10)
LINGER_SECONDS = 0.2  # how long a relay waits for more before it ends
RUN_SECONDS = 5.0  # then it makes room for a stop of the worker

LOCK = 0x0B0C  # the first key of the advisory locks of shards


def drain(limit: int | None = None) -> int:
    """Handle everything that is due, here and now; returns how many facts were carried.

    Waits for another relay that is at work. Facts recorded meanwhile by the handlers are handled too. `limit` ends it
    after about that many facts.
    """
    carried = 0
    while limit is None or carried < limit:
        batches = [_carry(shard) for shard in _shards()]
        carried += sum(batch or 0 for batch in batches)
        if not any(batches):
            if None not in batches:
                break
            time.sleep(0.02)  # another relay has a shard
    return carried


def relay() -> int:
    """Handle what is due and what comes in during the next moments; others keep the shards they work on.

    While it runs no more wake-ups are sent: at a busy till one relay lives on instead. Returns how many facts were
    carried.
    """
    carried, end = 0, time.monotonic() + RUN_SECONDS
    while True:
        wakeup.keep_quiet()
        batch = _carry_all()
        carried += batch
        if not batch or time.monotonic() > end:
            break
        if batch < BATCH:
            time.sleep(LINGER_SECONDS)
    wakeup.listen_again()
    time.sleep(wakeup.MEMORY_SECONDS)
    # Whoever committed while the mark stood, or was remembered, has sent no wake-up and is seen now.
    last = _carry_all()
    if last:
        wakeup.send()
    return carried + last


def _carry_all() -> int:
    """One batch of each shard that has something due."""
    return sum(_carry(shard) or 0 for shard in _shards())


def _is_due() -> Q:
    """Untried, or its pause is over. A due time beyond any pause was written by a clock that was ahead."""
    now = clock.now()
    return Q(attempts=0) | Q(due_at__lte=now) | Q(due_at__gt=now + LONGEST_PAUSE)


def _shards() -> list[int]:
    """Those with something due, or due were it not for an earlier fact that failed."""
    due = Fact.objects.filter(WAITING, _is_due())
    return list(due.order_by("shard").values_list("shard", flat=True).distinct())


def _due(shard: int) -> list[Fact]:
    """The next batch of a shard, without what must wait for an earlier fact of its account."""
    waiting = Fact.objects.filter(WAITING, shard=shard)
    stuck = waiting.filter(~_is_due(), attempts__gt=0, account__isnull=False).values_list("account", flat=True)
    due = waiting.filter(_is_due())
    if accounts := set(stuck):
        due = due.filter(Q(account__isnull=True) | ~Q(account__in=accounts))
    return list(due.order_by("id")[:BATCH])


def _carry(shard: int) -> int | None:
    """One batch of one shard in one transaction; None if another relay has the shard."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [LOCK, shard])
            if not cursor.fetchone()[0]:
                return None
        facts = _due(shard)
        done: list[UUID] = []
        failed: dict[UUID, str] = {}
        stuck: set[UUID] = set()  # accounts one of whose facts failed: what follows waits
        for wave in waves(facts):
            _try([fact for fact in wave if fact.account not in stuck], done, failed, stuck)
        if done:
            Fact.objects.filter(pk__in=done).update(handled_at=clock.now(), error="")
        for fact in facts:
            if fact.id in failed:
                _put_off(fact, failed[fact.id])
    return len(done) + len(failed)


def waves(facts: Sequence[Fact]) -> list[list[Fact]]:
    """Facts grouped by name, so that many go at once, in an order that is right for each account."""
    found: list[list[Fact]] = []
    last: dict[UUID, int] = {}  # account → the wave of its last fact
    for fact in facts:
        earliest = last.get(fact.account, 0) if fact.account else 0
        place = next((i for i in range(earliest, len(found)) if found[i][0].name == fact.name), len(found))
        if place == len(found):
            found.append([])
        found[place].append(fact)
        if fact.account:
            last[fact.account] = place
    return found


def _try(wave: list[Fact], done: list[UUID], failed: dict[UUID, str], stuck: set[UUID]) -> None:
    """Call the handlers for all facts of a wave at once, and if that fails, for each by itself."""
    if not wave:
        return
    handlers = handlers_of(wave[0].name)
    if len(wave) > 1 and not _error_of(handlers, wave):
        done.extend(fact.id for fact in wave)
        return
    for fact in wave:
        if fact.account in stuck:
            continue
        # A handler that fails does not keep the others from their work.
        errors = [error for handler in handlers if (error := _error_of([handler], [fact]))]
        if not errors:
            done.append(fact.id)
            continue
        failed[fact.id] = "; ".join(errors)
        if fact.account:
            stuck.add(fact.account)


def _error_of(handlers: Sequence[Handler], facts: Sequence[Fact]) -> str:
    """Call handlers in a savepoint; what went wrong, or nothing."""
    try:
        with transaction.atomic():
            for handler in handlers:
                handler.handle(facts)
    except Exception as error:  # noqa: BLE001  (it holds up one account, not the outbox)
        return traces.describe(error)
    return ""


def _put_off(fact: Fact, error: str) -> None:
    """Try again after a pause that doubles, and in the end park the fact for a person to look at."""
    now = clock.now()
    fact.attempts += 1
    fact.error = error
    fact.due_at = now + min(FIRST_PAUSE * 2 ** (fact.attempts - 1), LONGEST_PAUSE)
    if fact.attempts >= ATTEMPTS:
        fact.parked_at = now
    fact.save(update_fields=["attempts", "error", "due_at", "parked_at"])
    log.error("fact %s (%s) failed %d times: %s", fact.id, fact.name, fact.attempts, error)
