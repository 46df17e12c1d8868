"""What names something else must find it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from rewards.rules import reading as rules_reading
from rewards.rules.wording import EVERYWHERE, OF_MEMBERS, Reader

from .findings import Document, Finding, choose, conditions, entries, rows, rules, values, within

Known = Mapping[str, set[str]]
_FIELDS = {
    "sale.store": "stores",
    "sale.store_group": "store groups",
    "member.tier": "tiers",
    "member.segment": "segments",
    "member.plan": "plans",
}


def known(document: Document) -> dict[str, set[str]]:
    """The codes of everything that can be named, by section."""
    found = {
        section: {one.get("code", "") for _place, one in entries(document, section)}
        for section in ("stores", "segments", "groups", "rewards", "plans", "events", "campaigns")
    }
    found["store groups"] = {one["group"] for _place, one in entries(document, "stores") if one.get("group")}
    found["tiers"] = {level.get("code", "") for one in document.get("tiers") or () for level in one.get("levels") or ()}
    found["rules"] = {rule.get("code", "") for _place, rule, _campaign in rules(document)}
    if "stores" not in document:
        found["stores"] = {"main"}
    return found


def references_are_found(document: Document) -> Iterator[Finding]:
    """Stores, tiers, segments, plans, rewards, groups, events and rules by their codes."""
    there = known(document)
    for place, condition in conditions(document):
        for at, row in rows(place, condition):
            section = _FIELDS.get(row.get("field", ""))
            if section:
                for inside, value in values(at, row):
                    yield from _find(there, section, inside, value)
    yield from _of_rules(document, there)
    yield from _of_rewards(document, there)
    yield from _of_events(document, there)


def _of_rules(document: Document, there: Known) -> Iterator[Finding]:
    for place, rule, _campaign in rules(document):
        yield from _find(there, "groups", f"{place}.group", rule.get("group"))
        yield from _find(there, "rewards", f"{place}.reward", rule.get("reward"))
        if isinstance(rule.get("of"), list):
            for inside, code in within(place, rule, "of"):
                yield from _find(there, "rules", inside, code)
    for place, campaign in entries(document, "campaigns"):
        yield from _find(there, "groups", f"{place}.group", campaign.get("group"))
        yield from _find_all(there, "stores", within(place, campaign, "stores"))
        yield from _find_all(there, "store groups", within(place, campaign, "store_groups"))


def _of_rewards(document: Document, there: Known) -> Iterator[Finding]:
    for place, reward in entries(document, "rewards"):
        yield from _find_all(there, "tiers", within(place, reward, "tiers"))
        yield from _find_all(there, "rewards", within(place, reward, "excludes"))
        yield from _find_all(there, "stores", ((f"{place}.stock.{code}", code) for code in reward.get("stock") or ()))
        yield from _find(there, "events", f"{place}.event", reward.get("event"))


def _of_events(document: Document, there: Known) -> Iterator[Finding]:
    for place, event in entries(document, "events"):
        yield from _find(there, "stores", f"{place}.store", event.get("store"))
        for at, ticket in within(place, event, "tickets"):
            yield from _find_all(there, "plans", within(at, ticket, "plans"))
            yield from _find_all(there, "tiers", within(at, ticket, "tiers"))
            yield from _find(there, "plans", f"{at}.grants", ticket.get("grants"))
            opens = ((f"{at}.opens_at.{code}", code) for code in ticket.get("opens_at") or () if code != "default")
            yield from _find_all(there, "tiers", opens)


def _find_all(there: Known, section: str, named: Iterator[tuple[str, Any]]) -> Iterator[Finding]:
    for place, code in named:
        yield from _find(there, section, place, code)


def _find(there: Known, section: str, place: str, code: Any) -> Iterator[Finding]:
    if code is None or code in there[section]:
        return
    near = difflib.get_close_matches(str(code), sorted(there[section]), 1, 0.7)
    mend = _("did you mean %(near)s?") % {"near": near[0]} if near else choose(sorted(there[section]), section)
    detail = _("“%(code)s” is not found under %(section)s.") % {"code": code, "section": section}
    yield Finding(place, "unknown_reference", detail, mend)


def conditions_are_conditions(document: Document) -> Iterator[Finding]:
    """Those of rewards and messages; the engine reads those of rules, campaigns and segments itself."""
    currency = (document.get("settings") or {}).get("currency", "USD")
    for section, key, allowed in (
        ("rewards", "audience", OF_MEMBERS),
        ("rewards", "when", EVERYWHERE),
        ("messages", "when", OF_MEMBERS),
    ):
        for place, entry in entries(document, section):
            if isinstance(entry.get(key), dict):
                noted: list[rules_reading.Problem] = []
                Reader(currency).condition(rules_reading.Node(entry[key], f"{place}.{key}", noted), allowed)
                for one in noted:
                    yield Finding(one.place, one.code, one.detail, one.mend, one.severity)
