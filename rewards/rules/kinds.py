"""The kinds of rules, compiled: what each gives, as exact shares of the lines it counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from typing import NamedTuple

from . import numbers
from .basis import Basis, Selection
from .basket import Progress
from .caps import NO_CAPS, Caps
from .case import Case
from .conditions import Condition
from .lots import Expiry, Pending, midnight

UNSELECTIVE = Selection()  # names no line: as `include` it means all, as `exclude` none
BASE, MULTIPLY, BONUS = range(3)  # the stages, in order
NO_PROGRESS = Progress()
MOST_CARDS = 1000  # rewards of one stamp rule in one sale: nobody buys that many, but anybody can mistype a quantity


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
    selective: bool = False  # whether it does not simply count all lines that count
    guarded: bool = False  # whether anything but the lines decides if it applies
    least_minor: int | None = None  # what the chosen lines must cost together
    least_milli: int | None = None  # and how many units they must be
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
    progressive = False  # whether it keeps a `Progress` of each member
    carry = False

    def chosen(self, basis: Basis) -> list[int]:
        """Positions of the lines this rule counts: include, then exclude."""
        if not self.selective:
            return basis.counting
        at = sorted(basis.matching(self.include)) if self.include else basis.counting
        if self.exclude and (left_out := basis.matching(self.exclude)):
            at = [i for i in at if i not in left_out]
        return at

    def shares(self, case: Case, at: list[int]) -> Shares:
        """Exact points of the lines `at`; never called with no line."""
        raise NotImplementedError

    def left_over(self, basis: Basis, at: list[int], carried_minor: int) -> int:
        """The money below one step that is kept for the next sale, in minor units."""
        return carried_minor

    def after(self, case: Case, at: list[int]) -> Progress:
        """How far the member is after this sale."""
        return NO_PROGRESS

    def told(self, progress: Progress) -> tuple[int | str, int]:
        """That, in two numbers for the receipt: what counts, of how many."""
        raise NotImplementedError

    def factor_text(self) -> str:
        """The factor of a multiplier, for the receipt."""
        return ""


def by_amount(points: int, basis: Basis, at: list[int]) -> Shares:
    """Points of the whole order, shared by amount; equally where every amount is 0 (Meaning 3)."""
    if len(at) == 1:
        return Shares([points], 1)
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

    def shares(self, case: Case, at: list[int]) -> Shares:
        """Exact to the minor unit; with whole steps or carry, whole steps of the sale shared by amount."""
        amounts = case.basis.amounts
        if self.whole_steps or self.carry:
            money = sum(amounts[i] for i in at)
            if self.carry:
                money += case.facts.carried_minor.get(self.code, 0)
            return by_amount(money // self.per_minor * self.points, case.basis, at)
        return Shares([amounts[i] * self.points for i in at], self.per_minor)

    def left_over(self, basis: Basis, at: list[int], carried_minor: int) -> int:
        """Only with `remainder: carry`."""
        return (sum(basis.amounts[i] for i in at) + carried_minor) % self.per_minor if self.carry else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PerUnit(Rule):
    """`points` for each unit."""

    points: int

    kind = "per_unit"

    def shares(self, case: Case, at: list[int]) -> Shares:
        """Quantities may have three decimals."""
        return by_quantity(self.points, case.basis, at)


def by_quantity(points: int, basis: Basis, at: list[int]) -> Shares:
    """`points` a unit."""
    return Shares([basis.lines[i].quantity_milli * points for i in at], 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class PerVisit(Rule):
    """`points` for the sale, whatever it costs."""

    points: int

    kind = "per_visit"

    def shares(self, case: Case, at: list[int]) -> Shares:
        """Shared by amount."""
        return by_amount(self.points, case.basis, at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed(Rule):
    """`points` once a sale, a line or a unit; `stage` is BASE for one that stands before the multipliers."""

    points: int
    each: str = "sale"
    stage: int = BONUS

    kind = "fixed"

    def shares(self, case: Case, at: list[int]) -> Shares:
        """By amount, by line or by quantity."""
        if self.each == "line":
            return Shares([self.points] * len(at), 1)
        if self.each == "unit":
            return by_quantity(self.points, case.basis, at)
        return by_amount(self.points, case.basis, at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Referral(Rule):
    """`points` for one side of a referral; `wait_days` pass between the friend's purchase and the occurrence."""

    points: int
    wait_days: int = 0

    kind = "referral"
    stage = BONUS

    def shares(self, case: Case, at: list[int]) -> Shares:
        """All at once."""
        return by_amount(self.points, case.basis, at)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamps(Rule):
    """A card that is full after `buy` units: gives `points`, or the reward of this code. Several fill in one sale."""

    buy: int
    points: int = 0
    reward: str = ""

    kind = "stamps"
    stage = BONUS
    progressive = True

    def _cards(self, case: Case, at: list[int]) -> tuple[int, int]:
        """Full cards, and thousandths of a unit on the next one."""
        before = case.facts.progress.get(self.code, NO_PROGRESS).count_milli
        lines = case.basis.lines
        return divmod(before + sum(lines[i].quantity_milli for i in at), self.buy * 1000)

    def full_cards(self, case: Case, at: list[int]) -> int:
        """How many cards this sale fills."""
        return self._cards(case, at)[0]

    def shares(self, case: Case, at: list[int]) -> Shares:
        """Points of the full cards, shared by amount."""
        return by_amount(self.full_cards(case, at) * self.points, case.basis, at)

    def after(self, case: Case, at: list[int]) -> Progress:
        """What is left on the card that is not full."""
        rest = self._cards(case, at)[1]
        return Progress(count_milli=rest) if rest else NO_PROGRESS

    def told(self, progress: Progress) -> tuple[int | str, int]:
        """Units on the card, of those that fill it."""
        whole, part = divmod(progress.count_milli, 1000)
        return (numbers.text(progress.count_milli, 1000) if part else whole), self.buy


