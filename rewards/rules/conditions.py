"""The language of conditions: `{field, op, value}` under `all` and `any` (CONTRACT Meaning 10)."""

from __future__ import annotations

import operator
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from loyalty import money

from . import numbers
from .case import Case

DEPTH = 4
WEEKDAYS = ("", "mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the language: where its value comes from and how values are written."""

    read: Callable[[Case], object]
    kind: str  # number, money, text, set, bool, date, any
    private: bool = False  # its value is not told in receipts, which outlive the member's data


FIELDS: Mapping[str, Field] = {
    "basket.amount": Field(lambda case: case.amount, "money"),
    "basket.amount_without_tax": Field(Case.amount_without_tax, "money"),
    "basket.quantity": Field(Case.quantity, "number"),
    "basket.skus": Field(lambda case: case.of_lines("sku"), "set"),
    "basket.categories": Field(lambda case: case.of_lines("category"), "set"),
    "basket.labels": Field(Case.labels, "set"),
    "basket.brands": Field(Case.brands, "set"),
    "basket.currency": Field(lambda case: case.basket.currency, "text"),
    "sale.store": Field(lambda case: case.basket.store, "text"),
    "sale.store_group": Field(lambda case: case.basket.store_group, "text"),
    "sale.channel": Field(lambda case: case.basket.channel, "text"),
    "sale.tenders": Field(lambda case: frozenset(t.kind for t in case.basket.tenders), "set"),
    "time.weekday": Field(lambda case: case.local.isoweekday(), "number"),
    "time.hour": Field(lambda case: case.local.hour, "number"),
    "time.date": Field(lambda case: case.local.date().isoformat(), "date"),
    "member.tier": Field(lambda case: case.tiers, "set"),
    "member.segment": Field(lambda case: case.segments, "set"),
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
DATA = "activity."

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


class Failure(NamedTuple):
    """Why something does not hold, for the decision receipt; put into words only when it is read."""

    why: str
    wanted_text: str = ""
    was_text: str = ""
    row: Row | None = None
    value: object = None

    @property
    def wanted(self) -> str:
        """What would have been right."""
        return self.wanted_text if self.row is None else self.row.wanted_text()

    @property
    def was(self) -> str:
        """What it was instead; nothing for what a receipt must not keep."""
        if self.row is None:
            return self.was_text
        return "" if self.row.source.private else self.row.text(self.value)


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
        return Failure(self.field.rpartition(".")[2], row=self, value=value)

    def wanted_text(self) -> str:
        """The value with its operator, where that is not plain equality."""
        wanted = self.text(self.wanted)
        return wanted if self.op in ("=", "in") else f"{self.op} {wanted}"

    def _holds(self, value: object) -> bool:
        if value is None:
            return self.op in _DENIALS
        wanted = self.wanted
        if isinstance(wanted, frozenset):
            values = value if isinstance(value, frozenset) else frozenset((value,))
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

    def text(self, value: object) -> str:
        """A value of this field in words."""
        if isinstance(value, frozenset):
            return ", ".join(sorted(self.text(one) for one in value))
        if value is None:
            return ""
        if isinstance(value, bool):
            return str(value).lower()
        if self.source.kind == "money" and isinstance(value, int | Fraction):
            return money.text(int(value), self.currency)
        if self.field == "time.weekday" and isinstance(value, int | Fraction) and 1 <= value <= 7:
            return WEEKDAYS[int(value)]
        return numbers.text(value.numerator, value.denominator) if isinstance(value, Fraction) else str(value)


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
        return first or Failure("any")


Condition = Row | All | Any
