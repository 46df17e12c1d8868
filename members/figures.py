"""The programme in numbers, as of now (DESIGN §5)."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Sum

from loyalty import clock, money, policies
from loyalty.ledger import House
from loyalty.models import Account, Entry, Lot
from members import tiers
from members.models import Member, Sale, TierStanding

GONE = (Member.Status.MERGED, Member.Status.ERASED)


def totals() -> dict[str, Any]:
    """Members, sales, spend and points. Read them in one snapshot (`loyalty.snapshots`).

    `issued` is earned less taken back, `redeemed` spent less given back, `expired` and `adjusted` are signed,
    `outstanding` is the closing total. Points past their date count as expired whether or not a job has run.
    """
    programme = policies.current()
    sold = Sale.objects.filter(status=Sale.Status.SOLD)
    spend = {programme.currency: 0}
    spend |= dict(sold.values_list("currency").annotate(minor=Sum("total_minor")))
    houses: dict[str, int] = dict(Entry.objects.values_list("house").annotate(points=Sum("points")))
    due = Lot.objects.filter(expires_at__lte=clock.now(), remaining__gt=0)
    overdue = due.aggregate(points=Sum("remaining"))["points"] or 0
    total = Account.objects.aggregate(points=Sum("total"))["points"] or 0
    return {
        "members": Member.objects.exclude(status__in=GONE).count(),
        "members_by_tier": members_by_tier(programme),
        "sales": sold.count(),
        "spend": {currency: money.text(minor, currency) for currency, minor in spend.items()},
        "points": {
            "issued": houses.get(House.ISSUED, 0),
            "redeemed": -houses.get(House.REDEEMED, 0),
            "expired": houses.get(House.EXPIRED, 0) - overdue,
            "adjusted": houses.get(House.ADJUSTED, 0),
            "outstanding": total - overdue,
        },
    }


def members_by_tier(programme: policies.Policies) -> dict[str, int]:
    """Members at each level of the first tier group, lowest first; who is below the lowest is in none."""
    counts: dict[str, int] = {}
    for group in tiers.compiled(programme)[:1]:
        standings = TierStanding.objects.filter(group=group.code).exclude(member__status__in=GONE)
        found = dict(standings.values_list("level").annotate(members=Count("pk")))
        counts = {level.code: found.get(level.code, 0) for level in group.levels}
    return counts
