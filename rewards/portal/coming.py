"""The tabs of what the programme does not offer yet: honest empty pages, so that no tab is a dead end."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from loyalty import policies, statements
from members.models import Member
from members.portal import formats, frame, hero


@require_safe
@frame.members_only
def rewards(request: HttpRequest, member: Member) -> HttpResponse:
    """GET /rewards/: the points one has, and that nothing is offered for them yet."""
    wallet = statements.wallet(member.account_id)
    available = wallet.balance["available"]
    context = {
        "number": available,
        "available": formats.points(available),
        "worth": hero.worth(available, policies.current()),
    }
    return frame.show(request, "portal/rewards.html", context, member=member, tab="rewards")


@require_safe
@frame.members_only
def events(request: HttpRequest, member: Member) -> HttpResponse:
    """GET /events/: that none is planned yet."""
    return frame.show(request, "portal/events.html", {}, member=member, tab="events")
