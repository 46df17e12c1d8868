"""What the programme notices itself and its rules may answer: a new member, a birthday, a friend who came.

Whoever notices writes a row (`note`), in the transaction in which it became true; the row is answered when it is due,
in a transaction of its own, once however often it is noted or tried.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.db import transaction

from loyalty import broker, clock, policies, traces
from loyalty.errors import MemberClosed, MemberErased
from rewards import activity
from rewards.models import Occasion
from rewards.programme import ruleset

log = logging.getLogger(__name__)

ACTOR = "system:rules"
TASK = "rewards.tasks.answer_occasions"
CHUNK = 200
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)


def answered(trigger: str) -> bool:
    """Whether the rules in force have anything to say to such a trigger: only then it is worth noting."""
    return trigger in ruleset(policies.current()).triggered


def note(occasions: Iterable[Occasion]) -> None:
    """Write occasions to be answered once they are due; those noted before stay as they are. Needs a transaction."""
    written = list(occasions)
    if written:
        Occasion.objects.bulk_create(written, ignore_conflicts=True)
        transaction.on_commit(lambda: broker.send(TASK), robust=True)


def answer_due(seconds: float = 50.0) -> int:
    """Answer what is due, the longest overdue first, for at most about so long. Returns how many were answered.

    Others may do the same at once; one that fails is tried again later and holds up no other.
    """
    done, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        due = Occasion.objects.filter(done_at=None, due_at__lte=clock.now())
        batch = list(due.order_by("due_at").values_list("pk", flat=True)[:CHUNK])
        worked = sum(_answer(pk) for pk in batch if time.monotonic() < end)
        done += worked
        if not worked:
            break
    return done


def _answer(pk: UUID) -> bool:
    """One occasion in its transaction; False where another is at it, or where it failed."""
    try:
        with transaction.atomic():
            found = (
                Occasion.objects.filter(pk=pk, done_at=None).select_for_update(skip_locked=True, no_key=True).first()
            )
            if found is None:
                return False
            try:
                activity.answer(
                    trigger=found.trigger,
                    reference=found.reference,
                    member=found.member_id,
                    occurred_at=found.occurred_at,
                    store=found.store,
                    data=found.data,
                    actor=ACTOR,
                )
            except (MemberClosed, MemberErased) as gone:  # nothing to give to anybody
                found.error = gone.code
            found.done_at = clock.now()
            found.save(update_fields=["done_at", "error"])
            return True
    except Exception as error:  # noqa: BLE001  (it holds up one occasion, not the others)
        _put_off(pk, traces.describe(error))
        return False


def _put_off(pk: UUID, error: str) -> None:
    """Try again after a pause that doubles."""
    found = Occasion.objects.get(pk=pk)
    found.attempts += 1
    found.error = error
    found.due_at = clock.now() + min(FIRST_PAUSE * 2 ** min(found.attempts - 1, 10), LONGEST_PAUSE)
    found.save(update_fields=["attempts", "error", "due_at"])
    log.error("occasion %s (%s) failed %d times: %s", found.pk, found.trigger, found.attempts, error)
