"""Who would win and lose most, on the page and as a file; names as the reader may see them."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from loyalty import audit, roles
from loyalty.admin import words
from loyalty.admin.gate import guarded, of_staff
from loyalty.admin.shell import plain_cell, site
from members import masking
from members.models import Profile
from rewards.models import WhatIf


def shown(request: HttpRequest, run: WhatIf) -> dict[str, Any]:
    """Winners and losers for the page; none for whoever may not see members."""
    if not roles.may(request.user, "view", "members"):
        return {"sees_members": False}
    result = run.result or {}
    names = _names(request, result)
    return {
        "sees_members": True,
        "winners": [_row(one, names) for one in result["winners"]],
        "losers": [_row(one, names) for one in result["losers"]],
        "may_export": roles.may(request.user, "do", "export"),
    }


@site.page("what-if/<uuid:run_id>/members.csv", "whatif_members")
@guarded("drafts", act="view")
@require_safe
def as_file(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Winners and losers as CSV; recorded like every list that is taken away."""
    if not (roles.may(request.user, "view", "members") and roles.may(request.user, "do", "export")):
        raise PermissionDenied
    run = WhatIf.objects.filter(pk=run_id, status=WhatIf.Status.DONE).first()
    if run is None or run.result is None:
        raise Http404
    rows = [*run.result["winners"], *reversed(run.result["losers"])]
    names = _names(request, run.result)
    response = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="what-if-{run.created_at:%Y%m%d}.csv"'
    lines = csv.writer(response)
    lines.writerow([_("Member"), _("Name"), _("Points today"), _("Points with the draft"), _("Change")])
    for row in rows:
        name = plain_cell(names.get(row["member"], ""))
        lines.writerow([row["member"], name, row["before"], row["after"], row["after"] - row["before"]])
    audit.record(
        action="list.exported",
        actor=roles.actor(of_staff(request).user),
        object_type="whatif",
        object_id=str(run.pk),
        data={"rows": len(rows)},
    )
    return response


def _names(request: HttpRequest, result: Mapping[str, Any]) -> dict[str, str]:
    """Names by member id, masked unless the reader may see them."""
    ids = [row["member"] for row in [*result["winners"], *result["losers"]]]
    clear = roles.reach(request.user, "do", "contact") is None
    found = Profile.objects.filter(member__in=ids).values_list("member_id", "name")
    return {str(member): (name if clear else masking.name(name)) for member, name in found}


def _row(one: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    return {
        "name": names.get(one["member"]) or _("no name"),
        "link": reverse("admin:members_member_change", args=[one["member"]]),
        "before": words.number(one["before"]),
        "after": words.number(one["after"]),
        "change": words.signed(one["after"] - one["before"]),
    }
