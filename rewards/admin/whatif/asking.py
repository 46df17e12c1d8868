"""The page where a what-if is asked: which programme, which period; and what was asked before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from loyalty import audit, policies, roles
from loyalty.admin import words
from loyalty.admin.gate import guarded, of_staff
from loyalty.admin.shell import site
from loyalty.models import Programme
from rewards import programme_file, whatif
from rewards.models import Draft, WhatIf
from rewards.whatif import periods

from . import vocabulary

SHOWN = 30  # earlier runs
MOST_BYTES = 1024 * 1024


class Asked(forms.Form):
    """What was chosen. `source` is `draft:ID`, `version:N` or `file`."""

    source = forms.CharField(label=gettext_lazy("Programme to try"))
    text = forms.CharField(label=gettext_lazy("Programme file"), required=False, strip=False)
    file = forms.FileField(label=gettext_lazy("or upload it"), required=False)
    period = forms.CharField(label=gettext_lazy("Sales of"))
    since = forms.DateField(label=gettext_lazy("from"), required=False)
    until = forms.DateField(label=gettext_lazy("to"), required=False)
    as_dated = forms.BooleanField(required=False)


class Unusable(ValueError):  # noqa: N818  (an answer, not a fault)
    """Something that was chosen cannot be used; the words say what, and what to do."""


@site.page("what-if/", "whatif_start")
@guarded("drafts", act="view")
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """The form, and what was asked before; POST starts a run."""
    if request.method != "POST":
        return _page(request)
    if not roles.may(request.user, "change", "drafts"):
        raise PermissionDenied
    form = Asked(request.POST, request.FILES)
    try:
        if not form.is_valid():
            raise Unusable(_("Choose a programme and a period."))
        run = _begin(request, form.cleaned_data)
    except Unusable as wrong:
        return _page(request, notice=str(wrong), status=422)
    except whatif.WhatIfRefused as wrong:
        return _page(request, notice=vocabulary.refusal(wrong), status=422)
    return redirect("admin:whatif", run.pk)


def _begin(request: HttpRequest, asked: Mapping[str, Any]) -> WhatIf:
    name, document, draft = _programme(asked)
    period = _period(asked)
    actor = roles.actor(of_staff(request).user)
    run = whatif.start(
        document=document,
        name=name,
        since=period.since,
        until=period.until,
        actor=actor,
        draft=draft,
        as_dated=asked["as_dated"],
    )
    audit.record(action="whatif.started", actor=actor, object_type="whatif", object_id=str(run.pk))
    return run


def _programme(asked: Mapping[str, Any]) -> tuple[str, Mapping[str, Any], UUID | None]:
    """Name, document, and the draft it is of."""
    kind, _colon, key = asked["source"].partition(":")
    if kind == "draft":
        try:
            draft = Draft.objects.filter(pk=UUID(key)).first()
        except ValueError:
            draft = None
        if draft is None:
            raise Unusable(_("There is no such draft any more. Choose another one."))
        return draft.name, draft.document, draft.pk
    if kind == "version" and key.isascii() and key.isdigit():
        version = Programme.objects.filter(version=int(key[:9])).first()
        if version is not None:
            return vocabulary.kept_name(version.version), version.document, None
    if kind == "file":
        return _file(asked)
    raise Unusable(_("Choose a programme and a period."))


def _file(asked: Mapping[str, Any]) -> tuple[str, Mapping[str, Any], None]:
    upload, text = asked.get("file"), asked["text"]
    if upload is not None:
        if upload.size > MOST_BYTES:
            raise Unusable(_("The file is larger than 1 MiB."))
        try:
            text = upload.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise Unusable(_("The file is not UTF-8 text.")) from None
    if not text.strip():
        raise Unusable(_("Paste a programme file, or choose one to upload."))
    wrong = [one for one in programme_file.check(text) if one.severity == "error"]
    if wrong:
        first = wrong[0]
        place = (
            _("line %(line)d, %(place)s") % {"line": first.line, "place": first.place} if first.line else first.place
        )
        raise Unusable(
            _("The file cannot be used, nothing was started. %(place)s: %(detail)s")
            % {"place": place, "detail": f"{first.detail} {first.mend}".strip()}
        )
    return (upload.name if upload is not None else _("Pasted file")), programme_file.read(text).document, None


def _period(asked: Mapping[str, Any]) -> periods.Period:
    zone = policies.current().zone
    for period in periods.presets(zone):
        if period.code == asked["period"]:
            return period
    first, last = asked["since"], asked["until"]
    if asked["period"] != "days" or first is None or last is None:
        raise Unusable(_("Choose a period, or say from which day to which."))
    if last < first or last == date.max:
        raise Unusable(_("The period ends before it begins."))
    return periods.between("days", first, last, zone)


def _page(request: HttpRequest, *, notice: str = "", status: int = 200) -> HttpResponse:
    present = policies.current()
    posted = request.POST
    offered = periods.presets(present.zone)
    drafts = list(Draft.objects.filter(state=Draft.State.OPEN).order_by("-changed_at")[:100])
    versions = Programme.objects.exclude(version=present.version).order_by("-version").values_list("version", flat=True)
    source = posted.get("source") or _asked_for(request, drafts)
    known = {str(draft.pk) for draft in drafts}
    context = {
        **site.each_context(request),
        "title": _("What if"),
        "notice": notice,
        "may_ask": roles.may(request.user, "change", "drafts"),
        "present": present.version,
        "sources": [
            *[(f"draft:{draft.pk}", _("Draft: %(name)s") % {"name": draft.name}) for draft in drafts],
            *[(f"version:{number}", vocabulary.version(number)) for number in versions[:50]],
            ("file", _("A programme file, below")),
        ],
        "source": source,
        "gone": source.startswith("draft:") and source.removeprefix("draft:") not in known,
        "periods": [(one.code, vocabulary.preset(one.code), vocabulary.days(one.first, one.last)) for one in offered],
        "period": posted.get("period") or periods.DEFAULT,
        "posted": posted,
        "zone": str(present.zone),
        "runs": [
            _row(run) for run in WhatIf.objects.defer("document", "result", "limits").order_by("-created_at")[:SHOWN]
        ],
    }
    return TemplateResponse(request, "staff/whatif/start.html", context, status=status)


def _asked_for(request: HttpRequest, drafts: list[Draft]) -> str:
    """What the address names, else the newest draft, else a file."""
    if draft := request.GET.get("draft"):
        return f"draft:{draft}"
    if version := request.GET.get("version"):
        return f"version:{version}"
    return f"draft:{drafts[0].pk}" if drafts else "file"


def _row(run: WhatIf) -> dict[str, Any]:
    people = words.people([run.actor])
    return {
        "id": run.pk,
        "name": vocabulary.name(run),
        "state": vocabulary.state(run),
        "days": vocabulary.span(run),
        "sales": words.number(run.sales) if run.started_at else "",
        "by": words.actor_name(run.actor, people),
        "when": words.moment(run.created_at),
    }
