"""Each code once: what two objects of the same name would mean, nobody can say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.utils.translation import gettext as _

from rewards.programme_file.comparing import NAMES
from rewards.programme_file.grammar import SECTIONS

from .findings import Document, Finding, entries, rules, within


def each_code_once(document: Document) -> Iterator[Finding]:
    """In every section; rules of campaigns count with the others, levels with those of all ladders."""
    for section in SECTIONS:
        if section != "rules":
            name = NAMES.get(section, "code")
            yield from _once((f"{place}.{name}", one.get(name)) for place, one in entries(document, section))
    yield from _once((f"{place}.code", rule.get("code")) for place, rule, _campaign in rules(document))
    levels = (
        (f"{inside}.code", level.get("code"))
        for place, group in entries(document, "tiers")
        for inside, level in within(place, group, "levels")
    )
    yield from _once(levels)
    for place, event in entries(document, "events"):
        yield from _once((f"{inside}.kind", ticket.get("kind")) for inside, ticket in within(place, event, "tickets"))


def _once(codes: Iterable[tuple[str, Any]]) -> Iterator[Finding]:
    seen: dict[Any, str] = {}
    for place, code in codes:
        if code is None:
            continue
        if code in seen:
            detail = _("“%(code)s” is there twice; the first is %(first)s.") % {"code": code, "first": seen[code]}
            yield Finding(place, "doubled_code", detail, _("give one of them another code"))
        else:
            seen[code] = place
