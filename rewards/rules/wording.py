"""Reading conditions: from `{field, op, value}` rows to typed ones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from math import isfinite

from loyalty import money

from .case import Case
from .conditions import ATTRIBUTE, DATA, DEPTH, FIELDS, LISTS, OPS, All, Any, Condition, Field, Row
from .reading import Node

EVERYWHERE = ("basket.", "sale.", "time.", "member.")
OF_MEMBERS = ("member.",)
OF_TRIGGERS = ("sale.store", "sale.store_group", "sale.channel", "time.", "member.", DATA)
_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,6})?", re.ASCII)
_NEVER = Row(field="", op="in", wanted=frozenset(), currency="", source=Field(lambda case: None, "any"))


@dataclass(frozen=True, slots=True)
class Mention:
    """Values that one row compares a field with, for checking them against the rest of the document."""

    node: Node
    field: str
    values: tuple[object, ...]


@dataclass(slots=True)
class Reader:
    """Reads conditions, and remembers what they ask for."""

    currency: str
    mentions: list[Mention] = field(default_factory=list)

    def condition(self, node: Node, allowed: tuple[str, ...] = EVERYWHERE, depth: int = 1) -> Condition | None:
        """A condition, None where the mapping is empty. `allowed`: beginnings of the fields that make sense."""
        if not node.value:
            return None
        if "field" in node.value:
            return self._row(node, allowed)
        node.only({"all", "any"})
        if depth > DEPTH:
            mend = "Put the inner conditions into a segment, or say them in fewer levels."
            node.report("all" if "all" in node.value else "any", "too_deep", f"is nested deeper than {DEPTH}", mend)
            return _NEVER
        parts: list[Condition] = []
        for key, joined in (("all", All), ("any", Any)):
            if key in node.value:
                inner = [self.condition(child, allowed, depth + 1) for child in node.children(key)]
                said = tuple(part for part in inner if part)
                parts.append(said[0] if len(said) == 1 else joined(said))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _row(self, node: Node, allowed: tuple[str, ...]) -> Condition:
        node.only({"field", "op", "value"})
        name, op = node.text("field"), node.choice("op", sorted(OPS), "=")
        source = self._source(node, name, allowed)
        if source is None:
            return _NEVER
        value = node.value.get("value")
        if op in LISTS:
            if not isinstance(value, list):
                node.report("value", "not_a_list", f"must be a list for `{op}`", "Put it in brackets: [gold].")
                return _NEVER
            found = [self._value(node, source, one) for one in value]
            wanted: object = frozenset(one for one in found if one is not None)
            self.mentions.append(Mention(node, name, tuple(value)))
        else:
            if source.kind == "set" and op not in ("=", "!="):
                node.report("op", "op_does_not_fit", f"`{op}` does not compare {name}", "Use any_of or all_of.")
            wanted = self._value(node, source, value)
            self.mentions.append(Mention(node, name, (value,)))
        return Row(field=name, op=op, wanted=wanted, currency=self.currency, source=source)

    @staticmethod
    def _source(node: Node, name: str, allowed: tuple[str, ...]) -> Field | None:
        if not name:
            return None
        if name in FIELDS or _is_free(name):
            if name.startswith(allowed):
                return FIELDS.get(name) or _free(name)
            mend = "Fields that can be asked for here begin with " + ", ".join(allowed) + "."
            node.report("field", "field_not_here", f"{name} cannot be known here", mend)
            return None
        node.report("field", "unknown_field", f"{name} is not a field", "See the list of fields in docs/rules.md.")
        return None

    def _value(self, node: Node, source: Field, value: object) -> object:
        """The value of a row in the type of its field; None, noted, where it does not fit."""
        kind = source.kind
        if isinstance(value, str):
            try:
                return _from_text(kind, value, self.currency)
            except ValueError:
                value = None
        if kind == "bool" and isinstance(value, bool):
            return value
        if kind == "number" and isinstance(value, int | float) and not isinstance(value, bool):
            return _plain(value)
        if kind == "any" and isinstance(value, int | float | bool):
            return _plain(value)
        node.report("value", "value_does_not_fit", f"is not {_KINDS[kind]}", f"Give {_KINDS[kind]}.")
        return None


def _is_free(name: str) -> bool:
    """Whether it is an attribute of the member or something that was sent with an activity."""
    return any(name.startswith(start) and len(name) > len(start) for start in (ATTRIBUTE, DATA))


def _free(name: str) -> Field:
    if name.startswith(ATTRIBUTE):
        key = name.removeprefix(ATTRIBUTE)

        def attribute(case: Case) -> object:
            return _plain(case.facts.attributes.get(key))

        return Field(attribute, "any", private=True)
    key = name.removeprefix(DATA)

    def sent(case: Case) -> object:
        return _plain(case.data.get(key))

    return Field(sent, "any", private=True)


def _plain(value: object) -> object:
    """A free value as conditions compare it: lists become sets, decimals exact."""
    if isinstance(value, list):
        return frozenset(one for one in value if isinstance(one, str | int))
    if isinstance(value, dict):
        return None
    if isinstance(value, float):
        return Fraction(str(value)) if isfinite(value) else None
    return value


_KINDS: Mapping[str, str] = {
    "money": 'an amount in quotes, such as "100"',
    "number": "a number",
    "date": "a day, such as 2026-12-01",
    "bool": "true or false",
    "text": "a text",
    "set": "a text",
    "any": "a text, a number, true or false",
}


def _from_text(kind: str, value: str, currency: str) -> object:
    """A text in the type of a field. Raises ValueError where it does not fit."""
    if kind == "money":
        return money.minor(value, currency)
    if kind == "number":
        if not _NUMBER.fullmatch(value):
            raise ValueError(value)
        return Fraction(value)
    if kind == "date":
        return date.fromisoformat(value).isoformat()
    if kind == "bool":
        raise ValueError(value)
    return value
