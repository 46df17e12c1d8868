"""The rules in force, compiled: what each kind gives, as exact shares of the lines it counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import NamedTuple
from zoneinfo import ZoneInfo

from . import numbers
from .basis import Basis, Earning, Selection
from .campaigns import Campaign
from .caps import NO_CAPS, Caps
from .conditions import Condition
from .lots import Expiry, Pending

UNSELECTIVE = Selection()  # names no line: as `include` it means all, as `exclude` none
BASE, MULTIPLY, BONUS = range(3)  # the stages, in order


class Shares(NamedTuple):
    """The exact share of each line chosen: `numerators[i] / denominator` points."""

    numerators: Sequence[int]
    denominator: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What all kinds have in common."""

    code: str
    version: int = 1
    name: Mapping[str, str] = field(default_factory=dict)
    rounding: str = "floor"
    include: Selection = UNSELECTIVE
    exclude: Selection = UNSELECTIVE
    when: Condition | None = None
    stackable: bool = True
    priority: int = 0
    group: str | None = None
    caps: Caps = NO_CAPS
    pending: Pending | None = None  # None: the programme's
    expiry: Expiry | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    trigger: str | None = None  # None: answers sales
    campaign: str = ""  # code of the campaign it belongs to, or none

    kind = ""
    stage = BASE

    def chosen(self, basis: Basis) -> list[int]:
        """Positions of the lines this rule counts: include, then exclude."""
        if not self.include and not self.exclude:
            return basis.counting
        lines = basis.lines
        return [
            i
            for i in basis.counting
            if (not self.include or self.include.match(lines[i])) and not self.exclude.match(lines[i])
        ]

    def shares(self, basis: Basis, at: list[int], carried_minor: int) -> Shares:
        """Exact points of the lines `at`; never called with no line."""
        raise NotImplementedError

    def left_over(self, basis: Basis, at: list[int], carried_minor: int) -> int:
        """The money below one step that is kept for the next sale, in minor units."""
        return carried_minor

    def factor_text(self) -> str:
        """The factor of a multiplier, for the receipt."""
        return ""


def by_amount(points: int, basis: Basis, at: list[int]) -> Shares:
    """Points of the whole order, shared by amount; equally where every amount is 0 (Meaning 3)."""
    amounts = [basis.amounts[i] for i in at]
    whole = sum(amounts)
    if whole == 0:
        return Shares([points] * len(at), len(at))
    return Shares([points * amount for amount in amounts], whole)


@dataclass(frozen=True, slots=True, kw_only=True)
class PerAmount(Rule):
    """`points` for each `per_minor` of money."""

    points: int
    per_minor: int
    whole_steps: bool = False
    carry: bool = False

    kind = "per_amount"

    def shares(self, basis: Basis, at: list[int], carried_minor: int) -> Shares:
        """Exact to the minor unit; with whole steps or carry, whole steps of the sale shared by amount."""
        if self.whole_steps or self.carry:
            money = sum(basis.amounts[i] for i in at) + carried_minor
            return by_amount(money // self.per_minor * self.points, basis, at)
        return Shares([basis.amounts[i] * self.points for i in at], self.per_minor)

    def left_over(self, basis: Basis, at: list[int], carried_minor: int) -> int:
        """Only with `remainder: carry`."""
        return (sum(basis.amounts[i] for i in at) + carried_minor) % self.per_minor if self.carry else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PerUnit(Rule):
    """`points` for each unit."""

    points: int

    kind = "per_unit"

    def shares(self, basis: Basis, at: list[int], carried_minor: int) -> Shares:
        """Quantities may have three decimals."""
        return Shares([basis.lines[i].quantity_milli * self.points for i in at], 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class PerVisit(Rule):
    """`points` for the sale, whatever it costs."""

    points: int

    kind = "per_visit"

    def shares(self, basis: Basis, at: list[int], carried_minor: int) -> Shares:
        """Shared by amount."""
        return by_amount(self.points, basis, at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed(Rule):
    """`points` once a sale, a line or a unit; `stage` is BASE for one that stands before the multipliers."""

    points: int
    each: str = "sale"
    stage: int = BONUS

    kind = "fixed"

    def shares(self, basis: Basis, at: list[int], carried_minor: int) -> Shares:
        """By amount, by line or by quantity."""
        if self.each == "line":
            return Shares([self.points] * len(at), 1)
        if self.each == "unit":
            return Shares([basis.lines[i].quantity_milli * self.points for i in at], 1000)
        return by_amount(self.points, basis, at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Multiplier(Rule):
    """Adds (factor − 1) times what its bases gave on its lines."""

    factor_numerator: int
    factor_denominator: int
    of: frozenset[str] | None = None  # None: all bases

    kind = "multiplier"
    stage = MULTIPLY

    @property
    def factor(self) -> Fraction:
        """The factor itself."""
        return Fraction(self.factor_numerator, self.factor_denominator)

    def factor_text(self) -> str:
        """As it is written in the programme."""
        return numbers.text(self.factor_numerator, self.factor_denominator)


@dataclass(frozen=True, slots=True)
class Ruleset:
    """Everything `decide` needs of one version of the programme."""

    version: int
    currency: str
    zone: ZoneInfo
    earning: Earning
    pending: Pending
    expiry: Expiry
    bases: tuple[Rule, ...]  # each stage by priority (highest first), then code
    multipliers: tuple[Multiplier, ...]
    bonuses: tuple[Rule, ...]
    triggered: Mapping[str, tuple[Rule, ...]]  # rules that answer something else than a sale
    groups: Mapping[str, str]  # code → best, newest, priority
    needs: frozenset[str]  # fields of conditions, so that callers read no more than is asked for
    campaigns: Mapping[str, Campaign]
    segments: Mapping[str, Condition]  # those that name others after these
    stateful: frozenset[str]  # rule codes and campaign keys with a state of each member
    shared: frozenset[str]  # rule codes and campaign keys with a counter of all members

    @property
    def rules(self) -> tuple[Rule, ...]:
        """All that answer sales, in the order in which they are worked out."""
        return (*self.bases, *self.multipliers, *self.bonuses)
