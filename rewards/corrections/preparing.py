"""Preparing a correction, letting a second person approve it, starting it, and calling it off."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Sum

from loyalty import audit, broker, clock, policies, roles, staff_limits
from loyalty.errors import FieldError, InvalidBody, NotFound, OwnAccount, Refusal
from loyalty.models import User
from members import identities
from rewards.models import Correction, CorrectionPart

from . import granting

TASK = "rewards.tasks.work_off_correction"
OBJECT = "correction"
STARTED, UNDONE = "correction.started", "correction.undone"  # as acts of a person's day
WORDS_LENGTH = 500


class NothingToCorrect(Refusal):
    """The rule granted nothing in that period, or all of it was settled before."""

    status, code, title = 422, "nothing_to_correct", "Nothing to correct"


class SecondPersonNeeded(Refusal):
    """Above the limit somebody else than who prepared it must approve."""

    status, code, title = 403, "second_person_needed", "A second person must approve this"


class ContentChanged(Refusal):
    """What is approved is not what was prepared."""

    status, code, title = 409, "content_changed", "This is not what was prepared"


class NotNow(Refusal):
    """The correction is in a state in which this cannot be done any more."""

    status, code, title = 409, "not_now", "This cannot be done any more"


def prepare(*, correction: UUID, deed: str, reason: str, words: Mapping[str, str], user: User) -> Correction:
    """Fix what shall be done about what was counted, and who owes what. Moves no points; again changes nothing.

    `words` are what members are told besides, by language. Raises NotFound (also for what somebody else asked),
    InvalidBody, NotNow while it is being counted, NothingToCorrect where nothing is due, and DailyLimit where it is
    more than one person may ever start in a day.
    """
    told = {language: text.strip() for language, text in words.items() if text.strip()}
    _check(deed, reason, told)
    programme, actor = policies.current(), roles.actor(user)
    with transaction.atomic():
        made = _locked(correction)
        if made.prepared_by != actor:
            raise NotFound("There is no such correction.")
        if made.state == Correction.State.COUNTING:
            raise NotNow
        if made.state != Correction.State.COUNTED:
            return made
        if not made.members:
            raise NothingToCorrect
        made.deed, made.reason, made.words = deed, reason.strip(), told
        made.below_zero = programme.adjustments.below_zero
        made.prepared_at = clock.now()
        made.points, parts = _fingerprint(made.pk)
        made.content_hash = _content_hash(made, parts)
        allowed = staff_limits.today(actor)
        replace(allowed, moved=0).refuse_too_many(made.points)
        made.needs_second = allowed.needs_second(made.points)
        made.state = Correction.State.PREPARED
        made.save()
        _record("correction.prepared", made, actor, reason=made.reason)
    return made


def start(*, correction: UUID, content_hash: str, user: User) -> Correction:
    """Let it begin. Needs the hash of what was read; repeating it changes nothing.

    Raises NotFound, ContentChanged, SecondPersonNeeded (with what the person did alone today it is over the limit:
    somebody else who may approve must start it), DailyLimit, and NotNow where it was withdrawn.
    """
    actor = roles.actor(user)
    with transaction.atomic():
        found = _locked(correction)
        if found.state in (Correction.State.COUNTING, Correction.State.COUNTED):
            raise NotNow
        if found.content_hash != content_hash:
            raise ContentChanged
        if found.state == Correction.State.WITHDRAWN:
            raise NotNow
        if found.state != Correction.State.PREPARED:
            return found
        approves = may_approve(user, found.prepared_by)
        if approves or not _over(found, actor):
            _begin(found, user, approves=approves)
            return found
    raise SecondPersonNeeded


def _over(found: Correction, actor: str) -> bool:
    """Whether the person may not start it alone any more; noted, so that the list says whom it waits for."""
    if not found.needs_second and staff_limits.locked(actor).needs_second(found.points):
        found.needs_second = True
        found.save(update_fields=["needs_second"])
    return found.needs_second


def _begin(found: Correction, user: User, *, approves: bool) -> None:
    actor = roles.actor(user)
    maker = found.prepared_by if approves else actor
    staff_limits.locked(maker).refuse_too_many(found.points)
    staff_limits.count(actor=maker, points=found.points, alone=not approves, act=STARTED, object_id=str(found.pk))
    found.state = Correction.State.RUNNING
    found.started_by, found.started_at = actor, clock.now()
    found.save(update_fields=["state", "started_by", "started_at"])
    CorrectionPart.objects.filter(correction=found, member__in=own_memberships(user)).update(
        state=CorrectionPart.State.OWN, done_at=clock.now()
    )
    _record("correction.approved" if found.needs_second else "correction.started", found, actor, reason=found.reason)
    transaction.on_commit(lambda: broker.send(TASK, str(found.pk)), robust=True)


def withdraw(*, correction: UUID, user: User) -> Correction:
    """Call it off before it began. Raises NotFound, NotNow."""
    with transaction.atomic():
        found = _locked(correction)
        if found.state == Correction.State.WITHDRAWN:
            return found
        if found.state != Correction.State.PREPARED:
            raise NotNow
        found.state = Correction.State.WITHDRAWN
        found.finished_at = clock.now()
        found.save(update_fields=["state", "finished_at"])
        _record("correction.withdrawn", found, roles.actor(user))
    return found


def undo(*, correction: UUID, reason: str, user: User) -> Correction:
    """Give back what a finished take-back took, once; over the limit of the person's day only ask for it.

    What was asked for, somebody else who may approve begins by the same call; its reason is then the one that was
    given first. Raises NotFound, InvalidBody without a reason, SecondPersonNeeded for who may not approve what another
    asked for, DailyLimit, OwnAccount, and NotNow for what took nothing or is at work.
    """
    actor = roles.actor(user)
    with transaction.atomic():
        found = _locked(correction)
        if found.state in (Correction.State.UNDOING, Correction.State.UNDONE):
            return found
        if found.state != Correction.State.DONE or found.deed != Correction.Deed.TAKE_BACK:
            raise NotNow
        points = taken_by(found)
        if not points:
            raise NotNow
        approves = may_approve(user, found.undo_asked_by)
        if not (reason.strip() or found.undo_asked_by):
            raise _wrong("reason", "required", "Say why.")
        if CorrectionPart.objects.filter(correction=found, taken__gt=0, member__in=own_memberships(user)).exists():
            raise OwnAccount
        if found.undo_asked_by and not approves:
            raise SecondPersonNeeded
        maker = found.undo_asked_by or actor
        allowed = staff_limits.locked(maker)
        allowed.refuse_too_many(points)
        if not found.undo_asked_by:
            found.undo_reason = reason.strip()[:300]
            if allowed.needs_second(points):
                found.undo_asked_by = actor
                found.save(update_fields=["undo_asked_by", "undo_reason"])
                _record("correction.undo_asked", found, actor, reason=found.undo_reason)
                return found
        staff_limits.count(actor=maker, points=points, alone=not approves, act=UNDONE, object_id=str(found.pk))
        found.state = Correction.State.UNDOING
        found.undone_by = actor
        found.save(update_fields=["state", "undone_by", "undo_reason"])
        CorrectionPart.objects.filter(correction=found, state=CorrectionPart.State.DONE).update(attempts=0, error="")
        _record("correction.undone", found, actor, reason=found.undo_reason)
        transaction.on_commit(lambda: broker.send(TASK, str(found.pk)), robust=True)
    return found


def call_off_undo(*, correction: UUID, user: User) -> Correction:
    """Take back the wish to undo it, before somebody approved that. Raises NotFound."""
    with transaction.atomic():
        found = _locked(correction)
        if found.state == Correction.State.DONE and found.undo_asked_by:
            found.undo_asked_by = found.undo_reason = ""
            found.save(update_fields=["undo_asked_by", "undo_reason"])
            _record("correction.undo_called_off", found, roles.actor(user))
    return found


def taken_by(correction: Correction) -> int:
    """The points that it took from members, in all."""
    parts = correction.parts.filter(state=CorrectionPart.State.DONE)
    return int(parts.aggregate(sum=Sum("taken", default=0))["sum"])


def retry(*, correction: UUID, user: User) -> Correction:
    """Try again the members for whom it failed. Raises NotFound."""
    with transaction.atomic():
        found = _locked(correction)
        failed = found.parts.filter(state=CorrectionPart.State.FAILED)
        if found.state == Correction.State.DONE and failed.update(
            state=CorrectionPart.State.WAITING, attempts=0, error=""
        ):
            found.state, found.finished_at = Correction.State.RUNNING, None
            found.save(update_fields=["state", "finished_at"])
            _record("correction.retried", found, roles.actor(user))
            transaction.on_commit(lambda: broker.send(TASK, str(found.pk)), robust=True)
    return found


def own_memberships(user: User) -> list[UUID]:
    """The memberships that have the person's own e-mail address: they neither give nor take points there."""
    member = identities.find(email=user.email) if user.email else None
    return [member.pk] if member else []


