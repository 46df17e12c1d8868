"""What a worker does for a run: cut it into chunks, replay one, put the sums together.

A chunk's row stays locked in the transaction in which it is replayed: a worker that is killed lets go of it at once,
and the next one begins it anew. So every chunk counts once, however often it was begun.
"""

from __future__ import annotations

import logging
import time
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import F

from loyalty import clock, policies, traces
from rewards import rules
from rewards.models import WhatIf, WhatIfChunk

from . import history, limits, outcome, settling, tally
from .replay import Comparison
from .runs import OPEN, wake_up
from .sides import Side, side

log = logging.getLogger(__name__)

CHUNK_SALES = (100, 10_000)  # at least and at most so many sales together; a member is never cut
CHUNKS = 40  # in between, about so many
MOST_TRIES = 8

_COUNT = f"""
SELECT count(*) FILTER (WHERE {history.WITHIN}),
       count(*) FILTER (WHERE s.member_id IS NULL AND s.status = 'sold'),
       count(*) FILTER (WHERE s.member_id IS NOT NULL AND s.status = 'sold' AND s.currency <> %(currency)s),
       count(*) FILTER (WHERE s.status <> 'sold')
  FROM members_sale s
 WHERE s.occurred_at >= %(since)s AND s.occurred_at < %(until)s AND s.recorded_at <= %(known)s
"""
_CHUNKS = f"""
SELECT min(member::text)::uuid, max(member::text)::uuid, sum(n)
  FROM (SELECT member, n, (sum(n) OVER (ORDER BY member) - n)::bigint / %(size)s AS part
          FROM (SELECT s.member_id AS member, count(*) AS n FROM members_sale s WHERE {history.WITHIN} GROUP BY 1) m) c
 GROUP BY part ORDER BY part
"""


def work() -> bool:
    """Do one piece of the oldest open run: cut it up, replay a chunk, or finish it. False where nothing is to be done.

    Harmless at any time, in any number: at most LOYALTY_WHATIF_PARALLEL replay at once, whoever asks.
    """
    for run_id in WhatIf.objects.filter(status__in=OPEN).order_by("created_at").values_list("pk", flat=True):
        try:
            if _work_on(run_id):
                return True
        except DatabaseError:
            raise  # somebody begins it anew
        except rules.RuleError as wrong:
            fail(run_id, "rules", str(wrong))
        except Exception as error:  # whatever it is, the person who waits must be told
            log.exception("what-if %s", run_id)
            fail(run_id, "unexpected", traces.describe(error))
    return False


def fail(run_id: UUID, problem: str, detail: str) -> None:
    """End a run that cannot go on; `problem` is a code for the page."""
    WhatIf.objects.filter(pk=run_id, status__in=OPEN).update(
        status=WhatIf.Status.FAILED, problem=problem, detail=detail, ended_at=clock.now()
    )


def _work_on(run_id: UUID) -> bool:
    if _cut_up(run_id):
        wake_up()  # whoever came before there was a chunk has gone again
        return True
    chunk_id = _begin(run_id)
    if chunk_id is not None:
        return _replay(run_id, chunk_id)
    return _finish(run_id)


def _cut_up(run_id: UUID) -> bool:
    """Make the chunks of a run that has none yet. False where it has."""
    with transaction.atomic():
        run = _locked(run_id)
        if run is None or run.status != WhatIf.Status.QUEUED:
            return False
        part = _part(run, UUID(int=0), UUID(int=0))
        with connection.cursor() as cursor:
            cursor.execute(_COUNT, part.parameters())
            run.sales, nobodys, foreign, voided = cursor.fetchone()
            least, most = CHUNK_SALES
            size = min(max(run.sales // CHUNKS, least), most)
            cursor.execute(_CHUNKS, {**part.parameters(), "size": size})
            WhatIfChunk.objects.bulk_create(
                WhatIfChunk(run=run, number=number, first_member=first, last_member=last, sales=sales)
                for number, (first, last, sales) in enumerate(cursor.fetchall(), start=1)
            )
        run.sales_left_out = {"nobody": nobodys, "currency": foreign, "voided": voided}
        run.status, run.started_at = WhatIf.Status.RUNNING, clock.now()
        run.save(update_fields=["sales", "sales_left_out", "status", "started_at"])
    return True


def _locked(run_id: UUID) -> WhatIf | None:
    """The run, locked, unless somebody else has it or it is over."""
    free = WhatIf.objects.select_for_update(no_key=True, skip_locked=True)
    return free.filter(pk=run_id, status__in=OPEN).first()


def _slot() -> bool:
    """One of the places for those who replay at one time, until the transaction ends."""
    with connection.cursor() as cursor:
        for number in range(settings.LOYALTY_WHATIF_PARALLEL):
            cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"rewards.what_if:{number}"])
            if cursor.fetchone()[0]:
                return True
    return False


