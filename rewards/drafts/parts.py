"""The parts of a programme document: found by section and code, changed one by one, merged three ways. Pure."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from .refusals import Clash, CodeTaken

Document = dict[str, Any]
Part = dict[str, Any]
_MISSING = object()


def fingerprint(value: object) -> str:
    """A short hash of any JSON; the order of keys does not matter, "" for nothing."""
    if value is None:
        return ""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def name_of(part: Mapping[str, Any]) -> str:
    """What the parts of a list are told apart by."""
    return str(part.get("code", part.get("group", "")))


def find(document: Mapping[str, Any], section: str, code: str) -> Part | None:
    """One rule, campaign, … by its code."""
    return next((part for part in document.get(section) or [] if name_of(part) == code), None)


def put(document: Document, section: str, code: str, part: Part | None) -> Document:
    """A copy of the document with the part of this code replaced, removed (None) or, for a new code, added at the end.

    `code` is the part's code before; "" adds. Raises CodeTaken.
    """
    changed = copy.deepcopy(document)
    listed: list[Part] = list(changed.get(section) or [])
    others = {name_of(one) for one in listed if name_of(one) != code or not code}
    if part is not None and name_of(part) in others:
        raise CodeTaken(name_of(part))
    at = next((i for i, one in enumerate(listed) if code and name_of(one) == code), None)
    if part is None:
        listed = [one for i, one in enumerate(listed) if i != at]
    elif at is None:
        listed.append(part)
    else:
        listed[at] = part
    changed[section] = listed
    if not listed:
        del changed[section]
    return changed


def pieces(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document as independent pieces: `campaigns/tuesdays`, `settings/earning`, `name`."""
    found: dict[str, Any] = {}
    for section, value in document.items():
        found |= dict(_pieces(section, value))
    return found


def _pieces(section: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list) and value and all(isinstance(one, dict) and name_of(one) for one in value):
        for one in value:
            yield f"{section}/{name_of(one)}", one
    elif section == "settings" and isinstance(value, dict):
        for key, setting in value.items():
            yield f"{section}/{key}", setting
    else:
        yield section, value


def merge(
    base: Mapping[str, Any], mine: Document, theirs: Document, take: Mapping[str, str]
) -> tuple[Document, list[Clash]]:
    """`theirs` with what `mine` changed since `base`, and the pieces both changed.

    `take` answers clashes by key: "mine" or "theirs". A clash that is not answered keeps `mine`.
    """
    was, ours, others = pieces(base), pieces(mine), pieces(theirs)
    result, clashes = copy.deepcopy(theirs), []
    for key in [*ours, *(key for key in was if key not in ours)]:
        before, own, other = (source.get(key, _MISSING) for source in (was, ours, others))
        if own in (before, other):
            continue
        if other != before and key not in take:
            clashes.append(Clash(key, *(None if v is _MISSING else v for v in (before, own, other))))
        if take.get(key) != "theirs":
            result = _set(result, key, None if own is _MISSING else own)
    return result, clashes


def _set(document: Document, key: str, value: Any) -> Document:
    section, _, name = key.partition("/")
    if name and section == "settings":
        settings = {**document.get("settings", {})}
        settings.pop(name, None)
        if value is not None:
            settings[name] = value
        return {**document, "settings": settings}
    if name:
        return put(document, section, name, value)
    changed = {**document}
    changed.pop(section, None)
    if value is not None:
        changed[section] = value
    return changed
