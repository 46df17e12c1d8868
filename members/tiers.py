"""Tiers: which level a member holds, and why.

Levels by lifetime spend: a level is held while the spend, less what was returned, reaches its `from` (CONTRACT
part 2, Meaning 9). `level_for` is pure; `qualify` writes what a sale changed; `members.recount` works everything out
again from the sales, which must give the same (I11).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from loyalty import clock, money, outbox, rows
from loyalty.models import Account, Decision
from loyalty.policies import Policies, localised, must_compile
from members.models import Member, TierChange, TierStanding


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
    worked_out: bool = True  # False: by a metric or window that this release only stores; nobody has a level

    def level(self, code: str) -> Level | None:
        """The level with this code; None for the empty code and for a level that was retired."""
        return next((level for level in self.levels if level.code == code), None)


@dataclass(frozen=True)
class Qualified:
    """How a member stands after a sale, in each group, and what that changed."""

    standings: list[TierStanding] = field(default_factory=list)
    changes: list[TierChange] = field(default_factory=list)


def compiled(policies: Policies) -> tuple[Group, ...]:
    """The tier groups of a version of the programme. Raises ValueError for a threshold that is none."""
    return policies.compiled(_compile)


@must_compile
def _compile(policies: Policies) -> tuple[Group, ...]:
    return tuple(_group(entry, policies.currency) for entry in policies.document.get("tiers", ()))


def _group(entry: Mapping[str, Any], currency: str) -> Group:
    metric, window = entry.get("metric", "spend"), entry.get("window", {}).get("kind", "lifetime")
    levels = [
        Level(
            level["code"],
            money.minor(str(level["from"]), currency) if metric == "spend" else int(level["from"]),
            level.get("name", level["code"]),
            tuple(level.get("benefits", ())),
        )
        for level in entry["levels"]
    ]
    ladder = tuple(sorted(levels, key=lambda level: level.threshold))
    return Group(entry["group"], metric, ladder, worked_out=metric == "spend" and window == "lifetime")


def reached(group: Group, spend_minor: int) -> Level | None:
    """The level of a group that a member with this spend holds; None in a group that is not worked out."""
    return level_for(spend_minor, group.levels) if group.worked_out else None


def threshold_text(group: Group, threshold: int, currency: str) -> str:
    """A threshold as the programme writes it: money for spend, else a whole number."""
    return money.text(threshold, currency) if group.metric == "spend" else str(threshold)


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
        level = reached(group, 0)
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
    at: datetime | None,
    subject: UUID | None = None,
) -> Qualified:
    """Move a locked member to the levels that its counters reach; write what changed, with decision and fact.

    `policies` are those in force now, `standings` the stored ones, read under the lock; `at` is when what moved
    the counters happened (None: look at all sales again) and `subject` the sale that moved them. Returns how the
    member stands in each group, in the programme's order.
    """
    known = {standing.group: standing for standing in standings}
    late = at is None or (member.last_sale_at is not None and at < member.last_sale_at)
    result = Qualified()
    for group in compiled(policies):
        standing = known.get(group.code) or TierStanding(member=member, group=group.code)
        result.standings.append(standing)
        before, since = standing.level, standing.since
        level = reached(group, member.spend_minor)
        after = level.code if level else ""
        if level is None:
            standing.since = None
        elif before != after or (late and (at is None or since is None or at < since)):
            rises = at is not None and not late and _rises(group, before, level)
            standing.since = at if rises else _reached_at(member, level, at)
        standing.level, standing.until = after, None
        if group.code not in known:
            rows.write(standing)
        elif (before, since) != (standing.level, standing.since):
            rows.write(change=[(standing, ("level", "since", "until"))])
        if before != after:
            moment = standing.since if level and _rises(group, before, level) else at
            result.changes.append(
                _record(member, account, policies, group, before, after, moment or clock.now(), subject)
            )
    return result


def _rises(group: Group, before: str, level: Level) -> bool:
    held = group.level(before)
    return held is None or held.threshold < level.threshold


_REACHED = """
WITH known AS (SELECT occurred_at, total_minor FROM members_sale WHERE member_id = %s AND status = 'sold'),
     bought AS (SELECT * FROM known
                UNION ALL SELECT %s::timestamptz, %s::bigint - coalesce(sum(total_minor), 0) FROM known),
     summed AS (SELECT occurred_at, sum(total_minor) OVER (ORDER BY occurred_at) AS spend FROM bought)
SELECT min(occurred_at) FROM summed WHERE spend >= %s
"""


def _reached_at(member: Member, level: Level, at: datetime | None) -> datetime:
    """When the sales, in the order in which they happened, first reached a level: late ones count at their date.

    The sale of `at` need not be written yet: what the member's counter holds beyond the stored sales is its.
    """
    if level.threshold <= 0:
        return member.enrolled_at
    with connection.cursor() as cursor:
        cursor.execute(_REACHED, [member.pk, at or clock.now(), member.spend_minor, level.threshold])
        found: datetime | None = cursor.fetchone()[0]
    return found or at or clock.now()


def _record(
    member: Member,
    account: Account,
    policies: Policies,
    group: Group,
    before: str,
    after: str,
    at: datetime,
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
            "value": money.text(member.spend_minor, policies.currency),
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
    higher = (other for other in group.levels if other.threshold > (level.threshold if level else -1))
    above = next(higher, None) if group.worked_out else None
    since = standing.since if standing and level else None
    until = standing.until if standing and level else None

    def needed(threshold: int) -> str:
        return money.text(max(threshold - member.spend_minor, 0), policies.currency)

    return {
        "group": group.code,
        "code": level.code if level else None,
        "name": localised(level.name, language) if level else None,
        "since": clock.day_of(since, policies.zone).isoformat() if since else None,
        "until": clock.last_day(until, policies.zone).isoformat() if until else None,
        "floor": None,
        "next": {"code": above.code, "metric": group.metric, "needed": needed(above.threshold)} if above else None,
        "keep": {"metric": group.metric, "needed": needed(level.threshold)} if level else None,
    }
