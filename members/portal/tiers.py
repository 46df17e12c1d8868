"""GET /tiers/: where I am, what is missing, what happens next, what each level gives."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from loyalty import policies
from members.models import Member
from members.portal import frame, standing


@require_safe
@frame.members_only
def view(request: HttpRequest, member: Member) -> HttpResponse:
    """The member's place in every tier group."""
    standings = standing.of(member, policies.current(), get_language() or "en")
    return frame.show(request, "portal/tiers.html", {"standings": standings}, member=member, tab="home")
