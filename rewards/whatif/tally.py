"""What a replay adds up to: counted in each chunk, kept as JSON, merged at the end."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

PEOPLE = 10  # winners and losers that are named
SAMPLES = 3
Sums = dict[str, list[int]]


@dataclass(slots=True)
class Member:
    """What one member got in the period under both programmes."""

    id: str
    before: int = 0
    after: int = 0

    @property
    def change(self) -> int:
        """Points more, or fewer, under the draft."""
        return self.after - self.before


@dataclass
class Tally:
    """The sums of some members. `Sums` are [sales, points before, points after] by code."""

    members: int = 0
    gain: int = 0
    lose: int = 0
    changed_sales: int = 0
    total: list[int] = field(default_factory=lambda: [0, 0, 0])
    stores: Sums = field(default_factory=dict)
    tiers: Sums = field(default_factory=dict)  # by the level held under today's rules
    rules: list[Sums] = field(default_factory=lambda: [{}, {}])  # by side: [sales, points]
    capped: list[Counter[str]] = field(default_factory=lambda: [Counter(), Counter()])  # members a cap held back
    changes: Counter[int] = field(default_factory=Counter)  # change in points → members
    winners: list[tuple[int, str, int, int]] = field(default_factory=list)  # (change, member, before, after)
    losers: list[tuple[int, str, int, int]] = field(default_factory=list)
    samples: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # kind → sales, best first

    def count(self, member: Member) -> None:
        """Take a member whose sales are all replayed into the sums."""
        self.members += 1
        change = member.change
        self.changes[coarse(change)] += 1
        if change > 0:
            self.gain += 1
            _keep(self.winners, (change, member.id, member.before, member.after))
        elif change < 0:
            self.lose += 1
            _keep(self.losers, (-change, member.id, member.before, member.after))

    def add(self, other: Tally) -> None:
        """Take the sums of other members into these."""
        self.members += other.members
        self.gain += other.gain
        self.lose += other.lose
        self.changed_sales += other.changed_sales
        self.total = [a + b for a, b in zip(self.total, other.total, strict=True)]
        _add(self.stores, other.stores)
        _add(self.tiers, other.tiers)
        for mine, theirs in zip(self.rules, other.rules, strict=True):
            _add(mine, theirs)
        for held, more in zip(self.capped, other.capped, strict=True):
            held.update(more)
        self.changes.update(other.changes)
        for one in other.winners:
            _keep(self.winners, one)
        for one in other.losers:
            _keep(self.losers, one)
        for kind, found in other.samples.items():
            both = [*self.samples.get(kind, []), *found]
            self.samples[kind] = sorted(both, key=lambda sample: sample["rank"])[:SAMPLES]

    def as_json(self) -> dict[str, Any]:
        """For the chunk's row."""
        return {
            "members": self.members,
            "gain": self.gain,
            "lose": self.lose,
            "changed_sales": self.changed_sales,
            "total": self.total,
            "stores": self.stores,
            "tiers": self.tiers,
            "rules": self.rules,
            "capped": self.capped,
            "changes": sorted(self.changes.items()),
            "winners": self.winners,
            "losers": self.losers,
            "samples": self.samples,
        }


def from_json(figures: Mapping[str, Any]) -> Tally:
    """The sums as they were kept."""
    tally = Tally(**figures)
    tally.capped = [Counter(held) for held in figures["capped"]]
    tally.changes = Counter(dict(figures["changes"]))
    tally.winners = [tuple(one) for one in figures["winners"]]
    tally.losers = [tuple(one) for one in figures["losers"]]
    return tally


def merged(figures: Iterable[Mapping[str, Any]]) -> Tally:
    """The sums of all chunks."""
    whole = Tally()
    for one in figures:
        whole.add(from_json(one))
    return whole


def coarse(change: int) -> int:
    """A change with three digits that count, so that a histogram stays short however large the numbers are."""
    size = abs(change)
    if size < 1000:
        return change
    step: int = 10 ** (len(str(size)) - 3)
    return (size // step * step) * (1 if change > 0 else -1)


def _keep(found: list[tuple[int, str, int, int]], one: tuple[int, str, int, int]) -> None:
    """The largest changes; among equals the later id, whatever the order in which they come."""
    if len(found) < PEOPLE:
        heapq.heappush(found, one)
    elif one > found[0]:
        heapq.heapreplace(found, one)


def _add(mine: Sums, theirs: Sums) -> None:
    for code, sums in theirs.items():
        known = mine.get(code)
        mine[code] = sums if known is None else [a + b for a, b in zip(known, sums, strict=True)]
