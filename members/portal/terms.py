"""The programme's terms, for everybody; members accept them here."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from loyalty import clock, policies
from members import locks, markup, terms
from members.models import Member, Terms
from members.portal import formats, frame


@frame.open_page
@require_http_methods(["GET", "HEAD", "POST"])
def view(request: HttpRequest, version: int | None = None) -> HttpResponseBase:
    """GET /terms/ shows what holds now (or one version), and what comes; POST accepts the version that was read."""
    member = frame.member_of(request)
    if member is not None:
        frame.speak(request, member)
        if request.method == "POST":
            return _accept(request, member)
    shown = terms.get(version) if version is not None else _asked(member)
    if version is not None and shown is None:
        raise Http404
    language, coming = get_language() or "en", terms.coming()
    done = {row.terms_id: row for row in terms.accepted(member.pk)} if member is not None else {}
    zone = policies.current().zone
    mine = done.get(shown.pk) if shown else None
    context: dict[str, Any] = {
        "one": shown,
        "text": markup.html(policies.localised(shown.texts, language)) if shown else "",
        "changes": markup.html(policies.localised(shown.changes, language)) if shown and shown.changes else "",
        "from": _day(shown) if shown else "",
        "ahead": bool(shown and shown.valid_from and shown.valid_from > clock.now()),
        "coming": coming if coming and shown and coming.pk != shown.pk else None,
        "coming_from": _day(coming) if coming else "",
        "present": terms.current(),
        "accepted": formats.day_long(clock.day_of(mine.at, zone)) if mine else "",
        "may_accept": member is not None and member.status == Member.Status.ACTIVE and mine is None and _newest(shown),
    }
    return frame.show(request, "portal/terms.html", context, member=member, tab="terms")


def _asked(member: Member | None) -> Terms | None:
    """What a member has yet to accept, else what holds now, else what comes."""
    return (terms.due(member.pk) if member is not None else None) or terms.current() or terms.coming()


def _newest(shown: Terms | None) -> bool:
    newest = terms.coming() or terms.current()
    return shown is not None and newest is not None and shown.version >= newest.version


def _day(found: Terms) -> str:
    at = found.valid_from or found.created_at
    return formats.day_long(clock.day_of(at, policies.current().zone))


def _accept(request: HttpRequest, member: Member) -> HttpResponse:
    given = request.POST.get("version", "")
    if given.isdecimal() and len(given) < 7:
        with transaction.atomic():
            locked = locks.lock(id=member.pk).member
            try:
                terms.accept(member=locked, version=int(given), place="portal", source="member")
            except terms.TermsNotKnown:
                return redirect("portal:terms")
        messages.success(request, _("Thank you. You accepted version %(version)s of the terms.") % {"version": given})
    return redirect("portal:terms")