@dataclass(frozen=True, slots=True, kw_only=True)
class Streak(Rule):
    """`points` when it has happened `times` times `within_days`; with `skus`, when all these were bought.

    Days are those of the programme's zone, the day of the last one counted. What has counted counts once.
    """

    points: int
    times: int
    within_days: int
    skus: frozenset[str] = frozenset()
    once_a_day: bool = False

    kind = "streak"
    stage = BONUS
    progressive = True

    def chosen(self, basis: Basis) -> list[int]:
        """Of a challenge only the lines with its products."""
        at = Rule.chosen(self, basis)
        return [i for i in at if basis.lines[i].sku in self.skus] if self.skus else at

    def _kept(self, case: Case, at: list[int]) -> list[tuple[datetime, str]]:
        """What counts with this sale, the earliest first; a late sale falls into its place."""
        if (known := case.kept.get(self.code)) is not None:
            return known
        before = case.facts.progress.get(self.code, NO_PROGRESS)
        now = case.basket.occurred_at
        skus = before.skus or ("",) * len(before.times)
        kept = list(zip(before.times, skus, strict=False))
        if self.skus:
            latest = {sku: instant for instant, sku in sorted(kept) if sku in self.skus}
            for sku in {case.basis.lines[i].sku for i in at}:
                latest[sku] = max(now, latest.get(sku, now))
            kept = [(instant, sku) for sku, instant in latest.items()]
        elif not self.once_a_day or case.local.date() not in {case.day(instant) for instant, _ in kept}:
            kept.append((now, ""))
        kept.sort()
        newest = kept[-1][0]
        last = case.local.date() if newest == now else case.day(newest)
        first = midnight(last - timedelta(days=self.within_days - 1), case.zone)
        if kept[0][0] < first:
            kept = [one for one in kept if one[0] >= first]
        case.kept[self.code] = kept
        return kept

    def shares(self, case: Case, at: list[int]) -> Shares:
        """Its points, shared by amount, or none as long as something is missing."""
        complete = len(self._kept(case, at)) >= self.times
        return by_amount(self.points, case.basis, at) if complete else Shares([0] * len(at), 1)

    def after(self, case: Case, at: list[int]) -> Progress:
        """The visits that still count; none once it is complete."""
        kept = self._kept(case, at)
        if len(kept) >= self.times:
            return NO_PROGRESS
        times = tuple([instant for instant, _ in kept])
        return Progress(times=times, skus=tuple(sku for _, sku in kept) if self.skus else ())

    def told(self, progress: Progress) -> tuple[int | str, int]:
        """How many count, of how many."""
        return len(progress.times), self.times
