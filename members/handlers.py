"""What members are told when something happened to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings

from loyalty import decisions, outbox, policies
from loyalty.models import Decision, Entry, Fact
from members import announcements, closing, dates, markup, notifications, terms, tiers
from members.models import Identity, Terms, Transfer
from members.notifications import Context, MakeContext, Notice
from members.tiers import Group, Level


@outbox.on("member.enrolled", batch=True)
def welcome(facts: Sequence[Fact]) -> None:
    """A welcome to each new member."""
    notifications.send([_notice(fact, "welcome", _nothing_else) for fact in facts])


@outbox.on("points.earned", batch=True)
def points_earned(facts: Sequence[Fact]) -> None:
    """How many points came, why, and what that makes."""
    balances = dict(Entry.objects.filter(pk__in=_ids(facts, "entry")).values_list("pk", "balance_after"))
    decided = Decision.objects.in_bulk(_ids(facts, "decision"))
    documents = {
        version: policies.version(version).document
        for version in {decision.programme_version for decision in decided.values()}
    }
    notices = []
    for fact in facts:
        balance = next((balances.get(entry) for entry in _ids([fact], "entry")), None)
        decision = next((decided.get(decision) for decision in _ids([fact], "decision")), None)
        notices.append(_notice(fact, "points-earned", _Earned(fact, balance, decision, documents)))
    notifications.send(notices)


@outbox.on("points.expiring", batch=True)
def points_expiring(facts: Sequence[Fact]) -> None:
    """That points end soon."""
    dates.tell_expiring(facts)


@outbox.on("points.available", batch=True)
def points_available(facts: Sequence[Fact]) -> None:
    """That points can be spent now."""
    dates.tell_available(facts)


@outbox.on("points.sent", batch=True)
def points_sent(facts: Sequence[Fact]) -> None:
    """A word to whoever sent points, who may not have wanted to."""
    _tell_of_transfers(facts, "points-sent", "out")


@outbox.on("points.received", batch=True)
def points_received(facts: Sequence[Fact]) -> None:
    """A word to whoever was sent points. From whom they came is not said."""
    _tell_of_transfers(facts, "points-received", "into")


@outbox.on("tier.changed", batch=True)
def tier_reached(facts: Sequence[Fact]) -> None:
    """That a higher level is reached, and what it brings. Of a lower one the portal tells when asked."""
    groups = {group.code: group for group in tiers.compiled(policies.current())}
    notices = []
    for fact in facts:
        group = groups.get(fact.payload["group"])
        level = group.level(fact.payload["after"]) if group else None
        if group and level and _is_news(group, fact.payload["before"], level):
            notices.append(_notice(fact, "tier-reached", _Reached(level)))
    notifications.send(notices)


@outbox.on(terms.FACT)
def terms_published(fact: Fact) -> None:
    """From when new terms hold, what changes, and what a member can do."""
    found = Terms.objects.get(pk=fact.payload["terms"])
    announcements.go_on(fact, code="terms-changed", key=f"terms:{found.pk}", context=_NewTerms(found))


@outbox.on(closing.FACT)
def programme_closing(fact: Fact) -> None:
    """That the programme closes, with both dates and what can still be done; or that it goes on after all."""
    version = int(fact.payload["version"])
    announced = policies.version(version).closing
    if announced and policies.current().closing != announced:
        return  # called off before everybody was told: who was not told hears only that it goes on
    code = "programme-closing" if announced else "programme-goes-on"
    announcements.go_on(fact, code=code, key=f"closing:{version}", context=ClosingWords(announced))


@outbox.on("member.email_changed", batch=True)
def address_changed(facts: Sequence[Fact]) -> None:
    """A word to the old address: whoever is reached there may not have wanted the change."""
    known = set(Identity.objects.filter(pk__in=_ids(facts, "identity")).values_list("pk", flat=True))
    notifications.send(
        [
            replace(_notice(fact, "address-changed", _nothing_else), identity=identity)
            for fact in facts
            for identity in _ids([fact], "identity")
            if identity in known
        ]
    )


def _tell_of_transfers(facts: Sequence[Fact], code: str, entry: str) -> None:
    balances = dict(
        Transfer.objects.filter(pk__in=_ids(facts, "transfer")).values_list("pk", f"{entry}__balance_after")
    )
    known = [fact for fact in facts if UUID(fact.payload["transfer"]) in balances]
    notifications.send(
        [
            _notice(fact, code, _Sent(int(fact.payload["points"]), balances[UUID(fact.payload["transfer"])]))
            for fact in known
        ]
    )


def _nothing_else(_language: str, _programme: policies.Policies) -> Context:
    return {}


class _Earned:
    """The context of a points-earned message."""

    def __init__(
        self,
        fact: Fact,
        balance: int | None,
        decision: Decision | None,
        documents: Mapping[int, Mapping[str, Any]],
    ) -> None:
        self.points = int(fact.payload["points"])
        self.is_purchase = bool(fact.payload.get("sale"))
        self.at = fact.occurred_at
        self.balance = balance
        self.decision = decision
        self.documents = documents

    def __call__(self, language: str, programme: policies.Policies) -> Context:
        return {
            "points": self.points,
            "points_text": notifications.points_text(self.points),
            "is_purchase": self.is_purchase,
            "day": notifications.day_text(self.at, language, programme.zone),
            "reason": self._reason(language),
            "balance": self.balance,
            "balance_text": "" if self.balance is None else notifications.points_text(self.balance),
        }

    def _reason(self, language: str) -> str:
        if self.decision is None:
            return ""
        document = self.documents[self.decision.programme_version]
        return decisions.sentence(document, self.decision.body, language)


@dataclass(frozen=True)
class _Sent:
    """The context of messages about a transfer."""

    points: int
    balance: int

    def __call__(self, _language: str, _programme: policies.Policies) -> Context:
        texts = {name: notifications.points_text(value) for name, value in vars(self).items()}
        return {"points_text": texts["points"], "balance_text": texts["balance"]}


class ClosingWords:
    """The context of what members are told about the end of the programme."""

    def __init__(self, announced: policies.Closing | None) -> None:
        self.announced = announced

    def __call__(self, language: str, programme: policies.Policies) -> Context:
        if self.announced is None:
            return {}
        last = timedelta(microseconds=1)  # both days are the last ones on which it can still be done
        return {
            "earning": notifications.day_text(self.announced.earning_until - last, language, programme.zone),
            "redeeming": notifications.day_text(self.announced.redeeming_until - last, language, programme.zone),
            "words": policies.localised(self.announced.text, language),
        }


class _NewTerms:
    """The context of a terms-changed message."""

    def __init__(self, found: Terms) -> None:
        self.terms = found

    def __call__(self, language: str, programme: policies.Policies) -> Context:
        return {
            "day": notifications.day_text(self.terms.valid_from or self.terms.created_at, language, programme.zone),
            "changes": markup.plain(policies.localised(self.terms.changes, language)),
            "version": self.terms.version,
            "address": f"{settings.LOYALTY_URL}/terms/" if settings.LOYALTY_URL else "",
        }


class _Reached:
    """The context of a tier-reached message."""

    def __init__(self, level: Level) -> None:
        self.level = level

    def __call__(self, language: str, _programme: policies.Policies) -> Context:
        return {
            "tier": policies.localised(self.level.name, language),
            "benefits": [policies.localised(benefit, language) for benefit in self.level.benefits],
        }


def _is_news(group: Group, before: str, after: Level) -> bool:
    """Whether it is a rise, and not just the level that everybody has from the start."""
    levels = list(group.levels)
    known = group.level(before)
    if known is None:
        return after is not levels[0] or after.threshold > 0
    return levels.index(after) > levels.index(known)


def _notice(fact: Fact, code: str, context: MakeContext) -> Notice:
    return Notice(
        member=UUID(str(fact.payload["member"])),
        code=code,
        key=f"fact:{fact.pk}",
        occurred_at=fact.occurred_at,
        context=context,
    )


def _ids(facts: Sequence[Fact], name: str) -> list[UUID]:
    return [UUID(str(fact.payload[name])) for fact in facts if fact.payload.get(name)]
