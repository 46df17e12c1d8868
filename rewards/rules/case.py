"""One basket of one member as conditions and rules look at it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from fractions import Fraction
from typing import Protocol
from zoneinfo import ZoneInfo

from .basis import BRAND, Basis, reduced
from .basket import Basket, Facts


class Condition(Protocol):
    """What a segment is described by."""

    def failure(self, case: Case) -> object | None:
        """None where it holds."""


NO_SEGMENTS: Mapping[str, Condition] = {}
NO_DATA: Mapping[str, object] = {}


class Case:
    """What conditions ask for, worked out once and only when asked."""

    def __init__(
        self,
        basket: Basket,
        facts: Facts,
        zone: ZoneInfo,
        basis: Basis,
        segments: Mapping[str, Condition] = NO_SEGMENTS,
        data: Mapping[str, object] = NO_DATA,
    ) -> None:
        self.basket = basket
        self.facts = facts
        self.zone = zone
        self.basis = basis
        self.data = data
        self._local: datetime | None = None  # what follows is worked out when it is asked for, and kept
        self._tiers: frozenset[str] | None = None
        self._segments: frozenset[str] | None = None
        self._costs: list[int] | None = None
        self.kept: dict[str, list[tuple[datetime, str]]] = {}  # by rule: visits that count with this one
        self._described = segments

    @property
    def local(self) -> datetime:
        """The time of the sale in the programme's zone."""
        if self._local is None:
            self._local = self.basket.occurred_at.astimezone(self.zone)
        return self._local

    def told(self, instant: datetime) -> str:
        """An instant for the receipt, in the programme's zone."""
        return instant.astimezone(self.zone).isoformat()

    @property
    def tiers(self) -> frozenset[str]:
        """The levels reached, of all groups."""
        if self._tiers is None:
            self._tiers = frozenset([level for level in self.facts.tiers.values() if level])
        return self._tiers

    def day(self, instant: datetime) -> date:
        """The day of an instant in the programme's zone."""
        return instant.astimezone(self.zone).date()

    @property
    def segments(self) -> frozenset[str]:
        """The segments the member is in: those said to be, and those described in the programme that fit."""
        if self._segments is None:
            self._segments = self.facts.segments
            for code, condition in self._described.items():  # those that name others come after these
                if condition.failure(self) is None:
                    self._segments |= {code}
        return self._segments

    @property
    def costs(self) -> list[int]:
        """What each line costs after all discounts, in order of line number."""
        if self._costs is None:
            self._costs = reduced(self.basis.lines, self.basket)
        return self._costs

    @property
    def amount(self) -> int:
        """What the basket costs, in minor units."""
        return sum(self.costs)

    def amount_without_tax(self) -> int:
        """The same less the tax in it, which is rounded half up."""
        tax = sum(
            Fraction(line.tax_minor * cost, line.amount_minor)
            for line, cost in zip(self.basis.lines, self.costs, strict=True)
            if line.amount_minor
        )
        return self.amount - int(tax + Fraction(1, 2))

    def quantity(self) -> Fraction:
        """Units of sold items."""
        return Fraction(
            sum(line.quantity_milli for line in self.basket.lines if line.sold and line.kind == "item"), 1000
        )

    def of_lines(self, name: str) -> frozenset[str]:
        """All values of one attribute of the sold lines."""
        return frozenset(getattr(line, name) for line in self.basket.lines if line.sold) - {""}

    def labels(self) -> frozenset[str]:
        """All labels of the sold lines."""
        return frozenset(label for line in self.basket.lines if line.sold for label in line.labels)

    def brands(self) -> frozenset[str]:
        """All brands of the sold lines: a brand is the label `brand:NAME`."""
        return frozenset(label.removeprefix(BRAND) for label in self.labels() if label.startswith(BRAND))

    def age_days(self) -> int | None:
        """Days since enrolment."""
        joined = self.facts.enrolled_at
        return None if joined is None else (self.local.date() - self.day(joined)).days

    def last_sale_days(self) -> int | None:
        """Days since the sale before this one."""
        last = self.facts.last_sale_at
        return None if last is None else (self.local.date() - self.day(last)).days

    def average_basket(self) -> Fraction | None:
        """Spend by purchase, in minor units."""
        facts = self.facts
        return Fraction(facts.spend_minor, facts.purchases) if facts.purchases else None
