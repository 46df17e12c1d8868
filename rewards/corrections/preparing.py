"""Preparing a correction, letting a second person approve it, starting it, and calling it off."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from uuid import UUID

from django.db import connection, transaction

from loyalty import audit, broker, clock, policies, roles
from loyalty.errors import FieldError, InvalidBody, NotFound, OwnAccount, Refusal
from loyalty.models import User
from members import identities
from rewards.models import Correction, CorrectionPart

from . import granting

TASK = "rewards.tasks.work_off_correction"
OBJECT = "correction"
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


def prepare(
    *,
    correction: UUID,
    scope: granting.Scope,
    deed: str,
    reason: str,
    words: Mapping[str, str],
    user: User,
) -> Correction:
    """Fix who owes what, and what shall be done about it. Moves no points.

    `correction` is the caller's id for it: the same id prepares once, and answers with the first. `words` are what
    members are told besides, by language. The person's own membership is left out. Raises InvalidBody, and
    NothingToCorrect where nothing is due.
    """
    known = Correction.objects.filter(pk=correction).first()
    if known is not None:
        return known
    told = {language: text.strip() for language, text in words.items() if text.strip()}
    _check(scope, deed, reason, told)
    programme = policies.current()
    with transaction.atomic():
        made = Correction(
            id=correction,
            rule=scope.rule,
            versions=list(scope.versions),
            since=scope.since,
            until=scope.until,
            store=scope.store,
            deed=deed,
            below_zero=programme.adjustments.below_zero,
            reason=reason.strip(),
            words=told,
            prepared_by=roles.actor(user),
        )
        made.save(force_insert=True)
        made.members = granting.keep(scope, correction=made.pk, without=own_memberships(user))
        if not made.members:
            raise NothingToCorrect
        made.points, parts = _fingerprint(made.pk)
        made.content_hash = _content_hash(made, parts)
        made.needs_second = made.points > programme.adjustments.second_person_over
        made.save(update_fields=["members", "points", "content_hash", "needs_second"])
        _record("correction.prepared", made, roles.actor(user), reason=made.reason)
    return made


def start(*, correction: UUID, content_hash: str, user: User) -> Correction:
    """Let it begin. Needs the hash of what was read; repeating it changes nothing.

    Raises NotFound, ContentChanged, SecondPersonNeeded (over the limit: not who prepared it, and only who may
    approve), and NotNow where it was withdrawn.
    """
    actor = roles.actor(user)
    with transaction.atomic():
        found = _locked(correction)
        if found.content_hash != content_hash:
            raise ContentChanged
        if found.state == Correction.State.WITHDRAWN:
            raise NotNow
        if found.state != Correction.State.PREPARED:
            return found
        _refuse_alone(found, user)
        found.state = Correction.State.RUNNING
        found.started_by, found.started_at = actor, clock.now()
        found.save(update_fields=["state", "started_by", "started_at"])
        CorrectionPart.objects.filter(correction=found, member__in=own_memberships(user)).update(
            state=CorrectionPart.State.OWN, done_at=clock.now()
        )
        action = "correction.approved" if found.needs_second else "correction.started"
        _record(action, found, actor, reason=found.reason)
        transaction.on_commit(lambda: broker.send(TASK, str(found.pk)), robust=True)
    return found


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
    """Give back what a finished take-back took, once. Over the limit only by somebody who may approve.

    Raises NotFound, InvalidBody without a reason, SecondPersonNeeded, and NotNow for what took nothing or is at work.
    """
    if not reason.strip():
        raise _wrong("reason", "required", "Say why.")
    with transaction.atomic():
        found = _locked(correction)
        if found.state in (Correction.State.UNDOING, Correction.State.UNDONE):
            return found
        if found.state != Correction.State.DONE or found.deed != Correction.Deed.TAKE_BACK:
            raise NotNow
        if found.needs_second and not roles.may(user, "do", "approve"):
            raise SecondPersonNeeded
        if CorrectionPart.objects.filter(correction=found, taken__gt=0, member__in=own_memberships(user)).exists():
            raise OwnAccount
        found.state = Correction.State.UNDOING
        found.undone_by, found.undo_reason = roles.actor(user), reason.strip()[:300]
        found.save(update_fields=["state", "undone_by", "undo_reason"])
        CorrectionPart.objects.filter(correction=found, state=CorrectionPart.State.DONE).update(attempts=0, error="")
        _record("correction.undone", found, roles.actor(user), reason=found.undo_reason)
        transaction.on_commit(lambda: broker.send(TASK, str(found.pk)), robust=True)
    return found


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


def _refuse_alone(correction: Correction, user: User) -> None:
    if not correction.needs_second:
        return
    if not roles.may(user, "do", "approve") or correction.prepared_by == roles.actor(user):
        raise SecondPersonNeeded


def _check(scope: granting.Scope, deed: str, reason: str, words: Mapping[str, str]) -> None:
    if not scope.rule:
        raise _wrong("rule", "required", "Name a rule.")
    if scope.since >= scope.until:
        raise _wrong("until", "out_of_range", "The period ends before it begins.")
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
