"""Tiers: which level a member holds, and why.

Levels by lifetime spend: a level is held while the spend, less what was returned, reaches its `from`
(CONTRACT part 2, Meaning 9). `level_for` and `standing_of` are pure; `qualify` writes what a sale changed;
`recompute` works everything out again from the sales, which must give the same (I11).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from loyalty import clock, money, outbox, rows
from loyalty.models import Account, Decision
from loyalty.policies import Policies, localised
from members.models import Member, TierChange, TierStanding


class UnknownTierRuleError(ValueError):
    """The programme asks for a metric or a window that this version of the system cannot work out."""


@dataclass(frozen=True)
class Level:
    """One level; `threshold` is in the metric's unit: minor units of money for `spend`."""

    code: str
    threshold: int
    name: Mapping[str, str] | str
    benefits: tuple[Mapping[str, str] | str, ...] = ()


@dataclass(frozen=True)
class Group:
    """A ladder of levels, lowest first, climbed by one metric."""

    code: str
    metric: str
    levels: tuple[Level, ...]

    def level(self, code: str) -> Level | None:
        """The level with this code; None for the empty code and for a level that was retired."""
        return next((level for level in self.levels if level.code == code), None)


@dataclass(frozen=True)
class Qualified:
    """How a member stands after a sale, in each group, and what that changed."""

    standings: list[TierStanding] = field(default_factory=list)
    changes: list[TierChange] = field(default_factory=list)


def compiled(policies: Policies) -> tuple[Group, ...]:
    """The tier groups of a version of the programme. Raises UnknownTierRuleError."""
    return policies.compiled(_compile)


def _compile(policies: Policies) -> tuple[Group, ...]:
    return tuple(_group(entry, policies.currency) for entry in policies.document.get("tiers", ()))


def _group(entry: Mapping[str, Any], currency: str) -> Group:
    metric, window = entry.get("metric", "spend"), entry.get("window", {}).get("kind", "lifetime")
    if metric != "spend" or window != "lifetime":
        raise UnknownTierRuleError(f"tiers by {metric} within a {window} window")
    levels = [
        Level(
            level["code"],
            money.minor(str(level["from"]), currency),
            level.get("name", level["code"]),
            tuple(level.get("benefits", ())),
        )
        for level in entry["levels"]
    ]
    return Group(entry["group"], metric, tuple(sorted(levels, key=lambda level: level.threshold)))


def level_for(metric: int, levels: Sequence[Level]) -> Level | None:
    """The highest of `levels` (lowest first) whose threshold `metric` reaches; None below the lowest."""
    reached = None
    for level in levels:
        if metric < level.threshold:
            break
        reached = level
    return reached


def opening(*, member: Member, policies: Policies, at: datetime) -> list[TierStanding]:
    """The standings of a member who has bought nothing yet, one for each group. Writes nothing."""
    standings = []
    for group in compiled(policies):
        level = level_for(0, group.levels)
        standings.append(
            TierStanding(
                member=member,
                group=group.code,
                level=level.code if level else "",
                since=at if level else None,
            )
        )
    return standings


def standings_of(member_id: UUID) -> list[TierStanding]:
    """The stored standings of a member."""
    return list(TierStanding.objects.filter(member_id=member_id))


def qualify(
    *,
    member: Member,
    account: Account,
    policies: Policies,
    standings: Sequence[TierStanding],
    at: datetime,
    subject: UUID | None = None,
) -> Qualified:
    """Move a locked member to the levels that its counters reach; write what changed, with decision and fact.

    `policies` are those in force now, `standings` the stored ones, read under the lock; `at` is when it happened
    and `subject` the sale that moved the counters. Returns how the member stands in each group, in the programme's
    order.
    """
    known = {standing.group: standing for standing in standings}
    result = Qualified()
    for group in compiled(policies):
        metric = member.spend_minor
        level = level_for(metric, group.levels)
        standing = known.get(group.code)
        stored = standing is not None
        if standing is None:
            standing = TierStanding(member=member, group=group.code)
        result.standings.append(standing)
        after = level.code if level else ""
        if stored and standing.level == after:
            continue
        before = standing.level
        # A late sale changes the level when it arrives, never before what is on record.
        moment = max(at, standing.since) if standing.since else at
        standing.level, standing.since, standing.until = after, moment if level else None, None
        if stored:
            rows.write(change=[(standing, ("level", "since", "until"))])
        else:
            rows.write(standing)
        if before != after:
            result.changes.append(_record(member, account, policies, group, before, after, moment, metric, subject))
    return result


def _record(
    member: Member,
    account: Account,
    policies: Policies,
    group: Group,
    before: str,
    after: str,
    at: datetime,
    metric: int,
    subject: UUID | None,
) -> TierChange:
    """Write one change of level with its decision, and tell who wants to know."""
    reached = group.level(after)
    decision = Decision(
        account=account,
        kind="tier",
        subject=subject,
        programme_version=policies.version,
        decided_at=clock.now(),
        body={
            "group": group.code,
            "before": before,
            "after": after,
            "metric": group.metric,
            "value": money.text(metric, policies.currency),
            "from": money.text(reached.threshold, policies.currency) if reached else None,
        },
    )
    change = TierChange(member=member, group=group.code, before=before, after=after, at=at, decision=decision)
    rows.write(decision, change)
    outbox.record(
        "tier.changed",
        account=account.pk,
        payload={
            "member": str(member.pk),
            "group": group.code,
            "before": before,
            "after": after,
            "decision": str(decision.pk),
        },
        occurred_at=at,
    )
    return change


def shown(policies: Policies, standings: Sequence[TierStanding], language: str) -> dict[str, str] | None:
    """The level in the programme's first group as `{"code", "name"}`; None where there is none."""
    known = {standing.group: standing.level for standing in standings}
    for group in compiled(policies)[:1]:
        level = group.level(known.get(group.code, ""))
        if level is not None:
            return {"code": level.code, "name": localised(level.name, language)}
    return None


def explain(
    *, member: Member, policies: Policies, standings: Sequence[TierStanding], language: str
) -> list[dict[str, Any]]:
    """How a member stands in every group, with what is needed to reach the next level and to keep this one.

    The rows of the wallet's `tiers` (CONTRACT 1.2). A group in which no level is reached has code None.
    """
    known = {standing.group: standing for standing in standings}
    return [_explained(group, known.get(group.code), member, policies, language) for group in compiled(policies)]


def _explained(
    group: Group, standing: TierStanding | None, member: Member, policies: Policies, language: str
) -> dict[str, Any]:
    level = group.level(standing.level) if standing else None
    above = next((other for other in group.levels if other.threshold > (level.threshold if level else -1)), None)
    since = standing.since if standing and level else None
    until = standing.until if standing and level else None

    def needed(threshold: int) -> str:
        return money.text(max(threshold - member.spend_minor, 0), policies.currency)

    return {
        "group": group.code,
        "code": level.code if level else None,
        "name": localised(level.name, language) if level else None,
        "since": clock.day_of(since, policies.zone).isoformat() if since else None,
        "until": _last_day(until, policies) if until else None,
        "floor": None,
        "next": {"code": above.code, "metric": group.metric, "needed": needed(above.threshold)} if above else None,
        "keep": {"metric": group.metric, "needed": needed(level.threshold)} if level else None,
    }


def _last_day(until: datetime, policies: Policies) -> str:
    """The last day that counts, of the first instant that does not."""
    return clock.day_of(until - timedelta(microseconds=1), policies.zone).isoformat()
