"""What one document changes of another, object by object."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .grammar import SECTIONS
from .writing import flow

NAMES = {"tiers": "group"}  # what names an object of a section; elsewhere its code


@dataclass(frozen=True)
class Change:
    """One difference. `code` names the object, `place` is in the new document (in the old one where it is removed).

    `before` and `after` are the values; None where there is none.
    """

    kind: str  # added, removed, changed
    section: str
    code: str
    place: str
    before: Any = None
    after: Any = None

    def body(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    def __str__(self) -> str:
        """One line: `+ rules[3] (happy-hour): …`, `- …`, `~ rules[0].points (base): 1 → 2`."""
        mark = {"added": "+", "removed": "-"}.get(self.kind, "~")
        name = f" ({self.code})" if self.code else ""
        if self.kind == "changed":
            return f"{mark} {self.place}{name}: {_short(self.before)} → {_short(self.after)}"
        return f"{mark} {self.place}{name}: {_short(self.after if self.kind == 'added' else self.before)}"


def _short(value: Any) -> str:
    if value is None:
        return "–"
    text = flow(value)
    return text if len(text) <= 120 else f"{text[:119]}…"


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """Every difference, in the order of the file; the order of objects in a list means nothing."""
    changes: list[Change] = []
    for key in ("loyalty", "name", "settings"):
        changes.extend(_values(key, "", key, old.get(key), new.get(key)))
    for section in dict.fromkeys((*SECTIONS, *old, *new)):
        if section not in ("loyalty", "name", "settings"):
            changes.extend(_section(section, old.get(section), new.get(section)))
    return changes


def digest(document: Mapping[str, Any]) -> str:
    """A name for a content: equal documents have the same, whatever the order of their keys."""
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _section(section: str, old: Any, new: Any) -> Iterator[Change]:
    if not isinstance(old or [], list) or not isinstance(new or [], list):
        yield from _values(section, "", section, old, new)
        return
    name = NAMES.get(section, "code")
    before, after = _by_name(old or [], name), _by_name(new or [], name)
    for code, (index, value) in after.items():
        if code in before:
            yield from _values(section, code, f"{section}[{index}]", before[code][1], value)
        else:
            yield Change("added", section, code, f"{section}[{index}]", None, value)
    for code, (index, value) in before.items():
        if code not in after:
            yield Change("removed", section, code, f"{section}[{index}]", value, None)


def _by_name(objects: list[Any], name: str) -> dict[str, tuple[int, Any]]:
    return {
        str(one.get(name, index) if isinstance(one, Mapping) else index): (index, one)
        for index, one in enumerate(objects)
    }


def _values(section: str, code: str, place: str, old: Any, new: Any) -> Iterator[Change]:
    """Differences below one place, down to the values; a list is one value."""
    if _same(old, new):
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys((*old, *new)):
            inside = f"{place}.{key}"
            if key in old and key in new:
                yield from _values(section, code, inside, old[key], new[key])
            else:
                kind = "removed" if key in old else "added"
                yield Change("changed" if code else kind, section, code, inside, old.get(key), new.get(key))
        return
    if _is_coded(old) and _is_coded(new):
        before, after = _by_name(old, _name_of(old)), _by_name(new, _name_of(new))
        for name in dict.fromkeys((*after, *before)):
            index, value = after.get(name) or before[name]
            there = before.get(name, (0, None))[1]
            here = value if name in after else None
            yield from _values(section, code, f"{place}[{index}]", there, here)
        return
    kind = "added" if old is None else "removed" if new is None else "changed"
    yield Change("changed" if code else kind, section, code, place, old, new)


def _is_coded(value: Any) -> bool:
    """Whether this is a list of objects that have names of their own: rules of a campaign, levels, tickets."""
    return isinstance(value, list) and bool(value) and all(isinstance(one, Mapping) and _key(one) for one in value)


def _name_of(objects: list[Any]) -> str:
    return _key(objects[0])


def _key(value: Mapping[str, Any]) -> str:
    return "code" if "code" in value else "kind" if "kind" in value and "capacity" in value else ""


def _same(old: Any, new: Any) -> bool:
    return type(old) is type(new) and bool(old == new)
