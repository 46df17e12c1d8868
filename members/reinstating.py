"""Giving expired points back to a member, with a reason: within the limits of `settings.adjustments`, as corrections.

Over `second_person_over`, with what the person did alone today, somebody else must agree to exactly this within a day.
Nobody acts on their own membership, and nobody sets more in motion than `daily_per_person` a day
(`loyalty.staff_limits`).
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from loyalty import audit, clock, ledger, roles, staff_limits
from loyalty.errors import FieldError, InvalidBody, NotFound, OwnAccount, Refusal
from loyalty.models import Entry, Kind, User
from members import locks
from members.models import Identity, Reinstatement

APPROVE_WITHIN = timedelta(hours=24)
REASON_LENGTH = 300
LONGEST_DAYS = 3660


class ReinstatedBefore(Refusal):
    """The points of this expiry were given back before, or somebody has asked for it."""

    status, code, title = 409, "reinstated_before", "These points were given back before"


class SecondPersonNeeded(Refusal):
    """Above the limit somebody else than who asked must agree."""

    status, code, title = 403, "second_person_needed", "A second person must approve this"


class ContentChanged(Refusal):
    """What is approved is not what was asked for."""

    status, code, title = 409, "content_changed", "This is not what was asked for"


class NotNow(Refusal):
    """It is settled, or a day has gone by."""

    status, code, title = 409, "not_now", "This cannot be done any more"


def reinstate(*, entry: UUID, until: datetime, reason: str, user: User) -> Reinstatement:
    """Give the points of one expiry back, to count until `until`; over the limit only ask for it.

    Needs a transaction. Raises NotFound, InvalidBody, OwnAccount, ReinstatedBefore, DailyLimit, and what the lock
    of the member raises.
    """
    now = clock.now()
    found = Entry.objects.filter(pk=entry, kind=Kind.EXPIRE).first()
    if found is None:
        raise NotFound("There is no such expiry.")
    _check(until, reason, now)
    member = locks.member_of(found.account_id)
    _refuse_own(user, member)
    actor, points = roles.actor(user), -found.points
    locked = locks.lock(id=member)
    today = staff_limits.locked(actor)
    today.refuse_too_many(points)
    needs_second = today.needs_second(points)
    row = Reinstatement(
        member_id=member, entry=entry, points=points, until=until, reason=reason.strip(), asked_by=actor, asked_at=now
    )
    row.content_hash = _hash(row)
    Reinstatement.objects.filter(entry=entry, state="waiting", approve_until__lte=now).update(state="lapsed")
    if needs_second:
        row.approve_until = now + APPROVE_WITHIN
    else:
        row.state, row.settled_by, row.settled_at = Reinstatement.State.DONE, actor, now
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise ReinstatedBefore from None
    staff_limits.count(actor=actor, points=points, alone=not needs_second, act="reinstate", object_id=str(row.pk))
    if not needs_second:
        _write(row, locked, found, actor)
    _record("reinstatement.asked" if needs_second else "reinstatement.done", row, actor)
    return row


def approve(*, reinstatement: UUID, content_hash: str, user: User) -> Reinstatement:
    """Agree to what somebody else asked for. Needs a transaction and the hash of what was read.

    Raises NotFound, ContentChanged, SecondPersonNeeded, OwnAccount, NotNow.
    """
    actor, locked = roles.actor(user), _lock_member(reinstatement)
    row = _waiting(reinstatement)
    if row.content_hash != content_hash or row.content_hash != _hash(row):
        raise ContentChanged
    if row.asked_by == actor:
        raise SecondPersonNeeded
    _refuse_own(user, row.member_id)
    _settle(row, Reinstatement.State.DONE, actor)
    _write(row, locked, Entry.objects.get(pk=row.entry), actor)
    _record("reinstatement.approved", row, actor)
    return row


def refuse(*, reinstatement: UUID, user: User) -> Reinstatement:
    """Do not agree, or take back what one asked for oneself. Needs a transaction. Raises NotFound, NotNow."""
    row = _waiting(reinstatement)
    _settle(row, Reinstatement.State.REFUSED, roles.actor(user))
    _record("reinstatement.refused", row, roles.actor(user))
    return row


def _lock_member(reinstatement: UUID) -> locks.Locked:
    """The account and the member first, as everywhere; then the request."""
    member = Reinstatement.objects.filter(pk=reinstatement).values_list("member_id", flat=True).first()
    if member is None:
        raise NotFound("There is no such request.")
    return locks.lock(id=member)


def _waiting(reinstatement: UUID) -> Reinstatement:
    row = Reinstatement.objects.select_for_update(no_key=True).filter(pk=reinstatement).first()
    if row is None:
        raise NotFound("There is no such request.")
    if row.state != Reinstatement.State.WAITING or row.approve_until is None or row.approve_until <= clock.now():
        raise NotNow
    return row


def _settle(row: Reinstatement, state: Reinstatement.State, actor: str) -> None:
    row.state, row.settled_by, row.settled_at = state, actor, clock.now()
    row.save(update_fields=["state", "settled_by", "settled_at"])


def _write(row: Reinstatement, locked: locks.Locked, entry: Entry, actor: str) -> None:
    try:
        ledger.restore(
            account=locked.account, entry=entry, reference=f"reinstate:{row.pk}", actor=actor, until=row.until
        )
    except ValueError as before:
        raise ReinstatedBefore from before


def _check(until: datetime, reason: str, now: datetime) -> None:
    if not reason.strip() or len(reason) > REASON_LENGTH:
        raise _wrong("reason", "required", "Say why, in up to 300 letters.")
    if not now < until <= now + timedelta(days=LONGEST_DAYS):
        raise _wrong("until", "out_of_range", "The points must count for a day at least, and for ten years at most.")


def _refuse_own(user: User, member: UUID) -> None:
    address = user.email.strip().lower()
    if Identity.objects.filter(member=member, kind=Identity.Kind.EMAIL, value=address, retired_at=None).exists():
        raise OwnAccount


def _hash(row: Reinstatement) -> str:
    content = [str(row.member_id), str(row.entry), row.points, row.until.isoformat(), row.reason, row.asked_by]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _record(action: str, row: Reinstatement, actor: str) -> None:
    audit.record(
        action=action,
        actor=actor,
        object_type="member",
        object_id=str(row.member_id),
        reason=row.reason,
        data={"points": row.points, "entry": str(row.entry), "until": row.until.isoformat()},
    )


def _wrong(field: str, code: str, detail: str) -> InvalidBody:
    return InvalidBody(detail, errors=(FieldError(field, code, detail),))
