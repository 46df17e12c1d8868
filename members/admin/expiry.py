"""Who expires what when, by month; and giving expired points back to a member, with a reason."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty import charts, clock, policies, roles
from loyalty.admin import words
from loyalty.admin.gate import guarded, of_staff
from loyalty.admin.shell import site
from loyalty.errors import InvalidBody, Refusal
from loyalty.models import Entry, Kind
from members import expiring, masking, reinstating
from members.admin import reach
from members.models import Member, Profile, Reinstatement

SHOWN = 50
ERRORS = {
    "reason": gettext_lazy("Please say why, in up to 300 letters."),
    "until": gettext_lazy("The points must count for a day at least, and for ten years at most."),
}
REFUSALS = {
    "own_account": gettext_lazy("This is your own membership: somebody else must do it."),
    "reinstated_before": gettext_lazy("These points were given back before, or somebody has asked for it."),
    "second_person_needed": gettext_lazy("Somebody else than who asked must agree."),
    "daily_limit": gettext_lazy("This would be more than one person may give back in a day."),
    "not_now": gettext_lazy("This is settled, or a day has gone by."),
}
STATES = {
    "waiting": ("wait", gettext_lazy("waits for a second person")),
    "done": ("on", gettext_lazy("given back")),
    "refused": ("off", gettext_lazy("not given back")),
    "lapsed": ("off", gettext_lazy("nobody agreed in time")),
}


class ReinstateForm(forms.Form):
    """Which expiry, until when the points shall count, and why."""

    entry = forms.UUIDField(widget=forms.HiddenInput)
    until = forms.DateField(
        label=gettext_lazy("Last day on which they count"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    reason = forms.CharField(label=gettext_lazy("Reason, for the audit log"), max_length=reinstating.REASON_LENGTH)


@site.page("expiry/", "expiry")
@guarded("ledger", act="view")
def overview(request: HttpRequest) -> HttpResponse:
    """By month: what ends in the next twelve, what has ended in the last; of a chosen month, whose it is."""
    zone = policies.current().zone
    places = roles.reach(request.user, "view", "ledger")
    accounts = None if places is None else list(reach.accounts(places).values_list("account_id", flat=True))
    coming, gone = expiring.to_come(zone, accounts), expiring.gone(zone, accounts)
    month = _month(request.GET.get("month", ""))
    context: dict[str, Any] = {
        **site.each_context(request),
        "title": _("Expiry"),
        "chart": charts.columns(
            [charts.Bar(_name(row.first, short=True), row.points) for row in coming], titled_by="e1"
        ),
        "coming": [_row(row) for row in coming if row.points],
        "gone": [_row(row) for row in gone if row.points],
        "sum": words.number(sum(row.points for row in coming)),
        "never": words.number(expiring.never(accounts)),
        "month": _name(month) if month else "",
        "holders": _holders(request, month, accounts) if month else [],
        "waiting": _waiting(request),
    }
    return TemplateResponse(request, "staff/expiry.html", context)


@site.page("expiry/<uuid:member_id>/", "expired")
@guarded("reinstate")
def expired(request: HttpRequest, member_id: UUID) -> HttpResponse:
    """The expiries of one member; POST gives the points of one back."""
    member = Member.objects.filter(pk=member_id).first()
    if member is None:
        raise Http404
    form = ReinstateForm(request.POST or None)
    if request.method == "POST":
        if form.is_valid() and _do(request, lambda: _reinstate(request, form)):
            return redirect("admin:expired", member_id)
        if not form.is_valid():
            messages.error(request, _("Give a day and a reason."))
    known = {row.entry: row for row in Reinstatement.objects.filter(member=member).order_by("asked_at")}
    entries = Entry.objects.filter(account=member.account_id, kind=Kind.EXPIRE).order_by("-sequence")[:SHOWN]
    zone = policies.current().zone
    context = {
        **site.each_context(request),
        "title": _("Expired points"),
        "member": member,
        "own": reach.is_own(request.user, member),
        "rows": [
            {
                "id": entry.pk,
                "day": words.day(clock.start_of(clock.last_day(entry.occurred_at, zone), zone)),
                "points": words.number(-entry.points),
                "state": words.state(*STATES[known[entry.pk].state]) if entry.pk in known else "",
                "open": entry.pk not in known or known[entry.pk].state in ("refused", "lapsed"),
            }
            for entry in entries
        ],
        "until": clock.months_later(clock.day_of(clock.now(), zone), 1).isoformat(),
        "limit": policies.current().adjustments.second_person_over,
    }
    return TemplateResponse(request, "staff/expired.html", context)


@site.page("expiry/agree/<uuid:request_id>/", "reinstatement")
@guarded("approve")
def settle(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """POST agrees to what somebody asked for, or does not; GET leads to the list."""
    if request.method == "POST":
        user = of_staff(request).user
        if request.POST.get("act") == "refuse":
            _do(request, lambda: reinstating.refuse(reinstatement=request_id, user=user))
        else:
            seen = request.POST.get("content_hash", "")
            _do(request, lambda: reinstating.approve(reinstatement=request_id, content_hash=seen, user=user))
    return redirect("admin:expiry")


def _reinstate(request: HttpRequest, form: ReinstateForm) -> Reinstatement:
    given = form.cleaned_data
    until = clock.end_of(given["until"], policies.current().zone)
    user = of_staff(request).user
    return reinstating.reinstate(entry=given["entry"], until=until, reason=given["reason"], user=user)


def _do(request: HttpRequest, act: Any) -> bool:
    """Do it in a transaction and say what came of it."""
    try:
        with transaction.atomic():
            done = act()
    except InvalidBody as refusal:
        messages.error(request, str(ERRORS.get(refusal.errors[0].field, refusal.detail)))
        return False
    except Refusal as refusal:
        messages.error(request, str(REFUSALS.get(refusal.code, _("This cannot be done any more."))))
        return False
    waits = done.state == Reinstatement.State.WAITING
    messages.success(request, _("Asked. Somebody else must agree within 24 hours.") if waits else _("Done."))
    return True


def _waiting(request: HttpRequest) -> list[dict[str, Any]]:
    """What waits for a second person, for those who may be it."""
    if not roles.may(request.user, "do", "approve"):
        return []
    rows = list(Reinstatement.objects.filter(state="waiting", approve_until__gt=clock.now()).order_by("asked_at"))
    people = words.people([row.asked_by for row in rows])
    own = roles.actor(of_staff(request).user)
    return [
        {
            "id": row.pk,
            "points": words.number(row.points),
            "reason": row.reason,
            "by": words.actor_name(row.asked_by, people),
            "until": words.moment(row.approve_until),
            "content_hash": row.content_hash,
            "own": row.asked_by == own,
        }
        for row in rows
    ]


def _holders(request: HttpRequest, month: date, accounts: Any) -> list[dict[str, Any]]:
    zone = policies.current().zone
    found = expiring.holders(month, zone, accounts, SHOWN)
    names = dict(Profile.objects.filter(pk__in=[row.member for row in found]).values_list("pk", "name"))
    opens = roles.may(request.user, "view", "members")
    return [
        {
            "name": masking.name(names.get(row.member, "")) or _("no name"),
            "link": reverse("admin:members_member_change", args=[row.member]) if opens else "",
            "points": words.number(row.points),
            "first": words.day(clock.start_of(clock.last_day(row.first, zone), zone)),
        }
        for row in found
    ]


def _month(text: str) -> date | None:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        return None


def _name(month: date, *, short: bool = False) -> str:
    return date_format(month, "M" if short else "YEAR_MONTH_FORMAT")


def _row(row: expiring.Month) -> dict[str, Any]:
    return {
        "key": f"{row.first:%Y-%m}",
        "name": _name(row.first),
        "points": words.number(row.points),
        "members": words.number(row.members),
        "lots": words.number(row.lots),
    }