def _free(run_id: UUID) -> Any:
    waiting = WhatIfChunk.objects.filter(run=run_id, run__status=WhatIf.Status.RUNNING)
    waiting = waiting.filter(done_pass__lt=F("run__pass_number")).order_by("tries", "number")
    return waiting.select_for_update(skip_locked=True, of=("self",))


def _begin(run_id: UUID) -> UUID | None:
    """Count a try at a chunk that nobody works on, so that one that kills its worker is not tried for ever."""
    with transaction.atomic():
        if not _slot():
            return None
        chunk = _free(run_id).first()
        if chunk is None:
            return None
        if chunk.tries >= MOST_TRIES:
            fail(run_id, "part", f"{chunk.number}")
            return None
        WhatIfChunk.objects.filter(pk=chunk.pk).update(tries=F("tries") + 1)
        found: UUID = chunk.pk
        return found


def _replay(run_id: UUID, chunk_id: UUID) -> bool:
    """Replay one chunk, locked meanwhile; False where somebody else has it."""
    started = time.monotonic()
    with transaction.atomic():
        if not _slot():
            return False
        chunk = _free(run_id).filter(pk=chunk_id).first()
        if chunk is None:
            return False
        run = WhatIf.objects.get(pk=run_id)
        sides = both(run)
        comparison = Comparison(*sides, settling.tails(run))
        part = _part(run, chunk.first_member, chunk.last_member)
        people = history.buyers(part)
        for member, sales in history.sales(part):
            comparison.member(people[member], sales)
        chunk.figures = {
            "tally": comparison.finished().as_json(),
            "refused_at": [one.refused_at for one in comparison.both],
            "last": [{key: max(found).at for key, found in one.series.items()} for one in comparison.both],
        }
        series = [one.series for one in comparison.both]
        chunk.series = limits.packed(series, [one.limits for one in sides])
        chunk.done_pass, chunk.tries, chunk.seconds = run.pass_number, 0, time.monotonic() - started
        chunk.save(update_fields=["figures", "series", "done_pass", "tries", "seconds"])
    return True


def _finish(run_id: UUID) -> bool:
    """Put the sums of all chunks together, or begin another pass. False while a chunk is missing."""
    with transaction.atomic():
        run = _locked(run_id)
        if run is None or run.status != WhatIf.Status.RUNNING:
            return False
        chunks = WhatIfChunk.objects.filter(run=run)
        if chunks.filter(done_pass__lt=run.pass_number).exists():
            return False
        sides = both(run)
        parts = {number: figures or {} for number, figures in chunks.values_list("number", "figures")}
        found = settling.settle(run, sides, parts, lambda: chunks.values_list("series", flat=True))
        if found.again:
            run.pass_number += 1
            run.limits = found.kept
            run.save(update_fields=["pass_number", "limits"])
            chunks.filter(number__in=found.untouched).update(done_pass=run.pass_number)
            transaction.on_commit(wake_up)
            return True
        run.limits = found.kept
        run.result = outcome.result(
            run, sides, tally.merged(part["tally"] for part in parts.values()), found.uses, found.exact
        )
        run.status, run.ended_at = WhatIf.Status.DONE, clock.now()
        run.save(update_fields=["limits", "result", "status", "ended_at"])
        chunks.delete()
    return True


def _part(run: WhatIf, first: UUID, last: UUID) -> history.Part:
    currency = policies.version(run.base_version).currency
    return history.Part(first, last, run.since, run.until, run.created_at, currency)


def both(run: WhatIf) -> tuple[Side, Side]:
    """Today's programme and the draft, compiled once for each run and process."""
    return _both(run.pk, msgspec.json.encode(run.document), run.base_version, run.created_at, run.as_dated)


@lru_cache(maxsize=4)
def _both(run_id: UUID, document: bytes, base: int, now: Any, as_dated: bool) -> tuple[Side, Side]:
    return (
        side(policies.version(base), now=now, as_dated=as_dated),
        side(policies.parse(msgspec.json.decode(document)), now=now, as_dated=as_dated),
    )
