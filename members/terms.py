"""The terms members agree to: written, published with notice, accepted, compared.

A published version is in force from `valid_from` until the next one is. Members are told of it when it is published;
`accept` records that one of them agreed, and where. Nobody is locked out for not having accepted: the portal reminds.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import Count, QuerySet
from django.db.models.functions import TruncDate

from loyalty import audit, clock, outbox, policies
from loyalty.errors import FieldError, InvalidBody, NotFound, Refusal
from members import markup
from members.models import Member, Terms, TermsAcceptance

LONGEST = 100_000  # letters of one text
PLACES = ("portal", "till", "api")
FACT = "terms.published"


class TermsPublished(Refusal):
    """What is published never changes; write the next version."""

    status, code, title = 409, "terms_published", "Published terms never change"


class TermsNotKnown(Refusal):
    """There is no such published version of the terms."""

    status, code, title = 422, "terms_not_known", "No such version of the terms"


@dataclass(frozen=True)
class Line:
    """One line of a comparison: `mark` is "+" (new), "−" (gone) or "" (the same)."""

    mark: str
    text: str


def current(at: datetime | None = None) -> Terms | None:
    """The version in force now, or at `at`; None where the programme has no terms yet."""
    return _published().filter(valid_from__lte=at or clock.now()).order_by("-version").first()


def coming() -> Terms | None:
    """The next version that is published but not in force yet."""
    return _published().filter(valid_from__gt=clock.now()).order_by("version").first()


def get(version: int, errors: list[FieldError] | None = None) -> Terms | None:
    """A published version by its number; None where there is none, which is added to `errors` as a field's error."""
    found = _published().filter(version=version).first()
    if found is None and errors is not None:
        errors.append(FieldError("terms_version", "not_a_choice", f"There is no published version {version}."))
    return found


def draft(*, actor: str) -> Terms:
    """The open draft; a new one starts from the newest published text."""
    with transaction.atomic():
        _queue()
        found = Terms.objects.filter(published_at=None).first()
        if found is not None:
            return found
        last = Terms.objects.order_by("version").last()
        return Terms.objects.create(
            version=last.version + 1 if last else 1,
            texts=last.texts if last else {},
            notice_days=last.notice_days if last else 30,
            created_by=actor,
        )


def write(*, terms: UUID, texts: Mapping[str, str], changes: Mapping[str, str], notice_days: int, actor: str) -> Terms:
    """Keep the texts of a draft, by language. Raises NotFound, TermsPublished, InvalidBody."""
    errors = [
        FieldError(f"{name}.{language}", "out_of_range", f"At most {LONGEST} letters.")
        for name, given in (("texts", texts), ("changes", changes))
        for language, text in given.items()
        if len(text) > LONGEST
    ]
    if not 0 <= notice_days <= 365:
        errors.append(FieldError("notice_days", "out_of_range", "Between 0 and 365."))
    if errors:
        raise InvalidBody(errors=tuple(errors))
    with transaction.atomic():
        found = _locked(terms)
        found.texts = {language: _tidy(text) for language, text in texts.items() if text.strip()}
        found.changes = {language: _tidy(text) for language, text in changes.items() if text.strip()}
        found.notice_days = notice_days
        found.save(update_fields=["texts", "changes", "notice_days"])
        audit.record(
            action="terms.written",
            actor=actor,
            object_type="terms",
            object_id=str(found.pk),
            data={"version": found.version, "fingerprint": fingerprint(found)},
        )
    return found


