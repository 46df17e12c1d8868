"""Working a correction off: member by member, each in a transaction of its own, so that a dead worker loses nothing.

A part is claimed by its row lock (`SKIP LOCKED`), then the member is locked as everywhere; what is due is worked out
again under that lock. The entry's reference is the part's own, so no part can ever act twice.
"""

from __future__ import annotations

import logging
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q, Sum

from loyalty import audit, clock, ledger, policies, rows, traces
from loyalty.errors import InsufficientPoints, MemberErased, MemberNotFound
from loyalty.models import Decision, Entry
from members import locks
from rewards.earning import states
from rewards.models import Correction, CorrectionPart
from rewards.programme import ruleset
from rewards.rules.campaigns import campaign_key

from . import granting, preparing, telling

log = logging.getLogger(__name__)
ATTEMPTS = 5
State = CorrectionPart.State
_OPEN = {Correction.State.RUNNING: Q(state=State.WAITING), Correction.State.UNDOING: Q(state=State.DONE)}


def work_off(*, correction: UUID, seconds: float = 20.0) -> bool:
    """Do as much of a correction as fits into about so long; True when nothing is left to do.

    Harmless at any time, in any number of workers at once, and after any crash.
    """
    found = Correction.objects.select_related("store").filter(pk=correction).first()
    if found is None or found.state not in _OPEN:
        return True
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not _next(found):
            return _finish(found)
    return False


def at_work() -> list[UUID]:
    """The corrections that are being worked off."""
    return list(Correction.objects.filter(state__in=list(_OPEN)).order_by("id").values_list("pk", flat=True))


def _next(correction: Correction) -> bool:
    """Settle one member; False when there is none to claim."""
    failed: CorrectionPart | None = None
    try:
        with transaction.atomic():
            part = _claim(correction)
            if part is None:
                return False
            failed = part
            if correction.state == Correction.State.UNDOING:
                _give_back(correction, part)
            else:
                _settle(correction, part)
    except Exception as error:
        if failed is None:
            raise
        _put_off(correction, failed, error)
    return True


def _claim(correction: Correction) -> CorrectionPart | None:
    waiting = CorrectionPart.objects.filter(_OPEN[Correction.State(correction.state)], correction=correction)
    free = waiting.filter(attempts__lt=ATTEMPTS).select_for_update(skip_locked=True, of=("self",))
    return free.order_by("attempts", "id").first()


def _settle(correction: Correction, part: CorrectionPart) -> None:
    try:
        found = locks.lock(id=part.member_id, closed=True)
    except (MemberErased, MemberNotFound):
        _close(part, State.GONE)
        return
    due = _grants(correction, part, found)
    due = [replace(one, due=min(one.due, part.grants[str(one.decision)])) for one in due]
    points = sum(one.due for one in due)
    if not points:
        _close(part, State.NOTHING)
        return
    if correction.deed == Correction.Deed.FORGIVE:
        part.settled = {str(one.decision): one.due for one in due if one.due}
        _close(part, State.DONE)
        telling.forgiven(correction, part, points)
        return
    try:
        entry = _deduct(correction, part, found, due, points)
    except InsufficientPoints:
        part.missing = points
        _close(part, State.REFUSED)
        return
    part.entry = entry
    part.taken = -entry.points if entry else 0
    part.debt = entry.debt_change if entry else 0
    part.missing = points - part.taken
    part.settled = _spread(due, part.taken)
    states.take_back_days(member=found.member, granted=_counted(correction, due, part.settled))
    _close(part, State.DONE)
    if part.taken:
        telling.taken(correction, part, ledger.balance(found.account))


def _grants(correction: Correction, part: CorrectionPart, found: locks.Locked) -> list[granting.Grant]:
    """The decisions the part names, as they are now."""
    return granting.left(
        preparing.scope_of(correction),
        member=part.member_id,
        account=found.account.pk,
        decisions=[UUID(key) for key in part.grants],
    )


def _deduct(
    correction: Correction, part: CorrectionPart, found: locks.Locked, due: Sequence[granting.Grant], points: int
) -> Entry | None:
    """The entry and the decision that explains it."""
    decision = Decision(
        account_id=found.account.pk,
        kind="correction",
        subject=part.pk,
        programme_version=policies.current().version,
        points=-points,
        body={"rules": [{"rule": correction.rule, "points": -points}], "correction": str(correction.pk)},
    )
    with rows.together():
        entry = ledger.deduct(
            account=found.account,
            points=points,
            reference=f"adjust:{part.pk}",
            actor=correction.started_by,
            below_zero=correction.below_zero,
            pending_of={one.entry: one.due for one in due},
            decision=decision,
        )
        if entry is not None:
            decision.points = entry.points
            decision.body["rules"][0]["points"] = entry.points
            rows.write(decision)
    return entry


