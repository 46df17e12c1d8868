"""GET /: the card first, then what expires, the tier, and the newest activity with its reasons."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from loyalty import clock, policies, statements
from loyalty.models import Entry
from loyalty.policies import Policies
from members.models import Member
from members.portal import formats, frame, hero, signin, standing
from rewards.portal import lots, rows, stamps

NEWEST = 4
QUIET_DAYS = 60  # after which the page says that nothing is newer


@require_safe
def view(request: HttpRequest) -> HttpResponseBase:
    """The home page of a member; a stranger finds the sign-in here."""
    return of_member(request) if frame.member_of(request) else signin.sign_in(request)


@frame.members_only
def of_member(request: HttpRequest, member: Member) -> HttpResponse:
    """The member's home."""
    programme, language = policies.current(), get_language() or "en"
    wallet = statements.wallet(member.account_id)
    standings = standing.of(member, programme, language)
    found = list(rows.entries(member.account_id)[:NEWEST])
    expiring = [lot for lot in lots.expiring(wallet, programme) if lot.short]
    closed = member.status == Member.Status.CLOSED
    context = {
        "card": hero.of(member=member, wallet=wallet, programme=programme, standings=standings),
        "expiring": expiring[:1],
        "dated": len(expiring),
        "pending": lots.pending(wallet, programme)[:1],
        "debt": wallet.balance["debt"],
        "held": wallet.balance["held"],
        "tier": next((one for one in standings if one.ruler), None),
        "rows": rows.build(member=member, found=found, programme=programme, language=language),
        "quiet_since": _quiet_since(found, programme),
        "cards": stamps.of(member, programme, language, clock.now()),
        "invitation": None if closed else stamps.invitation(member, programme, request.build_absolute_uri("/")[:-1]),
        "closed": closed,
    }
    return frame.show(request, "portal/home.html", context, member=member, tab="home")


def _quiet_since(found: list[Entry], programme: Policies) -> str:
    """The day of the newest entry where that is long ago, so that old rows are not taken for fresh ones."""
    if not found:
        return ""
    day = rows.day_of(found[0], programme)
    return formats.day_long(day) if (formats.today(programme.zone) - day).days > QUIET_DAYS else ""
