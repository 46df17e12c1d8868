"""The journal of a month as CSV, sent while it is read."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from fractions import Fraction
from typing import cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_safe

from loyalty import audit, money, policies, roles
from loyalty.admin.gate import guarded, of_staff
from loyalty.admin.shell import Echo, plain_cell, site
from loyalty.liability import journal, worth
from loyalty.models import ClosedMonth, Store

from . import vocabulary

HEAD = (
    "posting",
    "posted",
    "dated",
    "store",
    "row",
    "account",
    "account_name",
    "debit_points",
    "credit_points",
    "debit",
    "credit",
    "currency",
    "recorded_later",
)


@site.page("liability/<str:month>/journal.csv", "liability_journal")
@guarded("books")
@require_safe
def send(request: HttpRequest, month: str) -> HttpResponse:
    """Double-entry lines; the same bytes every time for a closed month. Recorded in the audit log."""
    if not roles.may(request.user, "do", "export"):
        raise PermissionDenied
    first = vocabulary.month_of(month)
    closed = ClosedMonth.objects.filter(month=first).first()
    programme = policies.current()
    if closed is not None:
        value, currency = Fraction(str(closed.inputs["point_minor"])), closed.currency
    else:
        value, currency = worth.of_a_point(programme) or Fraction(1), programme.currency
    stores = dict(Store.objects.values_list("pk", "code"))
    audit.record(
        action="journal.exported",
        actor=roles.actor(of_staff(request).user),
        object_type="liability",
        object_id=month,
        data={"closed": closed is not None},
    )
    found = journal.of(first, point_minor=value, stores=stores)
    response = StreamingHttpResponse(_rows(found, currency), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="points-journal-{month}.csv"'
    return cast(HttpResponse, response)  # Django's own types keep the two apart


def _rows(found: Iterator[journal.Line], currency: str) -> Iterator[str]:
    lines = csv.writer(Echo())
    yield "\ufeff" + lines.writerow(HEAD)
    for one in found:
        yield lines.writerow(
            [
                one.number,
                one.posted.isoformat(),
                one.dated.isoformat(),
                plain_cell(one.store),
                one.row,
                one.account,
                plain_cell(one.name),
                one.debit_points,
                one.credit_points,
                money.text(one.debit_minor, currency),
                money.text(one.credit_minor, currency),
                currency,
                "yes" if one.later else "",
            ]
        )
