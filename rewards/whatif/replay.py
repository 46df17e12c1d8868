"""Replaying members, each one's sales in order, under both programmes at once. Pure: no database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from rewards import rules

from .limits import Series, Tail, Taken
from .sides import Side
from .tally import SAMPLES, Member, Tally

EPOCH = datetime(1970, 1, 1, tzinfo=ZoneInfo("UTC"))
MICROSECOND = timedelta(microseconds=1)
NOTHING: Mapping[str, Any] = {}


@dataclass(slots=True)
class Buyer:
    """A member at the beginning of the period."""

    id: UUID
    enrolled_at: datetime
    birthday: date | None = None
    attributes: Mapping[str, object] = field(default_factory=dict)
    spend_minor: int = 0  # before the period
    purchases: int = 0
    last_sale_at: datetime | None = None


@dataclass(slots=True)
class Bought:
    """One stored sale."""

    id: UUID
    basket: rules.Basket
    total_minor: int


@dataclass(slots=True)
class Counter:
    """What one member got of one rule or campaign so far, for its caps."""

    day: date | None = None
    today: int = 0
    member: int = 0


class Replay:
    """One programme at work on one member after the other."""

    def __init__(self, side: Side, tails: Mapping[str, Tail]) -> None:
        self.ruleset = side.ruleset
        self.side = side
        self.tails = tails
        self.zone = side.ruleset.zone
        self.counted = side.ruleset.stateful | frozenset(side.limits)
        self.by_day = bool(side.ruleset.stateful)
        self.wants_bucket = any(one.control_percent for one in side.ruleset.campaigns.values())
        self.series: Series = {}
        self.refused_at: dict[str, int] = {}
        self.begin(None)

    def begin(self, buyer: Buyer | None) -> None:
        """A member without a past in this programme: caps, cards, streaks and remainders start empty."""
        self.counters: dict[str, Counter] = {}
        self.progress: dict[str, rules.Progress] = {}
        self.carried: Mapping[str, int] = {}
        self.bucket = rules.bucket(buyer.id) if buyer is not None and self.wants_bucket else None

    def decide(self, buyer: Buyer, bought: Bought) -> rules.Decision:
        """The decision about the member's next sale, whose counters it moves."""
        basket = bought.basket
        at = basket.occurred_at
        day = at.astimezone(self.zone).date() if self.by_day else None
        facts = rules.Facts(
            tiers=self.levels(buyer, bought.total_minor),
            enrolled_at=buyer.enrolled_at,
            birthday_month=None if buyer.birthday is None else buyer.birthday.month == at.astimezone(self.zone).month,
            purchases=buyer.purchases,
            spend_minor=buyer.spend_minor,
            visits=buyer.purchases,
            last_sale_at=buyer.last_sale_at,
            attributes=buyer.attributes,
            granted=self.granted(day, bought) if self.counted else NOTHING,
            carried_minor=self.carried,
            progress=self.progress,
            bucket=self.bucket,
        )
        decision = rules.decide(basket, facts, self.ruleset)
        self.carried = decision.carried_minor
        if decision.progress:
            self.progress.update(decision.progress)
        if self.counted:
            self.keep(decision, day, bought)
        return decision

    def levels(self, buyer: Buyer, total_minor: int) -> dict[str, str]:
        """The level in each group by lifetime spend, before the sale or with it."""
        spend = buyer.spend_minor + (total_minor if self.side.after else 0)
        return {one.group: one.level(spend) if one.worked_out else "" for one in self.side.ladders}

    def granted(self, day: date | None, bought: Bought) -> dict[str, rules.Granted]:
        """What caps and budgets count before this sale."""
        found = {}
        for key, counter in self.counters.items():
            found[key] = rules.Granted(counter.today if counter.day == day else 0, counter.member, 0)
        if self.tails:
            place = (micros(bought.basket.occurred_at), bought.id.bytes)
            for key, tail in self.tails.items():
                if total := tail.before(place):
                    known = found.get(key)
                    found[key] = rules.Granted(known.today if known else 0, known.member if known else 0, total)
        return found

    def keep(self, decision: rules.Decision, day: date | None, bought: Bought) -> None:
        """Move the member's counters, and note what the sale took from shared limits."""
        for key, points in decision.granted.items():
            if not points or key not in self.counted:
                continue
            counter = self.counters.get(key)
            if counter is None:
                counter = self.counters[key] = Counter()
            if counter.day != day:
                counter.day, counter.today = day, 0
            counter.today += points
            counter.member += points
            if key in self.side.limits:
                taken = Taken(micros(bought.basket.occurred_at), bought.id.bytes, points)
                self.series.setdefault(key, []).append(taken)


