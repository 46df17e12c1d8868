"""The page of one what-if: how far it is, and then what it found."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from loyalty import audit, charts, policies, roles
from loyalty.admin import words
from loyalty.admin.gate import guarded, of_staff
from loyalty.admin.shell import site
from rewards import whatif
from rewards.models import Draft, WhatIf

from . import people, results, vocabulary


def found(run_id: UUID) -> WhatIf:
    """The run, or 404."""
    run = WhatIf.objects.filter(pk=run_id).first()
    if run is None:
        raise Http404
    return run


@site.page("what-if/<uuid:run_id>/", "whatif")
@guarded("drafts", act="view")
@require_safe
def show(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """The page, or with `?part=progress` only how far the run is, for htmx."""
    run = found(run_id)
    if request.GET.get("part") == "progress":
        return _progress(request, run)
    context = {
        **site.each_context(request),
        "title": _("What if: %(name)s") % {"name": vocabulary.name(run)},
        "run": run,
        "state": vocabulary.state(run),
        "may_ask": roles.may(request.user, "change", "drafts"),
        "days": vocabulary.span(run),
        "base": vocabulary.version(run.base_version),
        "by": words.actor_name(run.actor, words.people([run.actor])),
        "when": words.moment(run.created_at),
        "again": _again(run),
        "draft": _draft(run),
        "open": run.status in whatif.OPEN,
        "failure": vocabulary.failure(run) if run.status == WhatIf.Status.FAILED else "",
        **_measured(run),
    }
    if run.result is not None:
        context |= results.shown(request, run) | people.shown(request, run)
    return TemplateResponse(request, "staff/whatif/show.html", context)


@site.page("what-if/<uuid:run_id>/stop/", "whatif_stop")
@guarded("drafts", act="change")
@require_http_methods(["POST"])
def stop(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Stop a run that is not over."""
    run = found(run_id)
    if not roles.may(request.user, "change", "drafts"):
        raise PermissionDenied
    if whatif.cancel(run=run):
        actor = roles.actor(of_staff(request).user)
        audit.record(action="whatif.stopped", actor=actor, object_type="whatif", object_id=str(run.pk))
    return redirect("admin:whatif", run.pk)


def _progress(request: HttpRequest, run: WhatIf) -> HttpResponse:
    if run.status not in whatif.OPEN:
        response = HttpResponse()
        response["HX-Refresh"] = "true"  # there is more to see now
        return response
    return TemplateResponse(request, "staff/whatif/_progress.html", {"run": run, "open": True, **_measured(run)})


def _measured(run: WhatIf) -> dict[str, Any]:
    """How far the run is: a ruler and a sentence."""
    if run.status not in whatif.OPEN:
        return {}
    now = whatif.progress(run)
    if run.status == WhatIf.Status.QUEUED:
        text = _("Waiting for a worker.")
    else:
        text = _("%(done)s of %(sales)s sales replayed.") % {
            "done": words.number(now.sales_done),
            "sales": words.number(now.sales),
        }
    marks = [charts.Mark(1.0, "100 %")]
    return {
        "said": text,
        "again_pass": run.pass_number > 1,
        "percent": f"{100 * now.share:.0f} %",
        "ruler": charts.ruler(now.share, marks, say=text),
    }


def _again(run: WhatIf) -> str:
    """The form with the same programme chosen."""
    address = reverse("admin:whatif_start")
    return f"{address}?draft={run.draft}" if run.draft else address


def _draft(run: WhatIf) -> dict[str, Any] | None:
    """The draft it is of, and whether that was changed since."""
    draft = Draft.objects.filter(pk=run.draft).first() if run.draft else None
    if draft is None:
        return None
    return {
        "link": reverse("admin:draft", args=[draft.pk]),
        "name": draft.name,
        "changed": draft.document != run.document,
        "newer": policies.current().version != run.base_version,
    }
