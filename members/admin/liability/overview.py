"""The liability book: opening, what moved, closing; by month and by store, with the chart, for any period."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from loyalty import charts, clock, policies, roles
from loyalty.admin import words
from loyalty.admin.gate import guarded
from loyalty.admin.shell import site
from loyalty.liability import book, closing, naming
from loyalty.models import ClosedMonth, Store

from . import vocabulary

MONTHS = 12
MOST_DAYS = 366 * 10


class Period(forms.Form):
    """From which day to which, both included."""

    since = forms.DateField(label=gettext_lazy("from"), widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=gettext_lazy("to"), widget=forms.DateInput(attrs={"type": "date"}))

    def clean(self) -> dict[str, Any]:
        """In order, and not endless."""
        given: dict[str, Any] = super().clean() or {}
        since, until = given.get("since"), given.get("until")
        if since and until and not timedelta() <= until - since <= timedelta(days=MOST_DAYS):
            raise forms.ValidationError(_("The period ends before it begins, or is longer than ten years."))
        return given


@site.page("liability/", "liability")
@guarded("books")
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The book of the last twelve months, or of the days asked for."""
    since, through, form = _period(request)
    until = through + timedelta(days=1)
    found = book.of(since, until)
    closed = dict(ClosedMonth.objects.values_list("month", "closed_at"))
    rows = [row for row in naming.ROWS if any(step.moved[row] for step in found.steps.values())]
    overdue = book.overdue() if until > clock.day_of(clock.now(), policies.current().zone) else 0
    previous = closing.last()
    context = {
        **site.each_context(request),
        "title": _("Points liability"),
        "form": form,
        "wrong": form.is_bound and not form.is_valid(),
        "span": _("%(first)s to %(last)s") % {"first": vocabulary.day(since), "last": vocabulary.day(through)},
        "opening": words.number(found.whole.opening),
        "closing": words.number(found.whole.closing),
        "overdue": words.number(overdue) if overdue else "",
        "after_overdue": words.number(found.whole.closing - overdue),
        "unnamed": found.whole.moved[naming.UNNAMED] != 0,
        "summary": [
            (vocabulary.ROWS[row], vocabulary.cell(found.whole.moved[row], vocabulary.entries(since, until, row)))
            for row in rows
        ],
        "flow": charts.bars([_bar(start, step) for start, step in found.steps.items()], titled_by="l-flow")
        if found.steps
        else "",
        "heads": [vocabulary.ROWS[row] for row in rows],
        "months": [_month(start, step, rows, (since, until), closed) for start, step in found.steps.items()][::-1],
        "total": [vocabulary.cell(found.whole.moved[row], "")["value"] for row in rows],
        "stores": _stores(found, rows, since, until),
        "next": closing.next_month(previous.month) if previous else None,
        "next_name": vocabulary.month(closing.next_month(previous.month)) if previous else "",
        "may_export": roles.may(request.user, "do", "export"),
    }
    return TemplateResponse(request, "staff/liability/overview.html", context)


def _period(request: HttpRequest) -> tuple[date, date, Period]:
    """First and last day: those asked for, else the last twelve months that have entries or are running."""
    form = Period(request.GET) if "since" in request.GET else Period()
    if form.is_bound and form.is_valid():
        return form.cleaned_data["since"], form.cleaned_data["until"], form
    today = clock.day_of(clock.now(), policies.current().zone)
    first = today.replace(day=1)
    for _step in range(MONTHS - 1):
        first = closing.before(first)
    last = closing.next_month(today) - timedelta(days=1)
    return first, last, form if form.is_bound else Period(initial={"since": first, "until": last})


def _bar(start: date, step: book.Account) -> charts.Bar:
    moved = step.moved
    return charts.Bar(
        vocabulary.short_month(start),
        max(moved[naming.ISSUED] + moved[naming.TAKEN_BACK], 0),
        (
            max(-moved[naming.REDEEMED] - moved[naming.GIVEN_BACK], 0),
            max(-moved[naming.EXPIRED] - moved[naming.REINSTATED], 0),
        ),
    )


def _month(
    start: date, step: book.Account, rows: list[str], span: tuple[date, date], closed: dict[date, Any]
) -> dict[str, Any]:
    since, until = max(start, span[0]), min(closing.next_month(start), span[1])
    return {
        "code": f"{start:%Y-%m}",
        "name": vocabulary.month(start),
        "closed": words.day(closed[start]) if start in closed else "",
        "open": start > max(closed, default=date.min),
        "opening": words.number(step.opening),
        "cells": [vocabulary.cell(step.moved[row], vocabulary.entries(since, until, row)) for row in rows],
        "closing": words.number(step.closing),
    }


def _stores(found: book.Book, rows: list[str], since: date, until: date) -> list[dict[str, Any]]:
    stores = {store.pk: store for store in Store.objects.all()}
    shown = []
    for key, one in found.stores.items():
        store = stores.get(key) if key else None
        code = store.code if store else ""
        links = [vocabulary.entries(since, until, row, store=code) if code else "" for row in rows]
        shown.append(
            {
                "name": words.store_name(store) if store else _("No store"),
                "opening": words.number(one.opening),
                "cells": [vocabulary.cell(one.moved[row], link) for row, link in zip(rows, links, strict=True)],
                "closing": words.number(one.closing),
            }
        )
    return sorted(shown, key=lambda row: str(row["name"]))
