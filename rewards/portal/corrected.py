"""What a correction did to a member's points, in the words of their activity, statement and CSV."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.utils.translation import gettext as _

from loyalty import clock
from loyalty.models import Entry, Kind
from loyalty.policies import Policies
from members.portal import formats
from rewards.corrections import naming
from rewards.models import Correction, CorrectionPart

_PREFIXES = {Kind.ADJUST: "adjust:", Kind.REINSTATE: "reinstate:"}


@dataclass(frozen=True)
class Said:
    """The title of a row and the reason under it."""

    title: str
    why: str


def of(entries: Iterable[Entry], programme: Policies, language: str) -> dict[UUID, Said]:
    """By entry, for those that a correction wrote or its undo; one statement, none where there is no such entry."""
    parts = {entry.pk: part for entry in entries if (part := _part(entry))}
    if not parts:
        return {}
    known = {
        part.pk: part.correction
        for part in CorrectionPart.objects.filter(pk__in=list(parts.values())).select_related("correction")
    }
    kinds = {entry.pk: entry.kind for entry in entries}
    return {
        entry: _said(known[part], undone=kinds[entry] == Kind.REINSTATE, programme=programme, language=language)
        for entry, part in parts.items()
        if part in known
    }


def _part(entry: Entry) -> UUID | None:
    prefix = _PREFIXES.get(Kind(entry.kind), "")
    if not prefix or not entry.reference.startswith(prefix):
        return None
    try:
        return UUID(entry.reference.removeprefix(prefix))
    except ValueError:
        return None


def _said(correction: Correction, *, undone: bool, programme: Policies, language: str) -> Said:
    facts = {
        "rule": naming.for_members(correction.rule, programme, language),
        "days": _days(correction, programme),
    }
    if undone:
        return Said(_("Given back"), _("%(rule)s, %(days)s, taken back in error") % facts)
    return Said(_("Taken back"), _("%(rule)s, %(days)s, given in error") % facts)


def _days(correction: Correction, programme: Policies) -> str:
    """`1 Jun–20 Nov`: a span of days, in one language or the other."""
    today = formats.today(programme.zone)
    first = clock.day_of(correction.since, programme.zone)
    last = clock.day_of(correction.until - timedelta(microseconds=1), programme.zone)
    shown = [formats.day_short(day, today) for day in dict.fromkeys((first, last))]
    return ("〜" if formats.japanese() else "–").join(shown)