def may_approve(user: User, maker: str) -> bool:
    """Whether the person is a second one for what `maker` prepared or asked for."""
    return bool(maker) and maker != roles.actor(user) and roles.may(user, "do", "approve")


def scope_of(correction: Correction) -> granting.Scope:
    """What it is about."""
    return granting.Scope(
        correction.rule, correction.since, correction.until, tuple(correction.versions), correction.store
    )


def _locked(correction: UUID) -> Correction:
    found = Correction.objects.select_for_update().filter(pk=correction).first()
    if found is None:
        raise NotFound("There is no such correction.")
    return found


def check_scope(scope: granting.Scope) -> None:
    """Raises InvalidBody where it can mean nothing."""
    if not scope.rule:
        raise _wrong("rule", "required", "Name a rule.")
    if scope.since >= scope.until:
        raise _wrong("until", "out_of_range", "The period ends before it begins.")


def _check(deed: str, reason: str, words: Mapping[str, str]) -> None:
    if deed not in Correction.Deed.values:
        raise _wrong("deed", "not_a_choice", "Take back or forgive.")
    if not reason.strip() or len(reason) > 300:
        raise _wrong("reason", "required", "Say why, in up to 300 letters.")
    if any(len(text) > WORDS_LENGTH for text in words.values()):
        raise _wrong("words", "out_of_range", f"At most {WORDS_LENGTH} letters.")


