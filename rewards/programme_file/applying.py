"""Putting a programme in force: checked first, then in one transaction, all of it or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from loyalty import audit, clock, policies
from loyalty.models import Programme
from members import recount

from .checking import check_source
from .problems import ERROR, Problem, ProgrammeRefused, errors
from .reading import Source, read
from .writing import canonical


def apply(
    *,
    text: str | None = None,
    document: Mapping[str, Any] | None = None,
    actor: str,
    valid_from: datetime | None = None,
) -> Programme:
    """Make a programme the next version, in force from the next request, or from `valid_from`.

    Give its `text`, which export gives back verbatim, or a `document` that somebody edited, of which export writes the
    canonical text. Waits for another one who applies. Raises ProgrammeRefused; then nothing was changed.
    """
    if (text is None) is (document is None):
        raise TypeError("give either the text or the document")
    source = Source(dict(document)) if document is not None else read(text or "")
    with transaction.atomic():
        policies.lock()
        _refuse_the_past(valid_from)
        found = check_source(source)
        if errors(found):
            raise ProgrammeRefused(found)
        _refuse_another_end(source)
        applied = policies.apply(document=source.document, text=text or "", actor=actor, valid_from=valid_from)
        audit.record(action="programme.applied", actor=actor, **_about(applied))
    recount.follow_programme()
    return applied


def rollback(*, version: int, actor: str) -> Programme:
    """Make what version `version` was the next version, text included. Raises ProgrammeRefused, Programme.DoesNotExist.

    It is checked again: what was right then need not be now. Whether the programme closes stays as it is now.
    """
    before = Programme.objects.get(version=version)
    with transaction.atomic():
        policies.lock()
        document, text, end = dict(before.document), before.text, _end()
        if document.get("closing") != end:
            text = ""
            document.pop("closing", None)
            document |= {"closing": end} if end else {}
        found = check_source(Source(document))
        if errors(found):
            raise ProgrammeRefused(found)
        applied = policies.apply(document=document, text=text, actor=actor)
        audit.record(action="programme.rolled_back", actor=actor, **_about(applied, to=version))
    recount.follow_programme()
    return applied


def export(version: int | None = None) -> str:
    """The text of a version (default: the newest): as it was applied, or canonical. Raises Programme.DoesNotExist.

    Without any version, that of the empty programme.
    """
    if version is None:
        newest = Programme.objects.order_by("version").last()
        return canonical(policies.EMPTY) if newest is None else _text(newest)
    return canonical(policies.EMPTY) if version == 0 else _text(Programme.objects.get(version=version))


def _text(programme: Programme) -> str:
    return programme.text or canonical(programme.document)


def _about(applied: Programme, **more: int) -> dict[str, Any]:
    data = {"valid_from": applied.valid_from.isoformat(), **more}
    return {"object_type": "programme", "object_id": str(applied.version), "data": data}


def _refuse_the_past(valid_from: datetime | None) -> None:
    """Only the first version may begin before now: what was decided stays decided."""
    if valid_from is None or valid_from >= clock.now() or not Programme.objects.exists():
        return
    detail = _("A programme cannot begin in the past: sales were judged by the version in force then.")
    mend = _("leave the time out, or give one that is still to come")
    raise ProgrammeRefused([Problem(ERROR, 0, 0, "", "in_the_past", detail, mend)])


def _end() -> Any:
    """When the newest version says that the programme ends, as it is written there."""
    newest = Programme.objects.order_by("version").last()
    return newest.document.get("closing") if newest else None


def _refuse_another_end(source: Source) -> None:
    """A programme's end is announced to its members and called off on the staff side, never by a file or a draft."""
    if not Programme.objects.exists() or (source.document.get("closing") or None) == (_end() or None):
        return
    line, column = source.spot("closing")
    detail = _("The end of the programme is not what was announced.")
    mend = _("announce it or call it off on the staff side, then export the file again")
    raise ProgrammeRefused([Problem(ERROR, line, column, "closing", "closing_elsewhere", detail, mend)])
