"""Lists of a correction as CSV: only for those who may export, and recorded."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.translation import gettext as _

from loyalty import audit, clock, roles
from loyalty.admin.gate import of_staff
from loyalty.admin.shell import Echo, plain_cell
from rewards.models import Correction


def of_parts(request: HttpRequest, found: Correction) -> StreamingHttpResponse:
    """Every member of a correction, and what became of it."""
    head = [_("member"), _("sales"), _("granted"), _("due"), _("state"), _("taken"), _("owed"), _("missing")]
    columns = ("member_id", "sales", "granted", "due", "state", "taken", "debt", "missing")
    rows = found.parts.order_by("-due", "id").values_list(*columns).iterator(chunk_size=500)
    return csv_of(request, head, rows, "correction")


def csv_of(request: HttpRequest, head: list[str], rows: Iterable[tuple[Any, ...]], name: str) -> StreamingHttpResponse:
    """Rows as CSV, formulas made harmless; recorded in the audit log."""
    if not roles.may(request.user, "do", "export"):
        raise PermissionDenied
    audit.record(action="list.exported", actor=roles.actor(of_staff(request).user), object_type="correction")
    lines = csv.writer(Echo())

    def text() -> Iterator[str]:
        yield "\ufeff" + lines.writerow([plain_cell(cell) for cell in head])
        for row in rows:
            yield lines.writerow([value if isinstance(value, int) else plain_cell(str(value)) for value in row])

    response = StreamingHttpResponse(text(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}-{clock.now():%Y%m%d}.csv"'
    return response
