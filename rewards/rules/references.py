"""What names something else in the document must name something that is there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from .campaigns import Campaign
from .kinds import BASE, Multiplier, Rule, Stamps
from .reading import Node
from .wording import Mention, Reader

TENDERS: frozenset[object] = frozenset({"cash", "card", "points", "gift_card", "stored_value", "other"})
NEVER_TRUE = frozenset(
    {"unknown_tier", "unknown_segment", "unknown_plan", "unknown_store", "unknown_store_group", "unknown_value"}
)
"""Codes of mistakes that only keep a condition from being true: a version that has them still answers."""


def codes(nodes: Iterable[Node], key: str = "code") -> frozenset[str]:
    """All texts under `key`."""
    return frozenset(text for node in nodes if isinstance(text := node.value.get(key), str))


def unique(nodes: Iterable[Node], what: str, key: str = "code") -> None:
    """Note every code that was there before."""
    seen: dict[str, str] = {}
    for node in nodes:
        code = node.value.get(key)
        if isinstance(code, str) and code:
            if code in seen:
                mend = f"It is at {seen[code]} too; give each {what} its own code."
                node.report(key, "duplicate_code", f"{code} is there twice", mend)
            seen.setdefault(code, node.path(key))


def check(document: Node, reader: Reader, rules: list[tuple[Node, Rule]], campaigns: Mapping[str, Campaign]) -> None:
    """Note everything that names what is not there."""
    quiet = Node(document.value, document.place, [])  # sections that are checked elsewhere
    groups, rewards = codes(quiet.children("groups")), codes(quiet.children("rewards"))
    for node, rule in rules:
        if rule.group and rule.group not in groups and node.has("group"):
            _unknown(node, "group", "group", rule.group, groups)
        if isinstance(rule, Stamps) and rule.reward and rule.reward not in rewards:
            _unknown(node, "reward", "reward", rule.reward, rewards)
        if rule.campaign in campaigns:
            _overlap(node, rule, campaigns[rule.campaign])
    known = known_values(quiet, reader.currency)
    for node in document.children("campaigns"):
        _check_campaign(node, groups, known)
    for mention in reader.mentions:
        if mention.field in known:
            _check_mention(mention, *known[mention.field])


def _check_campaign(node: Node, groups: frozenset[str], known: Mapping[str, tuple[str, frozenset[object]]]) -> None:
    for key, field in (("stores", "sale.store"), ("store_groups", "sale.store_group")):
        what, there = known[field]
        for code in sorted(Node(node.value, node.place, []).texts(key) - there):
            _unknown(node, key, f"campaign_{what}", str(code), there)
    group = node.value.get("group")
    if isinstance(group, str) and group not in groups:
        _unknown(node, "group", "group", group, groups)


def known_values(document: Node, currency: str) -> Mapping[str, tuple[str, frozenset[object]]]:
    """What can stand in conditions on these fields: what it is called, and all there is."""
    stores = document.children("stores")
    levels: frozenset[object] = frozenset(
        code for group in document.children("tiers") for code in codes(group.children("levels"))
    )
    return {
        "member.tier": ("tier", levels),
        "member.segment": ("segment", frozenset(codes(document.children("segments")))),
        "member.plan": ("plan", frozenset(codes(document.children("plans")))),
        "sale.store": ("store", frozenset(codes(stores))),
        "sale.store_group": ("store_group", frozenset(codes(stores, "group"))),
        "sale.tenders": ("value", TENDERS),
        "basket.currency": ("value", frozenset({currency})),
        "time.weekday": ("value", frozenset(range(1, 8))),
        "time.hour": ("value", frozenset(range(24))),
    }


def _check_mention(mention: Mention, what: str, known: frozenset[object]) -> None:
    for value in mention.values:
        if isinstance(value, str | int) and value not in known and not _is_number_text(value, known):
            _unknown(mention.node, "value", what, str(value), known)


def _is_number_text(value: object, known: frozenset[object]) -> bool:
    """Numbers may be written in quotes."""
    return isinstance(value, str) and value.isdecimal() and int(value) in known


def _unknown(node: Node, key: str, what: str, code: str, known: Iterable[object]) -> None:
    listed = ", ".join(sorted(str(one) for one in known)[:20]) or "none"
    noun = what.removeprefix("campaign_").replace("_", " ")
    node.report(key, f"unknown_{what}", f"{code} is not a {noun} of this programme", f"There is {listed}.")


def _overlap(node: Node, rule: Rule, campaign: Campaign) -> None:
    """A rule's own window must leave some time of its campaign's."""
    begins = max((one for one in (rule.starts_at, campaign.starts_at) if one), default=None)
    ends = min((one for one in (rule.ends_at, campaign.ends_at) if one), default=None)
    windows = (rule.starts_at, rule.ends_at), (campaign.starts_at, campaign.ends_at)
    if begins and ends and begins >= ends and all(_possible(*window) for window in windows):
        key = "from" if rule.starts_at == begins else "until"
        node.report(key, "window_empty", "leaves no time of the campaign's window", "Let the two overlap.")


def _possible(starts_at: datetime | None, ends_at: datetime | None) -> bool:
    """Whether a window leaves any time; one that contradicts itself is noted already."""
    return starts_at is None or ends_at is None or starts_at < ends_at


def check_bases(rules: list[tuple[Node, Rule]]) -> None:
    """A multiplier needs something that it multiplies, in what the same sale or occurrence starts."""
    known = {rule.code: enabled(node) for node, rule in rules}
    for node, rule in rules:
        if not isinstance(rule, Multiplier):
            continue
        bases = {other.code for _, other in rules if other.stage == BASE and other.trigger == rule.trigger}
        for code in sorted(rule.of or ()):
            if code not in known:
                node.report("of", "unknown_rule", f"{code} is not a rule", "Name rules of this programme.")
            elif code not in bases:
                mend = "Name per_amount, per_unit or per_visit rules, or fixed ones with before_multipliers."
                node.report("of", "no_base", f"{code} gives nothing that can be multiplied", mend)
        if rule.of is None and not bases:
            mend = "Add a per_amount, per_unit or per_visit rule."
            node.report("of", "no_base", "there is no rule whose points it could multiply", mend)
        of = (rule.of or bases) & bases
        if of and not any(known[code] for code in of):
            mend = "Enable one of them, or disable this rule too."
            node.report("of", "base_disabled", "every rule that it multiplies is disabled", mend, severity="warning")


def enabled(node: Node) -> bool:
    """Whether a rule is switched on; a mistake there is noted elsewhere."""
    return node.value.get("enabled", True) is not False


def in_order(named: Mapping[str, frozenset[str]]) -> tuple[list[str], list[str]]:
    """Segments so that those named by others come first, and those that in the end name themselves."""
    order: list[str] = []
    left = dict(named)
    while ready := [code for code in left if not (left[code] & left.keys())]:
        order += ready
        for code in ready:
            del left[code]
    return order, [code for code in left if code in reached(left[code], left)]


def reached(codes_: frozenset[str], named: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """All segments that these name, directly or not, and these."""
    found = {code for code in codes_ if code in named}
    todo = list(found)
    while todo:
        for code in named[todo.pop()]:
            if code in named and code not in found:
                found.add(code)
                todo.append(code)
    return frozenset(found)
