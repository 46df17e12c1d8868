"""The programme's rules in force, compiled once for each version and process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

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
    for number, before in _versions(programme.version):
        there = keys_of(before)
        found.update(dict.fromkeys((in_force.stateful & there) - before.stateful, number))
        found.update(dict.fromkeys((in_force.shared & there) - before.shared, number))
    return found


def uncounted(keys: frozenset[str]) -> Mapping[str, int]:
    """By key: the newest version under which it granted points and no shared counter counted them."""
    found: dict[str, int] = {}
    if keys:
        for number, before in _versions():
            found.update(dict.fromkeys((keys & keys_of(before)) - before.shared, number))
    return found


def _versions(end: int | None = None) -> Iterator[tuple[int, rules.Ruleset]]:
    """The versions before `end`, the oldest first; those whose rules cannot be read granted nothing."""
    earlier = Programme.objects.all() if end is None else Programme.objects.filter(version__lt=end)
    for number in earlier.order_by("version").values_list("version", flat=True):
        try:
            yield number, ruleset(policies.version(number))
        except rules.RuleError:
            continue
