"""GET /: the card first, then what expires, the tier, and the newest activity with its reasons."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from loyalty import policies, statements
from members.models import Member
from members.portal import formats, frame, hero, standing
from rewards.portal import lots, rows

NEWEST = 4


@require_GET
@frame.members_only
def view(request: HttpRequest, member: Member) -> HttpResponse:
    """The home page of a member."""
    programme, language = policies.current(), get_language() or "en"
    wallet = statements.wallet(member.account_id)
    standings = standing.of(member, programme, language)
    found = list(rows.entries(member.account_id)[:NEWEST])
    expiring = [lot for lot in lots.expiring(wallet, programme) if lot.short]
    context = {
        "card": hero.of(member=member, wallet=wallet, programme=programme, standings=standings),
        "expiring": expiring[:1],
        "dated": len(expiring),
        "pending": lots.pending(wallet, programme)[:1],
        "debt": formats.points(wallet.balance["debt"]) if wallet.balance["debt"] else "",
        "held": wallet.balance["held"],
        "tier": next((one for one in standings if one.ruler), None),
        "rows": rows.build(member=member, found=found, programme=programme, language=language),
        "closed": member.status == Member.Status.CLOSED,
    }
    return frame.show(request, "portal/home.html", context, member=member, tab="home")
