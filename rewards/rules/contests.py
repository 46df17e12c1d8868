"""Rules that exclude each other: groups, and rules that stand alone (CONTRACT Meaning 1)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from .conditions import Failure
from .given import Given, Refused

LONG_AGO = datetime.min.replace(tzinfo=UTC)


def settled(given: list[Given], groups: Mapping[str, str], refused: list[Refused]) -> list[Given]:
    """Of the rules of one group only one counts; the others are noted in `refused`."""
    names = {g.rule.group for g in given if g.rule.group and g.total}
    if not names:
        return given
    for name in sorted(names):
        rivals = [g for g in given if g.rule.group == name]
        if len(rivals) > 1:
            winner = _pick(rivals, groups.get(name, "best"))
            for loser in rivals:
                if loser is not winner:
                    given.remove(loser)
                    refused.append(Refused(loser.rule, Failure("group"), winner.rule.code))
    return given


def _pick(rivals: list[Given], how: str) -> Given:
    """The one that counts: most points, newest, or highest priority; then priority, then code."""
    earning = [g for g in rivals if g.total]
    if how == "newest":
        return max(earning, key=lambda g: (g.rule.starts_at or LONG_AGO, g.rule.version))
    if how == "priority":
        return earning[0]
    return max(earning, key=lambda g: g.total)  # the first among equals: they come in order


def alone(given: list[Given], refused: list[Refused]) -> list[Given]:
    """If a rule that does not stack earns, the one of the highest priority counts, and nothing else."""
    loners = [g for g in given if not g.rule.stackable and g.total > 0]
    if not loners:
        return given
    winner = min(loners, key=lambda g: (-g.rule.priority, g.rule.code))
    refused.extend(
        Refused(loser.rule, Failure("not_stackable"), winner.rule.code) for loser in given if loser is not winner
    )
    return [winner]