def _give_back(correction: Correction, part: CorrectionPart) -> None:
    try:
        found = locks.lock(id=part.member_id, closed=True)
    except (MemberErased, MemberNotFound):
        _close(part, State.GONE)
        return
    if part.entry is not None:
        programme, now = policies.current(), clock.now()
        part.undo_entry = ledger.reinstate(
            account=found.account,
            entry=part.entry,
            reference=f"reinstate:{part.pk}",
            actor=correction.undone_by,
            debt_expires_at=ruleset(programme).expiry.expires_at(now, programme.zone),
        )
        states.give_back_days(
            member=found.member, granted=_counted(correction, _grants(correction, part, found), part.settled)
        )
        telling.given_back(correction, part, ledger.balance(found.account))
    _close(part, State.UNDONE)


def _counted(correction: Correction, due: Sequence[granting.Grant], settled: Mapping[str, int]) -> states.ByDay:
    """What caps and budgets count less, or again (CONTRACT 2.4): by the day of the sale, rule and campaign."""
    zone = policies.current().zone
    by_day: dict[date | None, Counter[str]] = defaultdict(Counter)
    for one in due:
        if points := settled.get(str(one.decision), 0):
            counted = by_day[clock.day_of(one.occurred_at, zone)]
            counted[correction.rule] += points
            if one.campaign:
                counted[campaign_key(one.campaign)] += points
    return by_day


def _spread(due: Sequence[granting.Grant], taken: int) -> dict[str, int]:
    """What was taken, by decision, the oldest first."""
    settled = {}
    for one in due:
        share = min(one.due, taken)
        if share:
            settled[str(one.decision)] = share
            taken -= share
    return settled


def _close(part: CorrectionPart, state: CorrectionPart.State) -> None:
    part.state = state
    part.done_at = clock.now()
    part.save(
        update_fields=["state", "done_at", "settled", "taken", "debt", "missing", "entry", "undo_entry"],
    )


def _put_off(correction: Correction, part: CorrectionPart, error: Exception) -> None:
    """Note what went wrong; after some tries a person must look."""
    text = traces.describe(error)
    log.error("correction %s, part %s: %s", correction.pk, part.pk, text)
    attempts = part.attempts + 1
    changes = {"attempts": attempts, "error": text[:300]}
    if attempts >= ATTEMPTS and correction.state == Correction.State.RUNNING:
        changes["state"] = State.FAILED
    CorrectionPart.objects.filter(_OPEN[Correction.State(correction.state)], pk=part.pk).update(**changes)


def _finish(correction: Correction) -> bool:
    """Close a correction none of whose parts is waiting; False while another worker still has one."""
    with transaction.atomic():
        locked = Correction.objects.select_for_update().get(pk=correction.pk)
        if locked.state != correction.state:
            return True
        waiting = CorrectionPart.objects.filter(_OPEN[Correction.State(locked.state)], correction=locked)
        if waiting.filter(attempts__lt=ATTEMPTS).exists():
            return False
        now = clock.now()
        if locked.state == Correction.State.RUNNING:
            locked.state, locked.finished_at = Correction.State.DONE, now
        else:
            locked.state, locked.undone_at = Correction.State.UNDONE, now
        locked.save(update_fields=["state", "finished_at", "undone_at"])
        audit.record(
            action="correction.finished" if locked.state == Correction.State.DONE else "correction.undo_finished",
            actor="system:corrections",
            object_type=preparing.OBJECT,
            object_id=str(locked.pk),
            data=summary(locked.pk),
        )
    return True


def summary(correction: UUID) -> dict[str, int]:
    """How far it is: members by state, and what was taken, owed and left."""
    counted: dict[str, int] = {"members": 0, "taken": 0, "debt": 0, "missing": 0}
    found = CorrectionPart.objects.filter(correction=correction).values_list("state").order_by()
    sums = found.annotate(n=Count("pk"), t=Sum("taken"), d=Sum("debt"), m=Sum("missing"))
    for state, members, taken, debt, missing in sums:
        counted[state] = members
        counted["members"] += members
        counted["taken"] += taken
        counted["debt"] += debt
        counted["missing"] += missing
    return counted
