"""What friends who were brought are worth: after the friend's first sale and the days to wait, both sides are answered.

The rules are those in force at the first sale, with the triggers `referral.friend` and `referral.referrer`. The
reference of both is the friend, so a friend counts once, whoever looks how often.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from loyalty import clock, policies
from members import referrals
from members.models import Referral
from rewards import occasions, rules
from rewards.models import Occasion
from rewards.programme import ruleset

FRIEND, REFERRER = "referral.friend", "referral.referrer"
CHUNK = 500


def settle_all() -> int:
    """Note both sides of every referral whose time has come, and of none twice. Returns how many referrals.

    One whose first sale was given back meanwhile waits for another sale.
    """
    settled = 0
    for friend in referrals.open_ones(CHUNK):
        with transaction.atomic():
            settled += _settle(friend)
    return settled


def due_at(first_sale_at: datetime) -> datetime | None:
    """When a referral is answered whose friend first bought at an instant; None where no rule answers any."""
    programme = policies.current(first_sale_at)
    found = ruleset(programme)
    answering = [rule for trigger in (FRIEND, REFERRER) for rule in found.triggered.get(trigger, ())]
    if not answering:
        return None
    days = max((rule.wait_days for rule in answering if isinstance(rule, rules.Referral)), default=0)
    if not days:
        return first_sale_at
    return clock.start_of(clock.day_of(first_sale_at, programme.zone) + timedelta(days=days), programme.zone)


def _settle(friend: UUID) -> int:
    found = (
        Referral.objects.select_related("friend", "referrer")
        .select_for_update(of=("self",), skip_locked=True, no_key=True)
        .filter(pk=friend, settled_at=None)
        .first()
    )
    if found is None or found.friend.first_sale_at is None or not found.friend.purchases:
        return 0
    due = due_at(found.friend.first_sale_at)
    if due is not None:
        if due > clock.now():
            return 0
        occasions.note(
            Occasion(member=member, trigger=trigger, reference=str(friend), occurred_at=due)
            for trigger, member in ((FRIEND, found.friend), (REFERRER, found.referrer))
        )
    found.settled_at = clock.now()
    found.save(update_fields=["settled_at"])
    return int(due is not None)
