"""What members are told of dates: points that end soon, and points that begin to count."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Sum

from loyalty import clock, policies
from loyalty.models import Fact, Lot
from members import notifications
from members.models import Member
from members.notifications import Context, Notice

_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class _Dated:
    """The context of either message."""

    points: int
    day: datetime  # some instant of the day that is named
    days: int  # until then

    def __call__(self, language: str, programme: policies.Policies) -> Context:
        return {
            "points": self.points,
            "points_text": notifications.points_text(self.points),
            "day": notifications.day_text(self.day, language, programme.zone),
            "days": self.days,
        }


def tell_expiring(facts: Sequence[Fact]) -> None:
    """That points end soon: how many, and the last day. Nobody is told of points that are spent or moved by now."""
    _tell(facts, code="points-expiring", column="expires_at", before=_INSTANT)


def tell_available(facts: Sequence[Fact]) -> None:
    """That points can be spent now. Nobody is told of points that a return took back."""
    _tell(facts, code="points-available", column="available_at", before=timedelta())


def _tell(facts: Sequence[Fact], *, code: str, column: str, before: timedelta) -> None:
    dates = {fact.pk: datetime.fromisoformat(fact.payload["at"]) for fact in facts}
    accounts = [UUID(fact.payload["account"]) for fact in facts]
    members = dict(Member.objects.filter(account__in=accounts).values_list("account_id", "pk"))
    left = _left(accounts, column, set(dates.values()))
    now, zone = clock.now(), policies.current().zone
    notices = []
    for fact in facts:
        account, at = UUID(fact.payload["account"]), dates[fact.pk]
        points = left[account, at]
        if account in members and points and not (before and at <= now):
            days = (clock.day_of(at - before, zone) - clock.day_of(now, zone)).days
            key = f"{at.isoformat()}:{fact.payload['days']}"
            notices.append(Notice(members[account], code, key, fact.occurred_at, _Dated(points, at - before, days)))
    notifications.send(notices)


def _left(accounts: list[UUID], column: str, dates: set[datetime]) -> defaultdict[tuple[UUID, datetime], int]:
    """What is left, by account and date."""
    found: defaultdict[tuple[UUID, datetime], int] = defaultdict(int)
    lots = Lot.objects.filter(remaining__gt=0, account__in=accounts, **{f"{column}__in": dates})
    for account, at, points in lots.values_list("account", column).annotate(points=Sum("remaining")):
        found[account, at] += points
    return found
