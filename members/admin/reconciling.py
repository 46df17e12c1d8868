"""Reconciliation on the staff side: upload a till's file, see days and receipts that do not agree, take them as CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any, cast
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from loyalty import audit, money, policies, roles
from loyalty.admin import words
from loyalty.admin.gate import guarded, of_staff
from loyalty.admin.shell import Echo, plain_cell, site
from loyalty.models import Store
from members import reconciliation
from members.admin.liability import vocabulary
from members.models import Difference, ReconciledDay, Reconciliation, Sale
from members.reconciliation.reading import MOST_BYTES

SHOWN = 200  # days or differences on a page; the file has all
WHAT: dict[str, Any] = {
    "missing_here": gettext_lazy("not reported to us"),
    "missing_there": gettext_lazy("the till does not know it"),
    "amount": gettext_lazy("another amount"),
    "day": gettext_lazy("on another day here"),
    "voided": gettext_lazy("voided here"),
}
UNREADABLE: dict[str, Any] = {
    "too_large": gettext_lazy("The file is larger than 10 MiB."),
    "not_utf8": gettext_lazy("The file is not UTF-8 text. Save it as “CSV UTF-8”."),
    "not_csv": gettext_lazy("The file is not a CSV file."),
    "head": gettext_lazy(
        "The first line must name the columns: store, day, receipt, amount; or store, day, count, total."
    ),
    "empty": gettext_lazy("The file has no rows."),
    "too_many": gettext_lazy("The file has more than 100,000 rows."),
    "rows": gettext_lazy("Nothing was compared: some rows are not right."),
}
WRONG: dict[str, Any] = {
    "columns": gettext_lazy("has another number of columns than the first line"),
    "store": gettext_lazy("names a store that does not exist"),
    "day": gettext_lazy("is not a day written as 2026-10-31"),
    "money": gettext_lazy("is not an amount such as 19.90"),
    "decimals": gettext_lazy("has more decimals than the currency"),
    "receipt": gettext_lazy("is empty or longer than 100 letters"),
    "count": gettext_lazy("is not a whole number"),
    "twice": gettext_lazy("stands in the file twice"),
}


class Upload(forms.Form):
    """A till's file."""

    file = forms.FileField(
        label=gettext_lazy("The till's file (CSV)"), widget=forms.ClearableFileInput(attrs={"accept": ".csv"})
    )


