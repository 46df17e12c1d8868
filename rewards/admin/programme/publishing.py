"""Before a draft is published: what it changes, what is wrong, whether it was tried; and the publishing itself."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from loyalty import audit, clock, policies
from loyalty.admin import words
from loyalty.admin.gate import guarded
from loyalty.admin.shell import site
from rewards import drafts, whatif
from rewards.drafts import parts
from rewards.drafts.operations import newest
from rewards.drafts.refusals import Clash, DraftRefused
from rewards.models import Draft, WhatIf
from rewards.whatif import periods

from . import differences, pages, vocabulary
from .naming import Names


@site.page("programme/drafts/<uuid:draft_id>/review/", "draft_review")
@guarded("drafts", act="view")
@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """The difference to the programme, side by side; and the button that publishes it."""
    draft = pages.draft(draft_id)
    if request.method == "POST":
        who = pages.actor(request)
        if request.POST.get("do") == "rebase":
            return _rebase(request, draft, who)
        if request.POST.get("do") == "whatif":
            return _ask(request, draft, who)
        return _publish(request, draft, who)
    return _shown(request, draft)


def _shown(
    request: HttpRequest, draft: Draft, *, status: int = 200, notice: str = "", clashes: list[Clash] | None = None
) -> HttpResponse:
    version, document = newest()
    closed = draft.state != Draft.State.OPEN
    compared = policies.version(draft.based_on).document if closed else document
    problems = pages.problems_of(draft.document, draft.pk)
    stale = not closed and draft.based_on != version
    names = Names(draft.document)
    context = pages.frame(
        request,
        _("Review: %(name)s") % {"name": draft.name},
        draft=draft,
        open=not closed,
        state=pages.state_of(draft),
        seen=parts.fingerprint(draft.document),
        version=version,
        stale=stale,
        base=draft.based_on,
        changes=differences.in_words(compared, draft.document),
        errors=[one for one in problems if one["error"]],
        warnings=[one for one in problems if not one["error"]],
        whatif=what_if(draft),
        whatif_start=f"{reverse('admin:whatif_start')}?draft={draft.pk}",
        notice=notice,
        clashes=[_clash(one, document, draft) for one in clashes or []],
        today=clock.day_of(clock.now(), names.zone).isoformat(),
        zone=str(names.zone),
        posted=request.POST,
    )
    return TemplateResponse(request, "staff/programme/review.html", context, status=status)


def what_if(draft: Draft) -> dict[str, Any] | None:
    """The newest what-if of this very content, if one was run: how far it is, or what it found."""
    runs = WhatIf.objects.filter(draft=draft.pk, status__in=[*whatif.OPEN, WhatIf.Status.DONE]).order_by("-created_at")
    run = next((one for one in runs[:5] if one.document == draft.document), None)
    if run is None:
        return None
    found: dict[str, Any] = {"link": reverse("admin:whatif", args=[run.pk]), "open": run.status in whatif.OPEN}
    if run.result is None:
        return {**found, "percent": f"{100 * whatif.progress(run).share:.0f}%"}
    before, after = run.result["points"]
    return {
        **found,
        "points": words.signed(after - before),
        "rows": [
            (_("Points as it is now"), words.number(before)),
            (_("Points with this draft"), words.number(after)),
            (_("Sales replayed"), words.number(run.result["sales"])),
            (_("Sales with another result"), words.number(run.result["changed_sales"])),
            (_("Members who gain"), words.number(run.result["members"]["gain"])),
            (_("Members who lose"), words.number(run.result["members"]["lose"])),
        ],
    }


def _ask(request: HttpRequest, draft: Draft, who: str) -> HttpResponse:
    """Start a what-if of the draft over the usual period, to be seen on this page."""
    period = next((one for one in periods.presets(Names(draft.document).zone) if one.code == periods.DEFAULT), None)
    if period is None:
        return _shown(request, draft, status=409, notice=_("There are no sales yet that a what-if could replay."))
    try:
        run = whatif.start(
            document=draft.document, name=draft.name, since=period.since, until=period.until, actor=who, draft=draft.pk
        )
    except whatif.WhatIfRefused:
        return _shown(
            request, draft, status=409, notice=_("The what-if could not be started: solve the problems first.")
        )
    audit.record(action="whatif.started", actor=who, object_type="whatif", object_id=str(run.pk))
    return redirect("admin:draft_review", draft.pk)


def _publish(request: HttpRequest, draft: Draft, who: str) -> HttpResponse:
    start: datetime | None = None
    if request.POST.get("when") == "later":
        zone = Names(draft.document).zone
        try:
            start = clock.start_of(date.fromisoformat(request.POST.get("from", "")), zone)
        except ValueError:
            return _shown(request, draft, status=400, notice=_("Say from which day it is to be in force."))
        start = None if start <= clock.now() else start
    try:
        applied = drafts.publish(
            draft_id=draft.pk,
            seen=request.POST.get("seen", ""),
            actor=who,
            valid_from=start,
            note=request.POST.get("note", "").strip(),
        )
    except DraftRefused as refused:
        return _shown(request, draft, status=409, notice=pages.refusal(refused))
    said = _("Version %(number)d is published and in force from %(when)s.")
    messages.success(request, said % {"number": applied.version, "when": words.moment(applied.valid_from)})
    return redirect("admin:programme")


def _rebase(request: HttpRequest, draft: Draft, who: str) -> HttpResponse:
    take = {
        key.removeprefix("take."): value
        for key, value in request.POST.items()
        if key.startswith("take.") and value in ("mine", "theirs")
    }
    try:
        clashes = drafts.rebase(draft_id=draft.pk, actor=who, take=take)
    except DraftRefused as refused:
        return _shown(request, draft, status=409, notice=pages.refusal(refused))
    if clashes:
        return _shown(
            request,
            draft,
            status=409,
            clashes=clashes,
            notice=_("Both the new version and this draft changed the same things. Choose which is to stay."),
        )
    messages.success(request, _("The draft is up to date. Your changes are kept."))
    return redirect("admin:draft_review", draft.pk)


def _clash(one: Clash, document: Any, draft: Draft) -> dict[str, Any]:
    section, _slash, code = one.key.partition("/")
    theirs, mine = Names(document), Names(draft.document)
    part = one.mine if isinstance(one.mine, dict) else one.theirs if isinstance(one.theirs, dict) else {}
    name = mine.of(part) if section != "settings" and part else code
    return {
        "key": one.key,
        "name": f"{vocabulary.SECTIONS.get(section, section)}: {name}",
        "mine": differences.said(section, one.mine, mine),
        "theirs": differences.said(section, one.theirs, theirs),
    }
