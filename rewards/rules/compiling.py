"""From the programme document (CONTRACT part 2, as JSON) to the rules in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from . import references
from .campaigning import campaign, defaults
from .campaigns import Campaign
from .conditions import Condition
from .kinds import BASE, BONUS, Multiplier, Rule
from .making import NO_CAMPAIGN, made
from .reading import Node, Problem, RuleError, in_order
from .ruleset import Ruleset
from .settings import Settings
from .wording import OF_MEMBERS

Versions = Mapping[str, int]
NO_VERSIONS: Versions = {}
ASKED = "member.segment"


def compile(  # noqa: A001  (the noun in front of it tells them apart: rules.compile)
    document: Mapping[str, object], *, version: int = 0, versions: Versions | None = None
) -> Ruleset:
    """The rules of one version of the programme. Raises RuleError with the place of the first mistake.

    `versions` gives each rule its own version number by code. A condition that names something unknown is no
    reason to stop: it is just never true.
    """
    ruleset, found = _read(document, version, versions or NO_VERSIONS)
    for problem in found:
        if problem.severity == "error" and problem.code not in references.NEVER_TRUE:
            raise RuleError(problem)
    return ruleset


def problems(document: Mapping[str, object]) -> list[Problem]:
    """Everything that is wrong with the settings that rules read, the rules, campaigns, groups and segments of a
    document, and what is doubtful; in the order of the document."""
    return _read(document, 0, NO_VERSIONS)[1]


@dataclass(frozen=True, slots=True)
class _Segments:
    """The segments of a document: those that name others after these, and what each names and asks for."""

    conditions: Mapping[str, Condition]
    named: Mapping[str, frozenset[str]]
    fields: Mapping[str, frozenset[str]]


def _read(document: Mapping[str, object], version: int, versions: Versions) -> tuple[Ruleset, list[Problem]]:
    problems_found: list[Problem] = []
    if not isinstance(document, dict):
        problems_found.append(Problem("", "not_a_mapping", "must be a mapping", "Write `key: value` pairs."))
        document = {}
    root = Node(document, "", problems_found)
    settings = Settings(root)
    segments = _segments(root, settings)
    of_segments = len(settings.reader.mentions)
    rules, campaigns = _rules(root, settings, versions)
    groups = _groups(root)
    references.unique(root.children("campaigns"), "campaign")
    references.check_bases(rules)
    references.check(root, settings.reader, rules, campaigns)
    mentions = settings.reader.mentions[of_segments:]
    named = frozenset(str(one) for mention in mentions if mention.field == ASKED for one in mention.values)
    asked = references.reached(named, segments.named)
    needs = {mention.field for mention in mentions}.union(*(segments.fields[code] for code in asked))
    in_force = sorted((r for node, r in rules if references.enabled(node)), key=lambda r: (-r.priority, r.code))
    sales = [rule for rule in in_force if rule.trigger is None]
    triggers = sorted({rule.trigger for rule in in_force if rule.trigger})
    ruleset = Ruleset(
        version=version,
        currency=settings.currency,
        zone=settings.zone,
        earning=settings.earning,
        pending=settings.pending,
        expiry=settings.expiry,
        closes_at=_closes_at(root),
        bases=tuple(rule for rule in sales if rule.stage == BASE),
        multipliers=tuple(rule for rule in sales if isinstance(rule, Multiplier)),
        bonuses=tuple(rule for rule in sales if rule.stage == BONUS),
        triggered={name: tuple(rule for rule in in_force if rule.trigger == name) for name in triggers},
        groups=groups,
        needs=frozenset(needs),
        campaigns=campaigns,
        segments=segments.conditions,
        asked_segments={code: one for code, one in segments.conditions.items() if code in asked},
        stateful=_stateful(in_force, campaigns),
        shared=_shared(in_force, campaigns),
    )
    return ruleset, in_order(problems_found, document)


def _closes_at(root: Node) -> datetime | None:
    """When a programme that closes ends earning."""
    return root.child("closing").time("earning_until") if root.has("closing") else None


def _segments(root: Node, settings: Settings) -> _Segments:
    nodes = root.children("segments")
    references.unique(nodes, "segment")
    conditions, named, fields, places = {}, {}, {}, {}
    mentions = settings.reader.mentions
    for node in nodes:
        node.only({"code", "name", "all", "any"})
        code = node.code()
        before = len(mentions)
        described = {key: node.value[key] for key in ("all", "any") if key in node.value}
        condition = settings.reader.condition(Node(described, node.place, node.found), OF_MEMBERS)
        if condition is None:
            node.report("all", "required", "says nothing", "Give conditions under all or any.")
        elif code:
            conditions[code], places[code] = condition, node
            named[code] = frozenset(
                str(one) for mention in mentions[before:] if mention.field == ASKED for one in mention.values
            )
            fields[code] = frozenset(mention.field for mention in mentions[before:])
    order, cyclic = references.in_order(named)
    for code in cyclic:
        mend = "Describe one of them without naming the other."
        places[code].report("code", "cyclic", f"{code} is described by itself", mend)
    return _Segments({code: conditions[code] for code in order}, named, fields)


def _rules(root: Node, settings: Settings, versions: Versions) -> tuple[list[tuple[Node, Rule]], dict[str, Campaign]]:
    """All rules with where they stand, enabled or not, and the campaigns by code."""
    listed = [(node, NO_CAMPAIGN) for node in root.children("rules")]
    campaigns = {}
    for node in root.children("campaigns"):
        found = campaign(node, root, settings)
        campaigns[found.code] = found
        of_campaign = node.children("rules")
        if not of_campaign:
            node.report("rules", "required", "has no rule", "Add one.", severity="warning")
        default = defaults(node, found)
        listed += [(inner, default) for inner in of_campaign]
    references.unique((node for node, _ in listed), "rule")
    rules = []
    for node, default in listed:
        node.flag("enabled", default=True)
        rules += [(node, rule) for rule in made(node, settings, versions, default)]
    return rules, campaigns


def _groups(root: Node) -> dict[str, str]:
    nodes = root.children("groups")
    references.unique(nodes, "group")
    groups = {}
    for node in nodes:
        node.only({"code", "name", "pick"})
        groups[node.code()] = node.choice("pick", ("best", "newest", "priority"), "best")
    return groups


def _stateful(rules: list[Rule], campaigns: Mapping[str, Campaign]) -> frozenset[str]:
    """Keys with something to remember of each member."""
    of_rules = {rule.code for rule in rules if rule.caps.of_member or rule.carry or rule.progressive}
    used = {rule.campaign for rule in rules}
    return frozenset(of_rules | {one.key for one in campaigns.values() if one.code in used and one.caps.of_member})


def _shared(rules: list[Rule], campaigns: Mapping[str, Campaign]) -> frozenset[str]:
    """Keys with a number that all members share."""
    used = {rule.campaign for rule in rules}
    of_campaigns = {
        one.key
        for one in campaigns.values()
        if one.code in used and (one.budget_points is not None or one.caps.total is not None)
    }
    return frozenset({rule.code for rule in rules if rule.caps.total is not None} | of_campaigns)