@site.page("reconciliation/", "reconciliation")
@guarded("reconciliations", act="view")
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Days that were compared, those that do not agree first; POST compares a file."""
    if request.method == "POST":
        return _compare(request)
    return _list(request)


def _compare(request: HttpRequest) -> HttpResponse:
    if not roles.may(request.user, "do", "reconcile"):
        raise PermissionDenied
    form = Upload(request.POST, request.FILES)
    if not form.is_valid():
        return _list(request, form=form, status=422)
    upload = form.cleaned_data["file"]
    try:
        if upload.size > MOST_BYTES:
            raise reconciliation.Unreadable("too_large")
        content = upload.read()
        rows = reconciliation.read(content, currency=policies.current().currency)
    except reconciliation.Unreadable as wrong:
        return _list(request, wrong=wrong, status=422)
    statement = reconciliation.Statement(rows=rows, content=content, source="file", name=upload.name or "")
    done = reconciliation.reconcile(statement=statement, actor=roles.actor(of_staff(request).user))
    if done.repeated:
        messages.info(request, _("This file was compared before: here is what came out then. Nothing was added."))
    return redirect("admin:reconciliation_one", done.reconciliation.pk)


def _list(
    request: HttpRequest,
    *,
    form: Upload | None = None,
    wrong: reconciliation.Unreadable | None = None,
    status: int = 200,
) -> HttpResponse:
    stores = list(Store.objects.all())
    store, state = request.GET.get("store", ""), request.GET.get("state", "")
    days = ReconciledDay.objects.select_related("store", "reconciliation").annotate(found=Count("differences"))
    if store in {one.code for one in stores}:
        days = days.filter(store__code=store)
    if state in ("agrees", "differs"):
        days = days.filter(agrees=state == "agrees")
    found = list(days.order_by("-day", "store__code", "-reconciliation__created_at")[: SHOWN + 1])
    context = {
        **site.each_context(request),
        "title": _("Reconciliation"),
        "days": [_day(one) for one in found[:SHOWN]],
        "more": len(found) > SHOWN,
        "stores": [(one.code, words.store_name(one), one.code == store) for one in stores],
        "states": [
            ("", _("all days"), state == ""),
            ("differs", _("do not agree"), state == "differs"),
            ("agrees", _("agree"), state == "agrees"),
        ],
        "filtered": bool(store or state),
        "store": store,
        "state": state,
        "form": form or Upload(),
        "may_compare": roles.may(request.user, "do", "reconcile"),
        "wrong": UNREADABLE[wrong.code] if wrong else "",
        "wrong_rows": [(one.line, one.column, WRONG[one.code]) for one in wrong.errors] if wrong else [],
        "wrong_more": max(wrong.wrong - len(wrong.errors), 0) if wrong else 0,
    }
    return TemplateResponse(request, "staff/reconciliation/list.html", context, status=status)


def _day(one: ReconciledDay) -> dict[str, Any]:
    currency = one.reconciliation.currency
    return {
        "id": one.reconciliation_id,
        "day": vocabulary.day(one.day),
        "store": words.store_name(one.store),
        "theirs": words.amount(one.theirs_minor, currency),
        "theirs_count": words.number(one.theirs_count or 0),
        "ours": words.amount(one.ours_minor, currency),
        "ours_count": words.number(one.ours_count),
        "gap": "–" if one.ours_minor == one.theirs_minor else _gap(one.ours_minor - one.theirs_minor, currency),
        "state": words.state("on", _("agrees")) if one.agrees else words.state("bad", _("does not agree")),
        "differences": words.number(getattr(one, "found", 0)) if one.by_receipt else _("totals only"),
    }


def _gap(minor: int, currency: str) -> str:
    return f"{'+' if minor > 0 else ''}{words.amount(minor, currency)}"


def _found(run: UUID) -> Reconciliation:
    made = Reconciliation.objects.filter(pk=run).first()
    if made is None:
        raise Http404
    return made


def _differences(made: Reconciliation, what: str) -> QuerySet[Difference]:
    rows = Difference.objects.filter(day__reconciliation=made).select_related("day__store", "sale")
    if what in WHAT:
        rows = rows.filter(what=what)
    return rows.order_by("day__day", "day__store__code", "receipt", "what")


@site.page("reconciliation/<uuid:run>/", "reconciliation_one")
@guarded("reconciliations", act="view")
@require_safe
def one(request: HttpRequest, run: UUID) -> HttpResponse:
    """One comparison: its days, and the receipts that differ."""
    made, what = _found(run), request.GET.get("what", "")
    rows = list(_differences(made, what)[: SHOWN + 1])
    counts = dict(_differences(made, "").order_by().values_list("what").annotate(n=Count("pk")))
    days = made.days.select_related("store", "reconciliation").annotate(found=Count("differences"))
    came = _reported_since(rows)
    context = {
        **site.each_context(request),
        "title": _("Reconciliation of %(name)s") % {"name": made.name or _("the API")},
        "made": made,
        "at": words.moment(made.created_at),
        "by": words.actor_name(made.actor, words.people([made.actor])),
        "days": [_day(day) for day in days.order_by("agrees", "day", "store__code")[:SHOWN]],
        "rows": [_row(row, made.currency, came) for row in rows[:SHOWN]],
        "more": len(rows) > SHOWN,
        "kinds": [
            ("", _("all differences"), words.number(sum(counts.values())), what == ""),
            *[(code, name, words.number(counts[code]), code == what) for code, name in WHAT.items() if code in counts],
        ],
        "returns": words.number(made.returns) if made.returns else "",
        "may_export": roles.may(request.user, "do", "export"),
        "what": what,
    }
    return TemplateResponse(request, "staff/reconciliation/one.html", context)


def _reported_since(rows: list[Difference]) -> set[tuple[Any, str]]:
    """Which receipts that were missing here have been reported meanwhile: (store, receipt)."""
    missing = [row for row in rows if row.what == Difference.What.MISSING_HERE]
    found = Sale.objects.filter(
        store__in={row.day.store_id for row in missing}, receipt__in=[row.receipt for row in missing]
    )
    return set(found.values_list("store_id", "receipt")) if missing else set()


def _row(row: Difference, currency: str, came: set[tuple[Any, str]]) -> dict[str, Any]:
    decision = row.sale.decision_id if row.sale else None
    return {
        "receipt": row.receipt,
        "day": vocabulary.day(row.day.day),
        "store": words.store_name(row.day.store),
        "what": WHAT[row.what],
        "since": (row.day.store_id, row.receipt) in came,
        "theirs": words.amount(row.theirs_minor, currency) if row.theirs_minor is not None else "–",
        "ours": words.amount(row.ours_minor, currency) if row.ours_minor is not None else "–",
        "decision": decision,
    }


@site.page("reconciliation/<uuid:run>/differences.csv", "reconciliation_file")
@guarded("reconciliations", act="view")
@require_safe
def as_file(request: HttpRequest, run: UUID) -> HttpResponse:
    """All differences of a comparison as CSV; recorded like every list that is taken away."""
    if not roles.may(request.user, "do", "export"):
        raise PermissionDenied
    made = _found(run)
    rows = _differences(made, request.GET.get("what", ""))
    audit.record(
        action="list.exported",
        actor=roles.actor(of_staff(request).user),
        object_type="reconciliation",
        object_id=str(made.pk),
        data={"rows": rows.count()},
    )
    response = StreamingHttpResponse(_lines(made, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="differences-{made.created_at:%Y%m%d}.csv"'
    return cast(HttpResponse, response)  # Django's own types keep the two apart


def _lines(made: Reconciliation, rows: QuerySet[Difference]) -> Iterator[str]:
    lines = csv.writer(Echo())
    yield "\ufeff" + lines.writerow(["store", "day", "receipt", "difference", "till", "here", "currency"])
    for row in rows.iterator(chunk_size=500):
        amounts = [
            "" if minor is None else money.text(minor, made.currency) for minor in (row.theirs_minor, row.ours_minor)
        ]
        yield lines.writerow(
            [
                plain_cell(row.day.store.code),
                row.day.day.isoformat(),
                plain_cell(row.receipt),
                row.what,
                *amounts,
                made.currency,
            ]
        )