def micros(at: datetime) -> int:
    """An instant as µs since 1970."""
    return (at - EPOCH) // MICROSECOND


class Comparison:
    """Both programmes, and what they add up to."""

    def __init__(self, today: Side, draft: Side, tails: Sequence[Mapping[str, Tail]] = ({}, {})) -> None:
        self.both = (Replay(today, tails[0]), Replay(draft, tails[1]))
        self.tally = Tally()
        self._samples: dict[str, list[tuple[int, Bought, UUID, rules.Decision, rules.Decision]]] = {}
        self._capped: tuple[set[str], set[str]] = (set(), set())

    def member(self, buyer: Buyer, sales: Iterable[Bought]) -> None:
        """Replay one member's sales of the period, in order."""
        one, two = self.both
        one.begin(buyer)
        two.begin(buyer)
        person = Member(str(buyer.id))
        for bought in sales:
            before, after = one.decide(buyer, bought), two.decide(buyer, bought)
            self._count(bought, buyer, before, after, person)
            buyer.spend_minor += bought.total_minor
            buyer.purchases += 1
            buyer.last_sale_at = bought.basket.occurred_at
        self.tally.count(person)
        for held, codes in zip(self.tally.capped, self._capped, strict=True):
            if codes:
                held.update(codes)
                codes.clear()

    def _count(
        self, bought: Bought, buyer: Buyer, before: rules.Decision, after: rules.Decision, person: Member
    ) -> None:
        tally = self.tally
        points = []
        for side, decision in enumerate((before, after)):
            total = 0
            given = tally.rules[side]
            for one in decision.given:
                got = one.total
                total += got
                sums = given.get(one.rule.code)
                if sums is None:
                    given[one.rule.code] = [1, got]
                else:
                    sums[0] += 1
                    sums[1] += got
            if decision.caps:
                self._cut(side, decision, bought)
            points.append(total)
        old, new = points
        person.before += old
        person.after += new
        if old != new:
            tally.changed_sales += 1
        _sum(tally.stores, bought.basket.store, old, new)
        _sum(tally.tiers, before.tier_used or "", old, new)
        whole = tally.total
        whole[0] += 1
        whole[1] += old
        whole[2] += new
        self._sample(bought, buyer.id, before, after, new - old)

    def _cut(self, side: int, decision: rules.Decision, bought: Bought) -> None:
        """A cap or a budget gave less than the rules wanted."""
        for row in decision.caps:
            key = str(row["rule"]) if "rule" in row else rules.campaign_key(str(row["campaign"]))
            self._capped[side].add(key)
            if row["cap"] in ("total", "budget"):
                refused_at, at = self.both[side].refused_at, micros(bought.basket.occurred_at)
                refused_at[key] = min(refused_at.get(key, at), at)

    def _sample(self, bought: Bought, member: UUID, before: rules.Decision, after: rules.Decision, change: int) -> None:
        """Keep the sale if it is a better example than those so far: the largest changes, and some by chance."""
        chance = bought.id.int & 0xFFFFFFFF  # the random part of the id: the same sales whatever the chunks
        if change:
            self._keep("gain" if change > 0 else "loss", -abs(change), bought, member, before, after)
            self._keep("changed", chance, bought, member, before, after)
        else:
            self._keep("same", chance, bought, member, before, after)

    def _keep(
        self, kind: str, rank: int, bought: Bought, member: UUID, before: rules.Decision, after: rules.Decision
    ) -> None:
        found = self._samples.setdefault(kind, [])
        if len(found) == SAMPLES:
            if rank >= found[-1][0]:
                return
            found.pop()
        found.append((rank, bought, member, before, after))
        found.sort(key=lambda one: one[0])

    def finished(self) -> Tally:
        """The sums, with the examples in full."""
        for kind, found in self._samples.items():
            self.tally.samples[kind] = [
                {
                    "rank": rank,
                    "sale": str(bought.id),
                    "member": str(member),
                    "points": [before.points, after.points],
                    "bodies": [before.body(), after.body()],
                }
                for rank, bought, member, before, after in found
            ]
        return self.tally


def _sum(sums: dict[str, list[int]], code: str, old: int, new: int) -> None:
    known = sums.get(code)
    if known is None:
        sums[code] = [1, old, new]
    else:
        known[0] += 1
        known[1] += old
        known[2] += new
