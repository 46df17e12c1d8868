"""What can be done to a draft. Each deed is one transaction, audited, and refused rather than guessed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from loyalty import audit, clock, policies
from loyalty.models import Programme
from rewards import programme_file
from rewards.models import Draft, DraftChange

from . import parts, unfinished
from .refusals import (
    Clash,
    DraftClosed,
    HasProblems,
    NotACode,
    NotAsSeen,
    NothingChanged,
    NotText,
    PartChanged,
    StaleBase,
    TooEarly,
)

LONGEST_NAME = 120
_CODE = re.compile(r"(?!\.+\Z)[A-Za-z0-9._-]+")  # dots alone are steps of an address
_CONTROL = re.compile(r"\\u00(?:0[0-8be-f]|1[0-9a-f]|7f)|\\[bf]")


def newest() -> tuple[int, dict[str, Any]]:
    """The newest version and its document: what a draft starts from and is compared with; 0 before the first one."""
    last = Programme.objects.order_by("version").last()
    return (last.version, last.document) if last else (0, policies.EMPTY)


@transaction.atomic
def start(*, name: str, actor: str) -> Draft:
    """A new draft, equal to the newest version."""
    version, document = newest()
    draft = Draft.objects.create(
        name=name.strip()[:LONGEST_NAME] or "…", document=document, based_on=version, author=actor, changed_by=actor
    )
    _log("draft.started", draft, actor, {"based_on": version})
    return draft


@transaction.atomic
def rename(*, draft_id: UUID, name: str, actor: str) -> Draft:
    """Another name. Raises DraftClosed."""
    draft = _locked(draft_id)
    draft.name = name.strip()[:LONGEST_NAME] or draft.name
    draft.save(update_fields=["name"])
    return draft


@transaction.atomic
def change(*, draft_id: UUID, section: str, code: str, part: parts.Part | None, seen: str, actor: str) -> Draft:
    """Put one rule or campaign into the draft, replace it, or remove it (`part` None).

    `code` is its code before, "" for a new one; `seen` the fingerprint of what the editor had opened, "" for nothing.
    What others changed elsewhere in the draft is left alone. Raises DraftClosed, CodeTaken, and PartChanged where
    somebody saved the same part since, NotACode and NotText.
    """
    draft = _locked(draft_id)
    if part is not None and part.get("code") != code:
        _addressable(part)
    if part is not None and _CONTROL.search(json.dumps(part).replace("\\\\", "")):
        raise NotText
    present = parts.find(draft.document, section, code) if code else None
    if parts.fingerprint(present) != seen:
        last = draft.changes.filter(section=section, code__in=[code, parts.name_of(part or {})]).first()
        raise PartChanged(
            by=last.actor if last else draft.changed_by, at=last.at if last else draft.changed_at, now=present
        )
    if parts.fingerprint(part) == seen:
        return draft
    document = parts.put(draft.document, section, code, part)
    named = code or parts.name_of(part or {})
    _write(draft, document, actor, section=section, code=named, before=present, after=part)
    return draft


@transaction.atomic
def restore(*, change_id: UUID, actor: str) -> Draft:
    """Undo one edit: the part is again what it was before it. Raises DraftClosed, CodeTaken."""
    edit = DraftChange.objects.get(pk=change_id)
    draft = _locked(edit.draft_id)
    code = parts.name_of(edit.after or edit.before or {})
    present = parts.find(draft.document, edit.section, code)
    document = parts.put(draft.document, edit.section, code if present else "", edit.before)
    _write(draft, document, actor, section=edit.section, code=code, before=present, after=edit.before)
    return draft


@transaction.atomic
def discard(*, draft_id: UUID, actor: str) -> Draft:
    """Throw the draft away; it and its edits stay on record. Raises DraftClosed."""
    draft = _locked(draft_id)
    draft.state = Draft.State.DISCARDED
    draft.save(update_fields=["state"])
    _log("draft.discarded", draft, actor, {})
    return draft


@transaction.atomic
def rebase(*, draft_id: UUID, actor: str, take: Mapping[str, str] | None = None) -> list[Clash]:
    """Bring the draft up to the newest version, keeping what it changed.

    `take` says for each clash "mine" or "theirs". Returns the clashes that are still open; with any, nothing is
    written. Raises DraftClosed.
    """
    draft = _locked(draft_id)
    version, document = newest()
    if version == draft.based_on:
        return []
    base = policies.version(draft.based_on).document
    merged, clashes = parts.merge(base, draft.document, document, take or {})
    if clashes:
        return clashes
    before = draft.document
    draft.based_on = version
    _write(draft, merged, actor, before=before, after=merged)
    return []


@transaction.atomic
def publish(*, draft_id: UUID, seen: str, actor: str, valid_from: datetime | None = None, note: str = "") -> Programme:
    """Make the draft the next version, in force from `valid_from` (default now).

    `seen` is the fingerprint of the document whose difference was looked at. Raises DraftClosed, NotAsSeen, StaleBase
    (see `rebase`), NothingChanged, TooEarly and HasProblems.
    """
    policies.lock()
    draft = _locked(draft_id)
    if parts.fingerprint(draft.document) != seen:
        raise NotAsSeen
    version, document = newest()
    if draft.based_on != version:
        raise StaleBase(version)
    if parts.fingerprint(document) == seen:
        raise NothingChanged
    if begun := unfinished.problems(draft.document):
        raise HasProblems(begun)
    for coming in _coming():
        if valid_from is None or valid_from < coming.valid_from:
            raise TooEarly(coming.version, coming.valid_from)
    applied = _applied(draft.document, actor, valid_from)
    draft.state = Draft.State.PUBLISHED
    draft.published_version = applied.version
    draft.save(update_fields=["state", "published_version"])
    _published(applied, actor, note or draft.name, {"draft": str(draft.pk)})
    return applied


@transaction.atomic
def roll_back(*, version: int, seen: int, actor: str, note: str = "") -> Programme:
    """Make an earlier version the newest one again. `seen` is the version that was newest when it was asked for.

    Versions that were to begin later are replaced by it, too. Raises StaleBase where another one was published since,
    and HasProblems.
    """
    policies.lock()
    present = newest()[0]
    if present != seen:
        raise StaleBase(present)
    try:
        applied = programme_file.rollback(version=version, actor=actor)
    except programme_file.ProgrammeRefused as refused:
        raise HasProblems(refused.problems) from refused
    for coming in _coming():
        _applied(applied.document, actor, coming.valid_from)
    _published(applied, actor, note, {"back_to": version})
    return applied


@transaction.atomic
def switch(*, campaign: str, enabled: bool, actor: str) -> Programme | None:
    """Pause a campaign, or let it run again, at once: a version of its own that changes nothing else.

    Versions that are to begin later are switched as well. Returns the first version it made, None where it already is
    so or there is no such campaign. Raises HasProblems.
    """
    policies.lock()
    first = None
    coming = [(one.document, one.valid_from) for one in _coming()]
    for document, starts_at in [(policies.current().document, None), *coming]:
        part = parts.find(document, "campaigns", campaign)
        if part is None or part.get("enabled", True) is enabled:
            continue
        changed = {key: value for key, value in part.items() if key != "enabled"}
        if not enabled:
            changed["enabled"] = False
        applied = _applied(parts.put(dict(document), "campaigns", campaign, changed), actor, starts_at)
        _published(applied, actor, "", {"campaign": campaign, "enabled": enabled})
        first = first or applied
    return first


def _addressable(part: parts.Part) -> None:
    if not _CODE.fullmatch(parts.name_of(part)):
        raise NotACode(parts.name_of(part))


def _coming() -> list[Programme]:
    """Versions that are published but begin later, in the order in which they begin; of one instant the newest."""
    rows = Programme.objects.filter(valid_from__gt=clock.now()).order_by("valid_from", "version")
    return list({row.valid_from: row for row in rows}.values())


def _applied(document: Mapping[str, Any], actor: str, valid_from: datetime | None = None) -> Programme:
    try:
        return programme_file.apply(document=document, actor=actor, valid_from=valid_from)
    except programme_file.ProgrammeRefused as refused:
        raise HasProblems(refused.problems) from refused


def _locked(draft_id: UUID) -> Draft:
    draft = Draft.objects.select_for_update().get(pk=draft_id)
    if draft.state != Draft.State.OPEN:
        raise DraftClosed(draft.state)
    return draft


def _write(
    draft: Draft, document: parts.Document, actor: str, *, section: str = "", code: str = "", before: Any, after: Any
) -> None:
    draft.document = document
    draft.changed_by, draft.changed_at = actor, clock.now()
    draft.save(update_fields=["document", "based_on", "changed_by", "changed_at"])
    DraftChange.objects.create(
        draft=draft, at=draft.changed_at, actor=actor, section=section, code=code[:100], before=before, after=after
    )
    _log("draft.changed", draft, actor, {"section": section, "code": code})


def _log(action: str, draft: Draft, actor: str, data: dict[str, Any]) -> None:
    audit.record(action=action, actor=actor, object_type="draft", object_id=str(draft.pk), data=data)


def _published(applied: Programme, actor: str, note: str, data: dict[str, Any]) -> None:
    audit.record(
        action="programme.published",
        actor=actor,
        object_type="programme",
        object_id=str(applied.version),
        reason=note,
        data=data,
    )
