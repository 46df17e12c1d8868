"""One month of the liability: what would be closed, with one's own estimate, or what was closed and stays so."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from loyalty import money, policies, roles
from loyalty.admin import words
from loyalty.admin.gate import guarded, of_staff
from loyalty.admin.shell import site
from loyalty.liability import closing, reporting, worth
from loyalty.liability.reporting import Inputs
from loyalty.models import ClosedMonth
from members import turnover

from . import shown, vocabulary


class Estimate(forms.Form):
    """What a person puts in: expected redemption in percent, the worth of a point, and why."""

    rate = forms.DecimalField(
        label=gettext_lazy("Expected redemption, in percent of the points issued"),
        min_value=0, max_value=100, decimal_places=2,
        widget=forms.NumberInput(attrs={"step": "0.01", "inputmode": "decimal"}),
    )  # fmt: skip
    value = forms.DecimalField(
        label=gettext_lazy("What one point is worth"),
        min_value=0, max_digits=14, decimal_places=6,
        widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"}),
    )  # fmt: skip
    method = forms.ChoiceField(
        label=gettext_lazy("How it was estimated"), choices=[(code, name) for code, name in vocabulary.METHODS.items()]
    )


class Reason(forms.Form):
    """What closing asks for besides. `seen` is the closing balance that the person saw."""

    note = forms.CharField(label=gettext_lazy("Basis of the estimate, kept with the month"), max_length=300)
    seen = forms.IntegerField()


@site.page("liability/<str:month>/", "liability_month")
@guarded("books")
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, month: str) -> HttpResponse:
    """GET shows the month; POST closes it."""
    first = vocabulary.month_of(month)
    closed = ClosedMonth.objects.filter(month=first).first()
    if closed is not None:
        if request.method == "POST":
            messages.error(request, str(vocabulary.HINDRANCES["closed"]))
        return _closed(request, closed)
    if request.method == "POST":
        return _close(request, first)
    return _open(request, first)


def _frame(request: HttpRequest, month: date, figures: dict[str, Any], currency: str) -> dict[str, Any]:
    return {
        **site.each_context(request),
        "title": _("Points liability, %(month)s") % {"month": vocabulary.month(month)},
        "code": f"{month:%Y-%m}",
        "name": vocabulary.month(month),
        "before": f"{closing.before(month):%Y-%m}",
        "after": f"{closing.next_month(month):%Y-%m}",
        "may_export": roles.may(request.user, "do", "export"),
        **shown.of(figures, month, currency),
    }


def _closed(request: HttpRequest, closed: ClosedMonth) -> HttpResponse:
    later = shown.later(closed)
    until = closing.next_month(closed.month)
    context = {
        **_frame(request, closed.month, closed.figures, closed.currency),
        "closed": {
            "at": words.moment(closed.closed_at),
            "by": words.actor_name(closed.actor, words.people([closed.actor])),
            "rate": vocabulary.percent(closing.rate_of(closed)),
            "value": _value(Fraction(str(closed.inputs["point_minor"])), closed.currency),
            "method": vocabulary.METHODS.get(str(closed.inputs["method"]), ""),
            "note": closed.inputs["note"],
            "fingerprint": closed.fingerprint,
            "holds": closing.holds(closed),
        },
        "later": later,
        "later_link": vocabulary.entries(closed.month, until, later=True),
    }
    return TemplateResponse(request, "staff/liability/month.html", context)


def _value(point_minor: Fraction, currency: str) -> str:
    exact = Decimal(point_minor.numerator) / Decimal(point_minor.denominator * 10 ** money.decimals(currency))
    return f"{exact:.6f}".rstrip("0").rstrip(".") + f" {currency}"


def _open(request: HttpRequest, month: date, *, status: int = 200, reason: Reason | None = None) -> HttpResponse:
    programme = policies.current()
    end = closing.end_of(month)
    measures = reporting.measure(month, end)
    suggestions = {
        "cohorts": reporting.suggested(measures.triangle),
        "behaviour": reporting.suggested_by_behaviour(measures.triangle, measures.quiet),
    }
    said = request.POST if request.method == "POST" else request.GET
    form = Estimate(said) if "rate" in said else Estimate(initial=_initial(suggestions, programme))
    inputs = _inputs(form, programme) if form.is_bound and form.is_valid() else _default(suggestions, programme)
    ready = closing.preview(month=month, inputs=inputs, sales=turnover.by_month(end), measures=measures)
    context = {
        **_frame(request, month, ready.figures, programme.currency),
        "closed": None,
        "form": form,
        "reason": reason or Reason(),
        "seen": ready.book.whole.closing,
        "suggested": [
            (vocabulary.METHODS[code], vocabulary.percent(rate), _with(code, rate, inputs, programme))
            for code, rate in suggestions.items()
        ],
        "worth_said": worth.of_a_point(programme) is not None,
        "currency": programme.currency,
        "hindrances": [vocabulary.HINDRANCES[one.code] for one in ready.hindrances],
        "may_close": roles.may(request.user, "do", "close"),
    }
    return TemplateResponse(request, "staff/liability/month.html", context, status=status)


def _initial(suggestions: dict[str, Fraction], programme: policies.Policies) -> dict[str, Any]:
    default = _default(suggestions, programme)
    return {"rate": _decimal(default.rate * 100), "value": _major(default, programme), "method": default.method}


def _default(suggestions: dict[str, Fraction], programme: policies.Policies) -> Inputs:
    """What the last month was closed with, else the estimate by month of issue and the programme's own worth."""
    value = worth.of_a_point(programme) or Fraction(1)
    previous = closing.last()
    if previous is not None and previous.inputs["method"] == "own":
        return Inputs(closing.rate_of(previous), value, "own")
    return Inputs(suggestions["cohorts"], value, "cohorts")


def _inputs(form: Estimate, programme: policies.Policies, note: str = "") -> Inputs:
    given = form.cleaned_data
    value = Fraction(given["value"]) * 10 ** money.decimals(programme.currency)
    return Inputs(Fraction(given["rate"]) / 100, value, given["method"], note)


def _decimal(exact: Fraction) -> str:
    return f"{Decimal(exact.numerator) / Decimal(exact.denominator):f}"


def _major(inputs: Inputs, programme: policies.Policies) -> str:
    return _value(inputs.point_minor, programme.currency).partition(" ")[0]


def _with(code: str, rate: Fraction, inputs: Inputs, programme: policies.Policies) -> str:
    return f"?rate={_decimal(rate * 100)}&value={_major(inputs, programme)}&method={code}"


def _close(request: HttpRequest, month: date) -> HttpResponse:
    if not roles.may(request.user, "do", "close"):
        raise PermissionDenied
    form, reason = Estimate(request.POST), Reason(request.POST)
    if not (form.is_valid() and reason.is_valid()):
        messages.error(request, _("Nothing was closed. Please say what the estimate is based on."))
        return _open(request, month, status=422, reason=reason)
    programme, actor = policies.current(), roles.actor(of_staff(request).user)
    inputs = _inputs(form, programme, reason.cleaned_data["note"])
    sales = turnover.by_month(closing.end_of(month))
    try:
        closing.close(
            month=month,
            inputs=inputs,
            sales=sales,
            actor=actor,
            reason=inputs.note,
            seen=reason.cleaned_data["seen"],
        )
    except closing.MonthRefused as refusal:
        messages.error(request, str(vocabulary.HINDRANCES[refusal.code]))
        return _open(request, month, status=422, reason=reason)
    messages.success(request, _("%(month)s is closed.") % {"month": vocabulary.month(month)})
    return redirect(reverse("admin:liability_month", args=[f"{month:%Y-%m}"]))
