"""The condition builder: rows of field, comparison and value, in groups of all or any, as a form and back."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from rewards.drafts import posted as posting
from rewards.drafts.posted import Posted

from .naming import Names
from .vocabulary import ATTRIBUTE, FIELDS, OPS, TENDERS, WEEKDAYS, Field
from .vocabulary import field as field_named

DEPTH = 4
MOST_ROWS = 40
Node = dict[str, Any]


@dataclass
class Row:
    """One row as it is drawn."""

    name: str  # prefix of its controls
    number: int
    asked: Field
    op: str
    ops: dict[str, Any]
    value: Any
    text: str
    choices: list[tuple[str, str, bool]] = field(default_factory=list)
    several: bool = True
    error: str = ""
    attribute: str = ""


@dataclass
class Group:
    """Rows and groups that must all, or not all, hold."""

    name: str
    join: str
    parts: list[Row | Group]
    depth: int
    number: int = 0
    error: str = ""

    @property
    def may_nest(self) -> bool:
        """Whether another group fits inside."""
        return self.depth < DEPTH

    @property
    def heading(self) -> str:
        """What a screen reader calls the group."""
        return _("Group %(number)s") % {"number": self.number} if self.number else _("Conditions")


def tidy(condition: Any) -> Node:
    """A condition as one group: a bare row gets one, and `all` beside `any` become groups of a group."""
    if not isinstance(condition, Mapping) or not condition:
        return {"all": []}
    if "field" in condition:
        return {"all": [dict(condition)]}
    keys = [key for key in ("all", "any") if isinstance(condition.get(key), list)]
    groups = [{key: [one if "field" in one else tidy(one) for one in condition[key]]} for key in keys]
    if len(groups) == 1:
        return groups[0]
    return {"all": groups}


def read(posted: Posted, prefix: str, names: Names) -> Node | None:
    """The condition of a form; None where it has no row."""
    node = _read_group(posted, prefix, names, 1)
    return node if next(iter(node.values())) else None


def _read_group(posted: Posted, prefix: str, names: Names, depth: int) -> Node:
    join = "any" if posted.one(f"{prefix}.join") == "any" else "all"
    found: list[Node] = []
    for number in range(MOST_ROWS):
        name = f"{prefix}.{number}"
        if posted.has(f"{name}.join") and depth < DEPTH:
            found.append(_read_group(posted, name, names, depth + 1))
        elif posted.has(f"{name}.field"):
            found.append(_read_row(posted, name, names))
    return {join: found}


def _read_row(posted: Posted, name: str, names: Names) -> Node:
    chosen, before = posted.one(f"{name}.field"), posted.one(f"{name}.was")
    if chosen == ATTRIBUTE:
        chosen += posted.one(f"{name}.attribute") or "…"
    asked = field_named(chosen)
    ops = list(OPS[asked.ops])
    op = posted.one(f"{name}.op")
    if op not in ops:
        op = ops[0]
    if before and field_named(before).name != asked.name:
        return {"field": asked.name, "op": _op(op), "value": _nothing(asked)}
    return {"field": asked.name, "op": _op(op), "value": _read_value(posted, f"{name}.value", asked, op, names)}


def _op(op: str) -> str:
    return "in" if op == "at_least" else op


def _nothing(asked: Field) -> Any:
    if asked.widget == "yes":
        return True
    return [] if asked.ops in ("choice", "tier", "text", "one") else ""


def _read_value(posted: Posted, name: str, asked: Field, op: str, names: Names) -> Any:
    if asked.widget == "choice":
        chosen: list[Any] = posted.many(name)
        if asked.choices == "weekdays":
            return [posting.whole(one) for one in chosen]
        if op == "at_least":
            at = min((names.ladder.index(one) for one in chosen if one in names.ladder), default=None)
            return [] if at is None else names.ladder[at:]
        return chosen
    text = posted.one(name)
    if asked.widget == "text":
        return posting.split(text)
    if asked.widget == "yes":
        return text != "no"
    if asked.widget in ("number", "any"):
        return (
            {"true": True, "false": False}.get(text, posting.whole(text))
            if asked.widget == "any"
            else posting.whole(text)
        )
    return posting.plain(text) if asked.widget == "money" else text


def drawn(condition: Any, prefix: str, names: Names, errors: Mapping[str, str]) -> Group:
    """The builder's groups and rows, ready for the template."""
    return _draw(tidy(condition), prefix, names, errors, 1, 0)


