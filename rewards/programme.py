"""The programme's rules in force, compiled once for each version and process."""

from __future__ import annotations

from collections.abc import Mapping

from loyalty import policies
from loyalty.models import Programme
from loyalty.policies import Policies, must_compile
from rewards import rules


def ruleset(programme: Policies) -> rules.Ruleset:
    """The compiled rules of a version of the programme. Raises rules.RuleError."""
    return programme.compiled(_compile)


def gaps(programme: Policies) -> Mapping[str, int]:
    """By key with a state or counter: the newest earlier version under which it granted points and nobody counted."""
    return programme.compiled(_gaps)


def keys_of(found: rules.Ruleset) -> frozenset[str]:
    """The codes of all rules, those of triggers too, and the keys of their campaigns."""
    every = [*found.rules, *(rule for rules_ in found.triggered.values() for rule in rules_)]
    return frozenset(rule.code for rule in every) | {
        rules.campaign_key(rule.campaign) for rule in every if rule.campaign
    }


@must_compile
def _compile(programme: Policies) -> rules.Ruleset:
    return rules.compile(programme.document, version=programme.version, versions=programme.versions)


def _gaps(programme: Policies) -> dict[str, int]:
    in_force = ruleset(programme)
    counted = in_force.stateful | in_force.shared
    found: dict[str, int] = {}
    if not counted:
        return found
    earlier = Programme.objects.filter(version__lt=programme.version).order_by("version")
    for number in earlier.values_list("version", flat=True):
        try:
            before = ruleset(policies.version(number))
        except rules.RuleError:
            continue
        there = keys_of(before)
        found.update(dict.fromkeys((in_force.stateful & there) - before.stateful, number))
        found.update(dict.fromkeys((in_force.shared & there) - before.shared, number))
    return found
