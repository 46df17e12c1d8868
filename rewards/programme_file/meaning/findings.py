"""What the checks of meaning share: a finding, and ways through a document."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from rewards.programme_file.problems import ERROR

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Finding:
    """One thing to mend, at a place of the document."""

    place: str
    code: str
    detail: str
    mend: str = ""
    severity: str = ERROR


Check = Callable[[Document], Iterator[Finding]]


def entries(document: Document, section: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The objects of a section with their places."""
    for index, entry in enumerate(document.get(section) or ()):
        yield f"{section}[{index}]", entry or {}


def within(place: str, entry: Mapping[str, Any], key: str) -> Iterator[tuple[str, Any]]:
    """The values of a list inside an object with their places; nothing where there is none."""
    for index, value in enumerate(entry.get(key) or ()):
        if value is not None:
            yield f"{place}.{key}[{index}]", value


def rules(document: Document) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any] | None]]:
    """Every rule with its place and its campaign (None: it stands alone)."""
    for place, rule in entries(document, "rules"):
        yield place, rule, None
    for place, campaign in entries(document, "campaigns"):
        for inside, rule in within(place, campaign, "rules"):
            yield inside, rule, campaign


def conditions(document: Document) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every condition of the document, outermost, with its place."""
    for place, rule, _campaign in rules(document):
        yield from _condition(f"{place}.when", rule.get("when"))
    for section, keys in (("campaigns", ("audience",)), ("rewards", ("audience", "when")), ("messages", ("when",))):
        for place, entry in entries(document, section):
            for key in keys:
                yield from _condition(f"{place}.{key}", entry.get(key))
    for place, segment in entries(document, "segments"):
        yield place, {key: segment[key] for key in ("all", "any") if key in segment}


def _condition(place: str, value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if value:
        yield place, value


def rows(place: str, condition: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every `{field, op, value}` below a condition, with its place."""
    if "field" in condition:
        yield place, condition
    for key in ("all", "any"):
        for inside, part in within(place, condition, key):
            yield from rows(inside, part)


def values(place: str, row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What a row compares with, one or several, with their places."""
    value = row.get("value")
    if isinstance(value, list):
        yield from within(place, row, "value")
    else:
        yield f"{place}.value", value


def instant(value: Any) -> datetime | None:
    """A time of the document; None where there is none."""
    if not isinstance(value, str):
        return None
    try:
        return datetime.fromisoformat(value.upper())
    except ValueError:
        return None


def choose(known: Iterator[str] | list[str], what: str) -> str:
    """A mend that names what there is."""
    names = list(known)
    if not names:
        return _("add it under %(what)s, or take this out") % {"what": what}
    shown = ", ".join(names[:12]) + (" …" if len(names) > 12 else "")
    return _("known under %(what)s: %(names)s") % {"what": what, "names": shown}
