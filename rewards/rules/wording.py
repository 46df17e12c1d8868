"""Reading conditions: from `{field, op, value}` rows to typed ones."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from loyalty import money

from .conditions import ATTRIBUTE, DEPTH, FIELDS, LISTS, OPS, All, Any, Condition, Field, Row
from .reading import Node


def condition(node: Node, currency: str, needs: set[str], depth: int = 1) -> Condition | None:
    """A condition of a rule, None where the mapping is empty; adds the fields it asks for to `needs`."""
    if not node.value:
        return None
    if "field" in node.value:
        return _row(node, currency, needs)
    node.only({"all", "any"})
    if depth > DEPTH:
        raise node.error("all", f"conditions may be nested to {DEPTH}")
    parts: list[Condition] = []
    for key, joined in (("all", All), ("any", Any)):
        if key in node.value:
            inner = [condition(child, currency, needs, depth + 1) for child in node.children(key)]
            parts.append(joined(tuple(part for part in inner if part)))
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def _row(node: Node, currency: str, needs: set[str]) -> Row:
    node.only({"field", "op", "value"})
    name, op = node.text("field"), node.text("op", "=")
    source = _source(node, name)
    if op not in OPS:
        raise node.error("op", "must be one of " + ", ".join(sorted(OPS)))
    value = node.value.get("value")
    wanted: object
    if op in LISTS:
        if not isinstance(value, list):
            raise node.error("value", f"must be a list for `{op}`")
        wanted = frozenset(_value(node, source, one, currency) for one in value)
    else:
        if source.kind == "set" and op not in ("=", "!="):
            raise node.error("op", f"`{op}` does not compare {name}")
        wanted = _value(node, source, value, currency)
    needs.add(name)
    return Row(field=name, op=op, wanted=wanted, currency=currency, source=source)


def _source(node: Node, name: str) -> Field:
    if name in FIELDS:
        return FIELDS[name]
    if name.startswith(ATTRIBUTE) and len(name) > len(ATTRIBUTE):
        key = name.removeprefix(ATTRIBUTE)
        return Field(lambda case: _plain(case.facts.attributes.get(key)), "any")
    raise node.error("field", f"{name} is not a field")


def _plain(value: object) -> object:
    """An attribute as conditions compare it: lists become sets, decimals exact."""
    if isinstance(value, list):
        return frozenset(one for one in value if isinstance(one, str | int))
    return Fraction(str(value)) if isinstance(value, float) else value


def _value(node: Node, source: Field, value: object, currency: str) -> object:
    """The value of a row in the type of its field."""
    kind = source.kind
    if isinstance(value, str):
        try:
            return _from_text(kind, value, currency)
        except ValueError:
            raise node.error("value", f"is not {_KINDS[kind]}") from None
    if kind == "bool" and isinstance(value, bool):
        return value
    if kind == "number" and isinstance(value, int) and not isinstance(value, bool):
        return value
    if kind == "any" and isinstance(value, int | float | bool):
        return _plain(value)
    raise node.error("value", f"is not {_KINDS[kind]}")


_KINDS = {
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
        return Fraction(value)
    if kind == "date":
        return date.fromisoformat(value).isoformat()
    if kind == "bool":
        raise ValueError(value)
    return value
