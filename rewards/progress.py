"""How far a member is with what fills up: stamp cards, streaks, challenges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from loyalty import clock
from loyalty.policies import Policies, localised
from members.models import Member
from rewards import rules
from rewards.models import RuleState
from rewards.programme import ruleset
from rewards.rules.kinds import Streak


@dataclass(frozen=True, slots=True)
class Card:
    """One of them: `count` (with decimals where units have some) of `of`, and what comes when it is full."""

    rule: rules.Rule
    name: str
    count: int | str
    of: int
    points: int  # 0 where a reward comes
    reward: str  # its name; empty where points come
    until: date | None = None  # of a streak that began: the last day on which it can be completed

    @property
    def whole(self) -> int:
        """Whole units of `count`."""
        return int(str(self.count).partition(".")[0])


def of(member: Member, programme: Policies, language: str, at: datetime) -> list[Card]:
    """What the rules in force at `at` keep of a member, begun or not, in their order."""
    found = [rule for rule in _in_force(member, programme, at) if rule.progressive]
    if not found:
        return []
    kept = RuleState.objects.filter(member=member, key__in=[rule.code for rule in found])
    states = {state.key: rules.Progress.of(state.progress) for state in kept}
    return [_card(rule, states.get(rule.code, rules.Progress()), programme, language, at) for rule in found]


def _in_force(member: Member, programme: Policies, at: datetime) -> Iterator[rules.Rule]:
    """Rules within their dates, and within those of their campaigns; no conditions are asked."""
    compiled = ruleset(programme)
    bucket = rules.bucket(member.pk)
    for rule in (*compiled.rules, *(one for several in compiled.triggered.values() for one in several)):
        campaign = compiled.campaigns.get(rule.campaign)
        if not _spans(rule.starts_at, rule.ends_at, at):
            continue
        if campaign is not None and (
            campaign.paused
            or bucket < campaign.control_percent * 100
            or not _spans(campaign.starts_at, campaign.ends_at, at)
        ):
            continue
        yield rule


def _spans(start: datetime | None, end: datetime | None, at: datetime) -> bool:
    return (start is None or start <= at) and (end is None or at < end)


def _card(rule: rules.Rule, progress: rules.Progress, programme: Policies, language: str, at: datetime) -> Card:
    until = None
    if isinstance(rule, Streak):
        first = clock.day_of(at, programme.zone) - timedelta(days=rule.within_days - 1)
        days = [clock.day_of(instant, programme.zone) for instant in progress.times]
        counting = [place for place, day in enumerate(days) if day >= first]
        progress = rules.Progress(
            times=tuple(progress.times[place] for place in counting),
            skus=tuple(progress.skus[place] for place in counting) if progress.skus else (),
        )
        until = min(days[place] for place in counting) + timedelta(days=rule.within_days - 1) if counting else None
    count, of_ = rule.told(progress)
    reward = str(getattr(rule, "reward", ""))
    return Card(
        rule=rule,
        name=localised(rule.name, language) or rule.code,
        count=count,
        of=of_,
        points=int(getattr(rule, "points", 0)),
        reward=_reward_name(programme, reward, language) if reward else "",
        until=until,
    )


def _reward_name(programme: Policies, code: str, language: str) -> str:
    for entry in programme.document.get("rewards", ()):
        if entry.get("code") == code:
            return localised(entry.get("name") or code, language)
    return code
