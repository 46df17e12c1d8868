"""Points that end through inactivity: what a member does moves the end of what is left (docs/expiry.md).

Such a lot knows the terms it was granted under. A sale, a redemption, a booking or another activity that they name
moves the end of every open lot of the account that ends sooner; the row that says why is written first and never
changes, and each lot names the last one. A date never moves to an earlier one, and points that have ended stay so.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import Min, Q

from loyalty import clock, idle, policies, rows
from loyalty.models import Account, Lot, Renewal


def renew(*, account: Account, by: str, at: datetime, reference: str) -> list[Renewal]:
    """Something happened (`by`: sale, redemption, booking, or the kind of an activity) at `at`: move what ends sooner.

    Takes a locked account, after the points of what happened are written. Costs nothing where no lot of it ends
    through inactivity. Returns the renewals written, one for each terms that moved something.
    """
    if not account.renews:
        return []
    rows.flush()
    zone = policies.current().zone
    found = []
    open_lots = Lot.objects.filter(Q(remaining__gt=0) | Q(held__gt=0), account=account).exclude(idle="")
    for text, first in open_lots.values_list("idle").annotate(Min("expires_at")).order_by("idle"):
        terms = idle.read(text)
        until = terms.until(at, zone) if by in terms.reset_by else first
        if until <= first:
            continue
        renewal = Renewal(
            account=account,
            idle=text,
            reference=reference,
            at=at,
            until=until,
            sequence=account.sequence,
            recorded_at=clock.now(),
        )
        rows.write(renewal)
        rows.flush()
        open_lots.filter(idle=text, expires_at__lt=until).update(expires_at=until, renewal=renewal)
        found.append(renewal)
    return found
