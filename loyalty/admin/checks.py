"""The books page: what was checked, when, and which row does not add up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from loyalty import audit, books, roles
from loyalty.admin import words
from loyalty.admin.gate import StaffRequest, guarded
from loyalty.admin.shell import site

_KEPT_SECONDS = 30 * 24 * 3600

INVARIANTS: Mapping[str, Any] = {
    "I1": _("house accounts add up to the day book"),
    "I2": _("every balance is the sum of its entries"),
    "I3": _("what is left in lots, less debt, is the balance"),
    "I4": _("nothing was taken from a lot that was not in it"),
    "I5": _("entries are numbered without gaps and follow from each other"),
    "I6": _("nothing is negative without a recorded debt"),
    "I7": _("nothing was taken back twice, nor more than was earned"),
    "I8": _("no event has more seats given than it has"),
    "I9": _("one receipt, one earning; one key, one effect"),
    "I10": _("every fact was passed on or is due"),
    "I11": _("stored tiers are what the purchases say"),
    "I12": _("vouchers and gift cards are within their limits"),
    "I13": _("what caps and budgets count is what was given, less what was taken back"),
}


def _key() -> str:
    return f"staff:books:{connection.settings_dict['NAME']}"


def last() -> books.Report | None:
    """The last run anybody made, if the cache still knows it."""
    kept: books.Report | None = cache.get(_key())
    return kept


def run() -> books.Report:
    """Check the books now and keep the result for the dashboard. Takes about 2 s per million entries."""
    report = books.check()
    cache.set(_key(), report, _KEPT_SECONDS)
    return report


def latest() -> books.Report:
    """The last run, or one made now where there is none."""
    return last() or run()


@site.page("books/", "books")
@guarded("books")
def page(request: StaffRequest) -> HttpResponse:
    """Every invariant with its result; POST checks now."""
    may_check = roles.may(request.user, "do", "check")
    if request.method == "POST" and may_check:
        report = run()
        audit.record(
            action="books.checked",
            actor=roles.actor(request.user),
            data={"problems": len(report.problems)},
        )
        return redirect("admin:books")
    report = latest()
    found: dict[str, list[books.Problem]] = {}
    for problem in report.problems:
        found.setdefault(problem.invariant, []).append(problem)
    context = {
        **site.each_context(request),
        "title": _("Checks of the books"),
        "report": report,
        "at": words.moment(report.as_of),
        "seconds": f"{report.seconds:.1f}",
        "rows": [
            {"code": code, "name": INVARIANTS.get(code, code), "problems": found.get(code, [])}
            for code in sorted({*report.checked, *found}, key=lambda code: (len(code), code))
        ],
        "may_check": may_check,
    }
    return TemplateResponse(request, "staff/books.html", context)