def publish(*, terms: UUID, valid_from: datetime, seen: str, actor: str) -> Terms:
    """Make a draft a version, in force from `valid_from`, and tell every active member.

    `seen` is the fingerprint of the texts that were read. The first version may hold at once; a later one not before
    its notice has run. Raises NotFound, TermsPublished, and InvalidBody naming what is missing, past or too early.
    """
    now, programme = clock.now(), policies.current()
    with transaction.atomic():
        _queue()
        found = _locked(terms)
        last = _published().order_by("version").last()
        errors = [
            FieldError(f"texts.{language}", "required", "The text in this language is missing.")
            for language in programme.languages
            if not found.texts.get(language)
        ]
        if clock.day_of(valid_from, programme.zone) < clock.day_of(now, programme.zone):
            errors.append(FieldError("valid_from", "out_of_range", "That day is past."))
        if seen != fingerprint(found):
            errors.append(FieldError("seen", "out_of_range", "The text has changed meanwhile. Read it once more."))
        if last is not None:
            errors += [
                FieldError(f"changes.{language}", "required", "Say what changes, in this language.")
                for language in programme.languages
                if not found.changes.get(language)
            ]
            earliest = max(now + timedelta(days=found.notice_days), last.valid_from or now)
            if valid_from < earliest:
                errors.append(FieldError("valid_from", "out_of_range", f"Not before {earliest.isoformat()}."))
        if errors:
            raise InvalidBody(errors=tuple(errors))
        found.valid_from = max(valid_from, now)
        found.published_by, found.published_at = actor, now
        found.fingerprint = fingerprint(found)
        found.save(update_fields=["valid_from", "published_by", "published_at", "fingerprint"])
        if last is not None:  # of the first there is nobody to tell a change
            outbox.record(FACT, account=None, payload={"terms": str(found.pk), "after": None}, occurred_at=now)
        audit.record(
            action="terms.published",
            actor=actor,
            object_type="terms",
            object_id=str(found.pk),
            data={"version": found.version, "fingerprint": found.fingerprint, "notice_days": found.notice_days},
        )
    return found


def accept(
    *, member: Member, version: int, place: str, source: str, at: datetime | None = None
) -> TermsAcceptance | None:
    """Record that a member accepts a published version, once; None where they had before. Raises TermsNotKnown."""
    if place not in PLACES:
        raise ValueError(place)
    found = _published().filter(version=version).first()
    if found is None:
        raise TermsNotKnown(f"There is no published version {version} of the terms.")
    try:
        with transaction.atomic():
            return TermsAcceptance.objects.create(
                member=member, terms=found, at=at or clock.now(), place=place, source=source
            )
    except IntegrityError:
        return None


def accepted(member: UUID) -> list[TermsAcceptance]:
    """What a member accepted, newest version first."""
    return list(TermsAcceptance.objects.filter(member=member).select_related("terms").order_by("-terms__version"))


def due(member: UUID) -> Terms | None:
    """The newest published version, if the member has not accepted it: what the portal asks about. One statement."""
    newest = _published().order_by("-version").values("pk")[:1]
    done = TermsAcceptance.objects.filter(member=member).values("terms")
    return Terms.objects.filter(pk__in=newest).exclude(pk__in=done).first()


def summary() -> dict[str, Any] | None:
    """The version in force, for `GET /programme`."""
    found = current()
    if found is None or found.valid_from is None:
        return None
    zone = policies.current().zone
    return {"version": found.version, "valid_from": found.valid_from.astimezone(zone).isoformat()}


def fingerprint(terms: Terms) -> str:
    """SHA-256 over texts and changes."""
    content = {"texts": terms.texts, "changes": terms.changes, "notice_days": terms.notice_days}
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def compare(old: Terms, new: Terms, language: str) -> list[Line]:
    """What is different between two versions, line by line, as people read them."""
    before, after = (markup.plain(one.texts.get(language, "")).splitlines() for one in (old, new))
    lines = []
    for line in difflib.ndiff(before, after):
        mark, text = line[:1], line[2:]
        if mark != "?" and text.strip():
            lines.append(Line({"+": "+", "-": "\N{MINUS SIGN}"}.get(mark, ""), text))
    return lines


def counts() -> dict[UUID, int]:
    """How many members accepted each version."""
    return dict(TermsAcceptance.objects.values_list("terms").annotate(n=Count("pk")).order_by())


def by_day(terms: UUID, days: int = 30) -> list[tuple[Any, int]]:
    """Acceptances of a version on each of the last `days` days, oldest first."""
    zone = policies.current().zone
    today = clock.day_of(clock.now(), zone)
    start = today - timedelta(days=days - 1)
    found = dict(
        TermsAcceptance.objects.filter(terms=terms, at__gte=clock.start_of(start, zone))
        .annotate(day=TruncDate("at", tzinfo=zone))
        .values_list("day")
        .annotate(n=Count("pk"))
        .order_by()
    )
    return [(day, found.get(day, 0)) for day in (start + timedelta(days=n) for n in range(days))]


def _published() -> QuerySet[Terms]:
    return Terms.objects.filter(published_at__isnull=False)


def _locked(terms: UUID) -> Terms:
    found = Terms.objects.select_for_update().filter(pk=terms).first()
    if found is None:
        raise NotFound("There is no such version of the terms.")
    if found.published_at is not None:
        raise TermsPublished
    return found


def _queue() -> None:
    """One at a time: numbers follow each other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('members.terms', 0))")


def _tidy(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").strip().split("\n"))
