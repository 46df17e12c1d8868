"""What the rules may know of a member: gathered here and nowhere else, for a sale, a quote and an activity."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from loyalty import clock
from loyalty.policies import Policies
from members import activity, tiers
from members.models import Member, TierChange, TierStanding
from rewards import rules
from rewards.programme import ruleset

from .states import States


def facts_for(
    member: Member,
    *,
    standings: Sequence[TierStanding],
    birthday: date | None,
    programme: Policies,
    states: States,
    at: datetime,
    spending_minor: int = 0,
) -> rules.Facts:
    """Facts as of `at`, before the sale of `spending_minor`; the level it reaches where the programme says so.

    `standings` and `birthday` are the stored ones, `states` what `states.read` found, `programme` the version in
    force at that time. Segments are worked out by the engine, from these facts.
    """
    return rules.Facts(
        tiers=levels(member, standings, programme, at, spending_minor),
        enrolled_at=member.enrolled_at,
        birthday_month=None if birthday is None else birthday.month == clock.day_of(at, programme.zone).month,
        purchases=member.purchases,
        spend_minor=member.spend_minor,
        visits=member.purchases,
        last_sale_at=member.last_sale_at,
        attributes=member.attributes,
        granted=states.granted(),
        carried_minor=states.carried_minor(),
        progress=states.progress(),
        bucket=rules.bucket(member.pk),
    )


def levels(
    member: Member, standings: Sequence[TierStanding], programme: Policies, at: datetime, spending_minor: int
) -> dict[str, str]:
    """Level by group, in the programme's order; empty text where none is reached."""
    if ruleset(programme).earning.tier_for_sale == "after":
        late = member.last_sale_at is not None and at < member.last_sale_at
        spend = (activity.spend_until(member, at) if late else member.spend_minor) + spending_minor
        reached = {group.code: tiers.reached(group, spend) for group in tiers.compiled(programme)}
        return {code: level.code if level else "" for code, level in reached.items()}
    stored = {standing.group: standing for standing in standings}
    found = {}
    for group in tiers.compiled(programme):
        standing = stored.get(group.code)
        if standing is not None and standing.since is not None and standing.since > at:
            found[group.code] = level_at(member, standing, at)
        else:
            found[group.code] = standing.level if standing else ""
    return found


def level_at(member: Member, standing: TierStanding, at: datetime) -> str:
    """The level at an instant before the present one began, for sales that arrive late."""
    changes = TierChange.objects.filter(member=member, group=standing.group)
    newest_first = changes.filter(at__lte=at).order_by("-at", "-recorded_at", "-id")
    if (before := newest_first.values_list("after", flat=True).first()) is not None:
        return before
    oldest_first = changes.filter(at__gt=at).order_by("at", "recorded_at", "id")
    first = oldest_first.values_list("before", flat=True).first()
    return standing.level if first is None else first  # never changed: the level it started with
