"""What the pages of the programme share: who may edit, drafts by id, and deeds refused in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from loyalty import roles
from loyalty.admin import words
from loyalty.admin.gate import of_staff
from loyalty.admin.shell import site
from rewards.drafts import parts
from rewards.drafts.refusals import (
    CodeTaken,
    DraftClosed,
    DraftRefused,
    NotACode,
    NotAsSeen,
    NothingChanged,
    NotText,
    StaleBase,
    TooEarly,
)
from rewards.models import Draft

from . import labels, problems, vocabulary
from .naming import Names
from .patterns import code_from

EDITABLE = ("rules", "campaigns")


def may_edit(request: HttpRequest) -> bool:
    """Whether whoever asks may change drafts and publish."""
    return roles.may(request.user, "change", "drafts")


def actor(request: HttpRequest) -> str:
    """Who acts; only staff who may edit."""
    if not may_edit(request):
        raise PermissionDenied
    return roles.actor(of_staff(request).user)


def draft(draft_id: UUID) -> Draft:
    """A draft in any state; 404 where there is none."""
    found = Draft.objects.filter(pk=draft_id).first()
    if found is None:
        raise Http404
    return found


def frame(request: HttpRequest, title: str, **context: Any) -> dict[str, Any]:
    """The context every page begins with."""
    return {**site.each_context(request), "title": title, "may_edit": may_edit(request), **context}


def state_of(one: Draft) -> str:
    """A draft's state in words."""
    if one.state == Draft.State.OPEN:
        return words.state("wait", _("draft"))
    if one.state == Draft.State.PUBLISHED:
        return words.state("on", _("published as version %(number)d") % {"number": one.published_version})
    return words.state("off", _("thrown away"))


def refusal(error: DraftRefused) -> str:
    """Why a deed was not done, and what to do."""
    if isinstance(error, DraftClosed):
        return _("This draft was published or thrown away in the meantime. Nothing was changed.")
    if isinstance(error, CodeTaken):
        return _("Another rule or campaign has this code. Choose another one.")
    if isinstance(error, NotACode):
        return _("A code has letters, digits, dots and dashes only. Nothing was saved.")
    if isinstance(error, NotText):
        return _("There are characters that cannot be kept. They were taken out; nothing was saved yet.")
    if isinstance(error, StaleBase):
        return _(
            "Version %(number)d was published in the meantime. Nothing was published: bring the draft up to date first."
        ) % {"number": error.newest}
    if isinstance(error, TooEarly):
        return _(
            "Version %(number)d is to begin on %(day)s and would undo this one on that day. Nothing was published: "
            "let it begin on that day or later, or go back first."
        ) % {"number": error.version, "day": words.moment(error.starts_at)}
    if isinstance(error, NotAsSeen):
        return _("The draft was changed since you opened this page. Nothing was published: look at the changes again.")
    if isinstance(error, NothingChanged):
        return _("The draft is the same as the programme: there is nothing to publish.")
    return _("Nothing was published: there are problems to solve first.")


def codes(document: Mapping[str, Any]) -> set[str]:
    """Every code that rules and campaigns have."""
    found = {parts.name_of(one) for section in EDITABLE for one in document.get(section) or []}
    return found | {str(rule.get("code")) for one in document.get("campaigns") or [] for rule in one.get("rules") or []}


def problems_of(document: Mapping[str, Any], draft_id: UUID) -> list[dict[str, Any]]:
    """What the check says, each with the page and the control to mend it at."""
    return [
        {
            "error": one.error,
            "text": one.text,
            "place": _where(document, one),
            "link": _link(document, one, draft_id),
        }
        for one in problems.found(document)
    ]


def _where(document: Mapping[str, Any], one: problems.Said) -> str:
    """A place as people find it: the name of the rule or campaign, then its control; else as the file has it."""
    if not one.section:
        section, _dot, rest = one.place.partition(".")
        return f"{vocabulary.SECTIONS[section]} · {rest}" if rest and section in vocabulary.SECTIONS else one.place
    part = document[one.section][one.index]
    return " · ".join([Names(document).of(part) or "…", *([labels.label(one.name)] if one.name else [])])


def _link(document: Mapping[str, Any], one: problems.Said, draft_id: UUID) -> str:
    if not one.section:
        return ""
    code = parts.name_of(document[one.section][one.index]) or "…"
    try:
        page = reverse("admin:draft_part", args=[draft_id, one.section, code])
    except NoReverseMatch:
        return ""
    return f"{page}#f-{one.name.replace('.', '-')}" if one.name else page


def errors_of(document: Mapping[str, Any], section: str, code: str) -> dict[str, str]:
    """The problems of one part, by the name of the control."""
    at = next((i for i, part in enumerate(document.get(section) or []) if parts.name_of(part) == code), None)
    found: dict[str, str] = {}
    for one in problems.found(document):
        if one.section == section and one.index == at:
            found.setdefault(one.name, one.text)
    return found


def fresh_code(name: str, document: Mapping[str, Any]) -> str:
    """A code for a new campaign."""
    return code_from(name, codes(document), "campaign")


def names_of(people: Iterable[str]) -> Any:
    """Actors in words."""
    listed = list(people)
    known = words.people(listed)
    return {one: words.actor_name(one, known) for one in listed}
