"""The language of conditions: `{field, op, value}` under `all` and `any` (CONTRACT Meaning 10)."""

from __future__ import annotations

import operator
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import cached_property
from zoneinfo import ZoneInfo

from loyalty import money

from .basis import reduced
from .basket import Basket, Facts, Line

DEPTH = 4
WEEKDAYS = ("", "mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Case:
    """One basket of one member, with what conditions ask for worked out once and only when asked."""

    def __init__(self, basket: Basket, facts: Facts, zone: ZoneInfo) -> None:
        self.basket = basket
        self.facts = facts
        self.zone = zone

    @cached_property
    def local(self) -> datetime:
        """The time of the sale in the programme's zone."""
        return self.basket.occurred_at.astimezone(self.zone)

    @cached_property
    def lines(self) -> list[Line]:
        """The lines in order of their number."""
        return sorted(self.basket.lines, key=lambda line: line.number)

    @cached_property
    def costs(self) -> list[int]:
        """What each line costs after all discounts."""
        return reduced(self.lines, self.basket)

    def amount(self) -> int:
        """What the basket costs, in minor units."""
        return sum(self.costs)

    def amount_without_tax(self) -> int:
        """The same less the tax in it."""
        tax = sum(
            Fraction(line.tax_minor * cost, line.amount_minor)
            for line, cost in zip(self.lines, self.costs, strict=True)
            if line.amount_minor
        )
        return self.amount() - int(tax + Fraction(1, 2))

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

    def age_days(self) -> int | None:
        """Days since enrolment."""
        joined = self.facts.enrolled_at
        return None if joined is None else (self.local.date() - joined.astimezone(self.zone).date()).days

    def last_sale_days(self) -> int | None:
        """Days since the sale before this one."""
        last = self.facts.last_sale_at
        return None if last is None else (self.local.date() - last.astimezone(self.zone).date()).days

    def average_basket(self) -> Fraction | None:
        """Spend by purchase, in minor units."""
        facts = self.facts
        return Fraction(facts.spend_minor, facts.purchases) if facts.purchases else None


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the language: where its value comes from and how values are written."""

    read: Callable[[Case], object]
    kind: str  # number, money, text, set, bool, date


FIELDS: Mapping[str, Field] = {
    "basket.amount": Field(Case.amount, "money"),
    "basket.amount_without_tax": Field(Case.amount_without_tax, "money"),
    "basket.quantity": Field(Case.quantity, "number"),
    "basket.skus": Field(lambda case: case.of_lines("sku"), "set"),
    "basket.categories": Field(lambda case: case.of_lines("category"), "set"),
    "basket.labels": Field(Case.labels, "set"),
    "basket.currency": Field(lambda case: case.basket.currency, "text"),
    "sale.store": Field(lambda case: case.basket.store, "text"),
    "sale.store_group": Field(lambda case: case.basket.store_group, "text"),
    "sale.channel": Field(lambda case: case.basket.channel, "text"),
    "sale.tenders": Field(lambda case: frozenset(t.kind for t in case.basket.tenders), "set"),
    "time.weekday": Field(lambda case: case.local.isoweekday(), "number"),
    "time.hour": Field(lambda case: case.local.hour, "number"),
    "time.date": Field(lambda case: case.local.date().isoformat(), "date"),
    "member.tier": Field(lambda case: frozenset(case.facts.tiers.values()) - {""}, "set"),
    "member.segment": Field(lambda case: case.facts.segments, "set"),
    "member.plan": Field(lambda case: case.facts.plans, "set"),
    "member.age_days": Field(Case.age_days, "number"),
    "member.birthday_month": Field(lambda case: case.facts.birthday_month, "bool"),
    "member.purchases": Field(lambda case: case.facts.purchases, "number"),
    "member.spend": Field(lambda case: case.facts.spend_minor, "money"),
    "member.average_basket": Field(Case.average_basket, "money"),
    "member.visits": Field(lambda case: case.facts.visits, "number"),
    "member.last_sale_days": Field(Case.last_sale_days, "number"),
}
ATTRIBUTE = "member.attribute."

_COMPARE: Mapping[str, Callable[[typing.Any, typing.Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
LISTS = frozenset({"in", "not_in", "any_of", "all_of"})
OPS = frozenset(_COMPARE) | LISTS
_DENIALS = frozenset({"!=", "not_in"})


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a condition does not hold, for the decision receipt."""

    why: str
    wanted: str
    was: str


@dataclass(frozen=True, slots=True)
class Row:
    """One typed condition; `wanted` is a value, or a frozenset of them for the list operators."""

    field: str
    op: str
    wanted: object
    currency: str
    source: Field

    def failure(self, case: Case) -> Failure | None:
        """None where it holds."""
        value = self.source.read(case)
        if self._holds(value):
            return None
        wanted = self._text(self.wanted)
        if self.op not in ("=", "in"):
            wanted = f"{self.op} {wanted}"
        return Failure(self.field.rpartition(".")[2], wanted, self._text(value))

    def _holds(self, value: object) -> bool:
        if value is None:
            return self.op in _DENIALS
        wanted = self.wanted
        if isinstance(wanted, frozenset):
            values = value if isinstance(value, frozenset) else frozenset({value})
            if self.op == "not_in":
                return values.isdisjoint(wanted)
            if self.op == "all_of":
                return bool(wanted) and wanted <= values
            return not values.isdisjoint(wanted)
        if isinstance(value, frozenset):
            return (wanted in value) is (self.op == "=")
        if type(value) is not type(wanted) and not (_is_number(value) and _is_number(wanted)):
            return self.op in _DENIALS
        return _COMPARE[self.op](value, wanted)

    def _text(self, value: object) -> str:
        if isinstance(value, frozenset):
            return ", ".join(sorted(self._text(one) for one in value))
        if value is None:
            return ""
        if isinstance(value, bool):
            return str(value).lower()
        if self.source.kind == "money" and isinstance(value, int | Fraction):
            return money.text(int(value), self.currency)
        if self.field == "time.weekday" and isinstance(value, int | Fraction) and 1 <= value <= 7:
            return WEEKDAYS[int(value)]
        return str(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | Fraction) and not isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds."""

    parts: tuple[Row | All | Any, ...]

    def failure(self, case: Case) -> Failure | None:
        """The first part that does not hold."""
        for part in self.parts:
            if failure := part.failure(case):
                return failure
        return None


@dataclass(frozen=True, slots=True)
class Any:
    """One part holds; with no part, none does."""

    parts: tuple[Row | All | Any, ...]

    def failure(self, case: Case) -> Failure | None:
        """What the first part wanted, where none holds."""
        first: Failure | None = None
        for part in self.parts:
            failure = part.failure(case)
            if failure is None:
                return None
            first = first or failure
        return first or Failure("any", "", "")


Condition = Row | All | Any
