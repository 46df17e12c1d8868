"""Every version of the programme: who, when, from when, why; the difference between any two; and going back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from loyalty import policies
from loyalty.admin import words
from loyalty.admin.gate import guarded
from loyalty.admin.shell import site
from loyalty.models import AuditRecord, Programme
from rewards import drafts
from rewards.drafts.operations import newest
from rewards.drafts.refusals import DraftRefused

from . import differences, pages, sentences
from .naming import Names

MOST = 200
CLOSING = {
    "closing.announced": gettext_lazy("The end of the programme announced"),
    "closing.called_off": gettext_lazy("The end of the programme called off"),
}


def listed(most: int) -> list[dict[str, Any]]:
    """The newest versions first, the one in force marked."""
    found = list(Programme.objects.order_by("-version").defer("document", "text")[:most])
    people = pages.names_of(one.actor for one in found)
    notes = _notes([one.version for one in found])
    present = policies.current().version
    return [
        {
            "number": one.version,
            "in_force": one.version == present,
            "who": people[one.actor],
            "at": words.moment(one.applied_at),
            "from": words.moment(one.valid_from),
            "note": notes.get(one.version, ""),
            "newest": one is found[0],
        }
        for one in found
    ]


def _notes(numbers: list[int]) -> dict[int, str]:
    """What was said when a version was published, from the audit log; of a return, where to."""
    rows = AuditRecord.objects.filter(
        action__in=["programme.published", *CLOSING], object_type="programme", object_id__in=map(str, numbers)
    )
    found = {}
    for row in rows:
        text = row.reason
        if row.action in CLOSING:
            text = _with_note(str(CLOSING[row.action]), text)
        elif "back_to" in row.data:
            back = _("Back to version %(number)d") % {"number": row.data["back_to"]}
            text = _with_note(back, text)
        elif "campaign" in row.data:
            said = _("“%(name)s” runs again") if row.data.get("enabled") else _("“%(name)s” paused")
            names = Names(policies.version(int(row.object_id)).document).section("campaigns")
            text = said % {"name": names.get(str(row.data["campaign"]), row.data["campaign"])}
        found[int(row.object_id)] = text
    return found


def _with_note(said: str, note: str) -> str:
    return _("%(said)s. %(note)s") % {"said": said, "note": note} if note else said


@site.page("programme/versions/", "programme_versions")
@guarded("programme", act="view")
def show(request: HttpRequest) -> HttpResponse:
    """All of them, with two to choose for a comparison."""
    context = pages.frame(request, _("Versions of the programme"), versions=listed(MOST))
    return TemplateResponse(request, "staff/programme/versions.html", context)


@site.page("programme/versions/compare/", "programme_compare")
@guarded("programme", act="view")
def compare(request: HttpRequest) -> HttpResponse:
    """What changed from one version to another."""
    old, new = (_number(request.GET.get(key, "")) for key in ("old", "new"))
    context = pages.frame(
        request,
        _("From version %(old)d to version %(new)d") % {"old": old, "new": new},
        old=old,
        new=new,
        changes=differences.in_words(policies.version(old).document, policies.version(new).document),
    )
    return TemplateResponse(request, "staff/programme/compare.html", context)


def _number(text: str) -> int:
    """A version that exists, or the newest where none is named."""
    if not text:
        return newest()[0]
    if (
        not text.isdecimal()
        or len(text) > 9
        or not (text == "0" or Programme.objects.filter(version=int(text)).exists())
    ):
        raise Http404
    return int(text)


@site.page("programme/versions/<int:version>/", "programme_version")
@guarded("programme", act="view")
def one(request: HttpRequest, version: int) -> HttpResponse:
    """One version in words, and its text."""
    found = Programme.objects.filter(version=version).first()
    if found is None:
        raise Http404
    names = Names(found.document)
    context = pages.frame(
        request,
        _("Version %(number)d") % {"number": version},
        version=version,
        who=pages.names_of([found.actor])[found.actor],
        starts=words.moment(found.valid_from),
        note=_notes([version]).get(version, ""),
        newest=newest()[0],
        campaigns=[(names.of(part), sentences.campaign(part, names)) for part in found.document.get("campaigns") or []],
        rules=[(names.of(part), sentences.rule(part, names)) for part in found.document.get("rules") or []],
    )
    return TemplateResponse(request, "staff/programme/version.html", context)


@site.page("programme/versions/<int:version>/back/", "programme_back")
@guarded("drafts", act="change")
@require_http_methods(["GET", "HEAD", "POST"])
def back(request: HttpRequest, version: int) -> HttpResponse:
    """Go back to a version: what that changes, and the button."""
    found = Programme.objects.filter(version=version).first()
    present, document = newest()
    if found is None or version == present:
        raise Http404
    notice, status = "", 200
    if request.method == "POST":
        seen = request.POST.get("seen", "")
        try:
            applied = drafts.roll_back(
                version=version,
                seen=int(seen) if seen.isdecimal() else -1,
                actor=pages.actor(request),
                note=request.POST.get("note", "").strip(),
            )
        except DraftRefused as refused:
            notice, status = pages.refusal(refused), 409
        else:
            said = _("Version %(number)d is in force; it is the same as version %(old)d.")
            messages.success(request, said % {"number": applied.version, "old": version})
            return redirect("admin:programme")
    context = pages.frame(
        request,
        _("Back to version %(number)d?") % {"number": version},
        version=version,
        present=present,
        notice=notice,
        changes=differences.in_words(document, found.document),
    )
    return TemplateResponse(request, "staff/programme/back.html", context, status=status)
