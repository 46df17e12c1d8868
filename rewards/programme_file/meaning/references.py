"""What names something else must find it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from django.utils.translation import gettext as _

from rewards.programme_file.problems import ERROR, WARNING

from .findings import Document, Finding, choose, conditions, entries, rows, rules, values, within

Known = Mapping[str, set[str]]
_FIELDS = {
    "sale.store": "stores",
    "sale.store_group": "store groups",
    "member.tier": "tiers",
    "member.segment": "segments",
    "member.plan": "plans",
}
BASES = ("per_amount", "per_unit", "per_visit")


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


def multipliers_have_a_base(document: Document) -> Iterator[Finding]:
    """A multiplier without points to multiply gives nothing, for ever."""
    all_rules = [(rule, campaign) for _place, rule, campaign in rules(document)]
    bases = {rule.get("code", ""): rule for rule, _campaign in all_rules if is_base(rule)}
    running = {code for code, rule in bases.items() if rule.get("enabled", True)}
    codes = {rule.get("code", "") for rule, _campaign in all_rules}
    say = partial(Finding, code="multiplier_without_base")
    for place, rule, _campaign in rules(document):
        if rule.get("kind") != "multiplier" or not rule.get("enabled", True) or rule.get("trigger"):
            continue
        wanted = rule.get("of", "all")
        named = set(bases) if wanted == "all" else set(wanted) & set(bases)
        mend = _("add a per_amount, per_unit or per_visit rule, or a fixed one with before_multipliers: true")
        if not named and (wanted == "all" or set(wanted) <= codes):
            detail = _("This multiplies nothing: there is no rule that gives points before it.")
            yield say(f"{place}.of" if "of" in rule else place, detail=detail, mend=mend, severity=ERROR)
        elif named and not named & running:
            detail = _("This multiplies nothing now: every rule before it is switched off.")
            yield say(place, detail=detail, mend=_("switch one of them on"), severity=WARNING)


def is_base(rule: Mapping[str, Any]) -> bool:
    """Whether a rule of sales gives points that multipliers multiply."""
    if rule.get("trigger"):
        return False
    return rule.get("kind") in BASES or (rule.get("kind") == "fixed" and rule.get("before_multipliers") is True)
