"""Corrections of rules granted in error: the list, and the page of one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from loyalty import roles, staff_limits
from loyalty.admin import words
from loyalty.admin.gate import guarded, of_staff
from loyalty.admin.shell import site
from loyalty.errors import InvalidBody, Refusal
from loyalty.models import User
from rewards import corrections
from rewards.admin import correction_asking, correction_files, correction_words
from rewards.corrections import telling
from rewards.models import Correction, CorrectionPart

ONE = "admin:correction"
ASKED = (Correction.State.COUNTING, Correction.State.COUNTED)


@site.page("corrections/", "corrections")
@guarded("corrections", act="view")
def listing(request: HttpRequest) -> HttpResponse:
    """Every correction, newest first."""
    decided = Correction.objects.exclude(state__in=ASKED).select_related("store").order_by("-prepared_at")
    page = Paginator(decided, 50).get_page(request.GET.get("page"))
    people = words.people(one.prepared_by for one in page)
    context = {
        **site.each_context(request),
        "title": _("Corrections"),
        "page": page,
        "rows": [correction_words.row(one, people) for one in page],
        "may_prepare": roles.may(request.user, "do", "correct"),
    }
    return TemplateResponse(request, "staff/corrections/list.html", context)


@site.page("corrections/<uuid:correction_id>/", "correction")
@guarded("corrections", act="view")
def one(request: HttpRequest, correction_id: UUID) -> Any:
    """One correction: what it does, how far it is, whom it concerns. POST starts, withdraws, retries or undoes it."""
    found = Correction.objects.select_related("store").filter(pk=correction_id).first()
    if found is None:
        raise Http404
    asked = found.state in ASKED
    if request.method == "GET" and request.GET.get("export") == "csv":
        return correction_asking.file(request, found) if asked else correction_files.of_parts(request, found)
    if asked:
        return correction_asking.shown(request, found)
    if request.method == "POST":
        return _act(request, found)
    summary = corrections.summary(found.pk)
    parts = found.parts.select_related("member__profile").order_by("-due", "id")
    page = Paginator(parts, 50).get_page(request.GET.get("page"))
    at_work = found.state in (Correction.State.RUNNING, Correction.State.UNDOING)
    told = correction_words.told(found)
    context = {
        **site.each_context(request),
        "title": correction_words.title(found),
        "one": found,
        "facts": correction_words.facts(found),
        "state": correction_words.state(found),
        "outcome": correction_words.outcome(found, summary) if found.started_at else [],
        "before": _before(found) if found.state == Correction.State.PREPARED else None,
        "progress": correction_words.progress(found, summary) if at_work else "",
        "samples": [(language, telling.sample(found, language)) for language in ("en", "ja")],
        "told": told,
        "page": page,
        "rows": [_part(part, request) for part in page],
        **_powers(request, found, summary),
    }
    response = TemplateResponse(request, "staff/corrections/one.html", context)
    if at_work:
        response["Refresh"] = "5"  # progress without script
    return response


def _before(found: Correction) -> dict[str, str]:
    """What the members have in all now, and what they will have at the least."""
    total = found.parts.aggregate(sum=Sum("member__account__total"))["sum"] or 0
    taken = found.points if found.deed == Correction.Deed.TAKE_BACK else 0
    after = total - taken
    if found.below_zero != "debt":
        after = max(after, min(total, 0))  # nobody is taken below zero
    return {"now": words.number(total), "after": words.number(after)}


def _powers(request: HttpRequest, found: Correction, summary: dict[str, int]) -> dict[str, Any]:
    """What the person may do with it now, and why not what they may not."""
    user = of_staff(request).user
    prepared, done = found.state == Correction.State.PREPARED, found.state == Correction.State.DONE
    acts = roles.may(user, "do", "correct") or roles.may(user, "do", "approve")
    undoable = done and found.deed == Correction.Deed.TAKE_BACK and summary["taken"] > 0 and acts
    starts = _step(user, found.prepared_by, found.points, asked=found.needs_second) if prepared and acts else {}
    undoes = _step(user, found.undo_asked_by, summary["taken"], asked=bool(found.undo_asked_by)) if undoable else {}
    return {
        "may_start": starts.get("may", False),
        "approves": starts.get("approves", False),
        "waits_for_other": prepared and not starts.get("may", False),
        "may_withdraw": prepared and acts,
        "may_undo": undoable and undoes["may"],
        "asks_undo": undoable and undoes["waits"] and not found.undo_asked_by,
        "undo_waits": bool(found.undo_asked_by) and done,
        "may_call_off": bool(found.undo_asked_by) and done and acts,
        "may_retry": done and bool(summary.get("failed")) and acts,
        "may_export": roles.may(request.user, "do", "export"),
        "allowance": starts.get("said") or undoes.get("said") or [],
    }


def _step(user: User, maker: str, points: int, *, asked: bool) -> dict[str, Any]:
    """Whether the person may let it begin: as a second one, or alone within the limits of the day."""
    approves = corrections.may_approve(user, maker)
    actor = roles.actor(user)
    allowed = staff_limits.today(maker if approves else actor)
    fits = allowed.left is None or points <= allowed.left
    waits = not approves and (asked or allowed.needs_second(points))
    said = correction_words.allowance(allowed, points, but=user, asked=asked) if not approves or not fits else []
    return {"may": fits and not waits, "waits": fits and waits, "approves": approves, "said": said}


def _act(request: HttpRequest, found: Correction) -> HttpResponse:
    if not (roles.may(request.user, "do", "correct") or roles.may(request.user, "do", "approve")):
        raise PermissionDenied
    user, act = of_staff(request).user, request.POST.get("act", "")
    try:
        if act == "start":
            corrections.start(correction=found.pk, content_hash=request.POST.get("content_hash", ""), user=user)
            messages.success(request, _("It has begun. You may leave this page."))
        elif act == "withdraw":
            corrections.withdraw(correction=found.pk, user=user)
            messages.success(request, _("Withdrawn. No points were moved."))
        elif act == "undo":
            undone = corrections.undo(correction=found.pk, reason=request.POST.get("reason", ""), user=user)
            begun = undone.state != Correction.State.DONE
            said = _("The points are being given back.") if begun else _("Asked for. A second person must approve it.")
            messages.success(request, said)
        elif act == "call_off":
            corrections.call_off_undo(correction=found.pk, user=user)
            messages.success(request, _("The undo is called off."))
        elif act == "retry":
            corrections.retry(correction=found.pk, user=user)
    except InvalidBody:
        messages.error(request, _("Please say why, in up to 300 letters."))
    except Refusal as refusal:
        messages.error(request, correction_words.refused(refusal))
    return redirect(ONE, found.pk)


def _part(part: CorrectionPart, request: HttpRequest) -> dict[str, Any]:
    return {**correction_words.part_row(part), **correction_words.named(request, part.member)}
