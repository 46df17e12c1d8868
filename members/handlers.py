"""What members are told when something happened to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from loyalty import outbox, policies
from loyalty.models import Decision, Entry, Fact
from members import notifications
from members.notifications import Context, Notice


@outbox.on("member.enrolled", batch=True)
def welcome(facts: Sequence[Fact]) -> None:
    """A welcome to each new member."""
    notifications.send([_notice(fact, "welcome", _nothing_else) for fact in facts])


@outbox.on("points.earned", batch=True)
def points_earned(facts: Sequence[Fact]) -> None:
    """How many points came, why, and what that makes."""
    balances = dict(Entry.objects.filter(pk__in=_ids(facts, "entry")).values_list("pk", "balance_after"))
    decided = Decision.objects.in_bulk(_ids(facts, "decision"))
    notices = []
    for fact in facts:
        balance = next((balances.get(entry) for entry in _ids([fact], "entry")), None)
        decision = next((decided.get(decision) for decision in _ids([fact], "decision")), None)
        notices.append(_notice(fact, "points-earned", _Earned(fact, balance, decision)))
    notifications.send(notices)


@outbox.on("tier.changed", batch=True)
def tier_reached(facts: Sequence[Fact]) -> None:
    """That a higher level is reached, and what it brings. Of a lower one the portal tells when asked."""
    ladders = policies.current().compiled(_ladders)
    notices = []
    for fact in facts:
        ladder = ladders.get(fact.payload["group"], {})
        after = ladder.get(fact.payload["after"])
        before = ladder.get(fact.payload["before"])
        if after is not None and _rises(before, after):
            notices.append(_notice(fact, "tier-reached", _Reached(after)))
    notifications.send(notices)


def _nothing_else(_language: str, _programme: policies.Policies) -> Context:
    return {}


class _Earned:
    """The context of a points-earned message."""

    def __init__(self, fact: Fact, balance: int | None, decision: Decision | None) -> None:
        self.points = int(fact.payload["points"])
        self.balance = balance
        self.decision = decision
        self.day = fact.occurred_at

    def __call__(self, language: str, programme: policies.Policies) -> Context:
        return {
            "points": self.points,
            "points_text": f"{self.points:,}",
            "balance": self.balance,
            "balance_text": f"{self.balance:,}".replace("-", "\N{MINUS SIGN}") if self.balance is not None else "",
            "day": notifications.day_text(self.day, language, programme.zone),
            "reason": "",
        }


class _Reached:
    """The context of a tier-reached message."""

    def __init__(self, level: _Level) -> None:
        self.level = level

    def __call__(self, language: str, programme: policies.Policies) -> Context:
        return {
            "tier": policies.localised(self.level.name, language),
            "benefits": [policies.localised(benefit, language) for benefit in self.level.benefits],
        }


class _Level:
    """A level of a tier group as the programme words it."""

    def __init__(self, rank: int, entry: Mapping[str, Any]) -> None:
        self.rank = rank
        self.starts_at_nothing = float(entry.get("from", 0)) == 0
        self.name = entry.get("name", entry["code"])
        self.benefits = entry.get("benefits", [])


def _rises(before: _Level | None, after: _Level) -> bool:
    """Whether this is news: everybody has a lowest level that starts at nothing."""
    if before is None:
        return after.rank > 0 or not after.starts_at_nothing
    return after.rank > before.rank


def _ladders(programme: policies.Policies) -> dict[str, dict[str, _Level]]:
    return {
        group["group"]: {entry["code"]: _Level(rank, entry) for rank, entry in enumerate(group["levels"])}
        for group in programme.document.get("tiers", [])
    }


def _notice(fact: Fact, code: str, context: notifications.MakeContext) -> Notice:
    return Notice(
        member=UUID(str(fact.payload["member"])),
        code=code,
        key=f"fact:{fact.pk}",
        occurred_at=fact.occurred_at,
        context=context,
    )


def _ids(facts: Sequence[Fact], name: str) -> list[UUID]:
    return [UUID(str(fact.payload[name])) for fact in facts if fact.payload.get(name)]
