"""The programme's rules in force, compiled once for each version and process."""

from __future__ import annotations

from loyalty.policies import Policies, must_compile
from rewards import rules


def ruleset(programme: Policies) -> rules.Ruleset:
    """The compiled rules of a version of the programme. Raises rules.RuleError."""
    return programme.compiled(_compile)


@must_compile
def _compile(programme: Policies) -> rules.Ruleset:
    return rules.compile(programme.document, version=programme.version, versions=programme.versions)
