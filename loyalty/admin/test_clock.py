"""The test clock of a sandbox: what it shows, setting and advancing it, and how far a move has come."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty import clock, policies, roles
from loyalty.admin import words
from loyalty.admin.gate import guarded, of_staff
from loyalty.admin.shell import site
from loyalty.errors import InvalidBody, Refusal
from loyalty.models import ClosedDay
from loyalty.sandbox import moving

SHOWN = 14  # days in the list
SPANS = ("1d", "7d", "30d", "90d", "365d")
ERRORS = {
    "out_of_range": gettext_lazy("At most 400 days at a time."),
    "not_a_time": gettext_lazy("Write a number of days, hours or minutes, such as 90d, 12h or 30m."),
}


class ClockForm(forms.Form):
    """Where to."""

    at = forms.DateTimeField(
        label=gettext_lazy("Set it to"),
        required=False,
        widget=forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"}),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
    )
    span = forms.CharField(label=gettext_lazy("Advance it by"), required=False, max_length=10)


@site.page("clock/", "clock")
@guarded("clock")
def page(request: HttpRequest) -> HttpResponse:
    """GET shows the clock, or that it is real; POST moves it, which a worker does."""
    try:
        state = moving.state()
    except Refusal:
        real = {**site.each_context(request), "title": _("Test clock"), "real": True}
        return TemplateResponse(request, "staff/clock.html", real)
    form = ClockForm(request.POST or None)
    if request.method == "POST":
        if form.is_valid():
            _move(request, form.cleaned_data)
        return redirect("admin:clock")
    zone = policies.current().zone
    now = clock.now().astimezone(zone)
    context: dict[str, Any] = {
        **site.each_context(request),
        "title": _("Test clock"),
        "now": now,
        "zone": zone.key,
        "form": ClockForm(initial={"at": now.replace(tzinfo=None)}),
        "spans": SPANS,
        "state": state,
        "share": round(100 * state.done / state.days) if state.days else 0,
        "target": words.moment(state.target) if state.target else "",
        "closed": [
            (day.day.isoformat(), words.moment(day.closed_at), words.number(sum(day.counts.values())))
            for day in ClosedDay.objects.order_by("-day")[:SHOWN]
        ],
    }
    return TemplateResponse(request, "staff/clock.html", context)


def _move(request: HttpRequest, given: dict[str, Any]) -> None:
    """Ask for a move; say what was wrong where it cannot be."""
    actor = roles.actor(of_staff(request).user)
    wanted: datetime | None = given["at"]
    try:
        if given["span"]:
            moving.ask(target=moving.target_of(given["span"]), actor=actor, field="advance")
        elif wanted is not None:
            zone = policies.current().zone
            moving.ask(target=wanted.replace(tzinfo=zone), actor=actor)
    except InvalidBody as refusal:
        messages.error(request, str(ERRORS.get(refusal.errors[0].code, refusal.detail)))
    except Refusal:
        messages.error(request, _("Somebody is moving the clock: wait until that is done."))
