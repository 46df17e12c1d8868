"""GET /card/: both codes, large, and the balance."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from loyalty import policies, statements
from members.models import Member
from members.portal import frame, hero, standing


@require_safe
@frame.members_only
def view(request: HttpRequest, member: Member) -> HttpResponse:
    """The page a member shows at the till."""
    programme = policies.current()
    card = hero.of(
        member=member,
        wallet=statements.wallet(member.account_id),
        programme=programme,
        standings=standing.of(member, programme, get_language() or "en"),
    )
    return frame.show(request, "portal/card.html", {"card": card, "both": True}, member=member, tab="card")
