"""The question before a correction: who got what from a rule. A worker counts it; nothing is decided by it."""

from __future__ import annotations

import logging
from datetime import timedelta
from uuid import UUID

from django.db import transaction

from loyalty import broker, clock, roles, traces
from loyalty.models import User
from rewards.models import Correction

from . import granting, preparing

log = logging.getLogger(__name__)
TASK = "rewards.tasks.count_correction"
KEPT = timedelta(days=1)


def look(*, correction: UUID, scope: granting.Scope, user: User) -> Correction:
    """Ask who got what. The same id asks once. The person's own membership is left out. Raises InvalidBody."""
    preparing.check_scope(scope)
    known = Correction.objects.filter(pk=correction).first()
    if known is not None:
        return known
    with transaction.atomic():
        made = Correction(
            id=correction,
            rule=scope.rule,
            versions=list(scope.versions),
            since=scope.since,
            until=scope.until,
            store=scope.store,
            left_out=[str(member) for member in preparing.own_memberships(user)],
            state=Correction.State.COUNTING,
            prepared_by=roles.actor(user),
        )
        made.save(force_insert=True)
        transaction.on_commit(lambda: broker.send(TASK, str(correction)), robust=True)
    return made


def count(*, correction: UUID) -> bool:
    """Count what was asked for, once, whoever else does; False where it failed, to be tried again."""
    try:
        with transaction.atomic():
            waiting = Correction.objects.filter(pk=correction, state=Correction.State.COUNTING)
            found = waiting.select_for_update(skip_locked=True, of=("self",)).select_related("store").first()
            if found is None:
                return True
            counted = granting.keep(
                preparing.scope_of(found), correction=found.pk, without=[UUID(one) for one in found.left_out]
            )
            found.totals = {**counted.totals, "histogram": counted.histogram}
            found.members, found.points = counted.totals["owing"], counted.totals["due"]
            found.state = Correction.State.COUNTED
            found.save(update_fields=["totals", "members", "points", "state"])
    except Exception as error:  # noqa: BLE001  (the page says it; the sweep tries again)
        log.error("correction %s cannot be counted: %s", correction, traces.describe(error))
        failed = Correction.objects.filter(pk=correction, state=Correction.State.COUNTING)
        failed.update(totals={"error": traces.describe(error)[:300]})
        return False
    return True


def waiting() -> list[UUID]:
    """What is still to be counted."""
    found = Correction.objects.filter(state=Correction.State.COUNTING)
    return list(found.order_by("id").values_list("pk", flat=True))


def forget() -> None:
    """Drop questions of yesterday that led to nothing."""
    asked = [Correction.State.COUNTING, Correction.State.COUNTED]
    Correction.objects.filter(state__in=asked, prepared_at__lt=clock.now() - KEPT).delete()