def _wrong(field: str, code: str, detail: str) -> InvalidBody:
    return InvalidBody(detail, errors=(FieldError(field, code, detail),))


def _fingerprint(correction: UUID) -> tuple[int, str]:
    """The points of all parts, and a hash of each member with the points of each decision."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(due), encode(sha256(convert_to(string_agg(member_id || grants::text, ',' ORDER BY member_id),"
            " 'UTF8')), 'hex') FROM rewards_correctionpart WHERE correction_id = %s",
            [correction],
        )
        points, parts = cursor.fetchone()
    return int(points), str(parts)


def _content_hash(made: Correction, parts: str) -> str:
    content = {
        "rule": made.rule,
        "versions": made.versions,
        "since": made.since.isoformat(),
        "until": made.until.isoformat(),
        "store": str(made.store_id or ""),
        "deed": made.deed,
        "below_zero": made.below_zero,
        "reason": made.reason,
        "words": made.words,
        "points": made.points,
        "parts": parts,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _record(action: str, correction: Correction, actor: str, *, reason: str = "") -> None:
    audit.record(
        action=action,
        actor=actor,
        object_type=OBJECT,
        object_id=str(correction.pk),
        reason=reason,
        data={
            "rule": correction.rule,
            "deed": str(correction.deed),
            "members": correction.members,
            "points": correction.points,
            "content_hash": correction.content_hash,
        },
    )