def _draw(node: Node, prefix: str, names: Names, errors: Mapping[str, str], depth: int, number: int) -> Group:
    join, inside = next(iter(node.items()))
    parts: list[Row | Group] = []
    for i, one in enumerate(inside):
        name = f"{prefix}.{i}"
        if "field" in one:
            parts.append(_draw_row(one, name, i + 1, names, errors))
        else:
            parts.append(_draw(tidy(one), name, names, errors, depth + 1, i + 1))
    return Group(prefix, join, parts, depth, number, errors.get(prefix, ""))


def _draw_row(one: Node, name: str, number: int, names: Names, errors: Mapping[str, str]) -> Row:
    asked = field_named(str(one.get("field", "")))
    op, value = str(one.get("op", "=")), one.get("value")
    if asked.ops in ("choice", "tier", "text", "one") and op in ("=", "!="):
        op, value = ("in" if op == "=" else "not_in"), [value]
        if asked.ops == "text" and op == "in":
            op = "any_of"
    if asked.ops == "text" and op == "in":
        op = "any_of"
    many = value if isinstance(value, list) else [value]
    several = True
    if asked.ops == "tier" and op == "in" and _is_top(many, names.ladder):
        op, many, several = "at_least", many[:1] and [min(many, key=names.ladder.index)], False
    ops = {**OPS[asked.ops]}
    if op not in ops:
        ops[op] = op
    error = next((errors[key] for key in (f"{name}.value", f"{name}.op", f"{name}.field", name) if key in errors), "")
    text = ", ".join(str(v) for v in many if v not in (None, ""))
    if isinstance(value, bool):
        text = str(value).lower()
    attribute = asked.name.removeprefix(ATTRIBUTE) if asked.name.startswith(ATTRIBUTE) else ""
    return Row(name, number, asked, op, ops, value, text, choices_of(asked, many, names), several, error, attribute)


def _is_top(chosen: list[Any], ladder: list[str]) -> bool:
    """Whether these levels are a level and all above it; none at all is the start of choosing so."""
    return len(ladder) > 1 and (not chosen or (len(chosen) > 1 and set(chosen) == set(ladder[-len(chosen) :])))


def choices_of(asked: Field, chosen: list[Any], names: Names) -> list[tuple[str, str, bool]]:
    """What can be ticked: code, name, whether it is; codes that are gone stay, or they would be lost."""
    tables: dict[str, Mapping[Any, Any]] = {
        "tiers": names.tiers,
        "stores": names.stores,
        "store_groups": {group: group for group in names.store_groups},
        "segments": names.section("segments"),
        "plans": names.section("plans"),
        "weekdays": WEEKDAYS,
        "tenders": TENDERS,
    }
    if asked.widget != "choice":
        return []
    known = tables.get(asked.choices, {})
    left = [one for one in chosen if one not in known and one not in (None, "")]
    return [(str(code), str(name), code in chosen) for code, name in [*known.items(), *((one, one) for one in left)]]


def grouped_fields(allowed: str) -> list[tuple[str, list[Field]]]:
    """Fields for the picker, by what they are about; `allowed` "member" leaves the others out."""
    groups: dict[str, list[Field]] = {}
    for one in FIELDS.values():
        if allowed != "member" or one.name.startswith("member."):
            groups.setdefault(str(one.group), []).append(one)
    return list(groups.items())


def act(condition: Any, deed: str, path: str) -> Node:
    """The condition after a button: a row or a group added inside the group at `path`, or what is there dropped.

    `path` is positions, e.g. "1.0"; "" is the outermost group.
    """
    node = copy.deepcopy(tidy(condition))
    way = [int(step) for step in path.split(".") if step.isdecimal()]
    if deed == "drop":
        if not way:
            return node
        *way, last = way
    inside = _inside(node, way)
    if deed == "drop":
        del inside[last : last + 1]
    elif deed == "row" and len(inside) < MOST_ROWS:
        inside.append({"field": "member.tier", "op": "in", "value": []})
    elif deed == "group" and len(way) + 1 < DEPTH:
        inside.append({"any" if len(way) % 2 == 0 else "all": [{"field": "member.tier", "op": "in", "value": []}]})
    return node


def _inside(node: Node, way: list[int]) -> list[Any]:
    inside: list[Any] = next(iter(node.values()))
    for step in way:
        if step < len(inside) and "field" not in inside[step]:
            inside = next(iter(inside[step].values()))
    return inside
