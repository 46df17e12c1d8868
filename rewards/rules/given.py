"""What one rule gave, or why it gave nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from .conditions import Failure
from .kinds import Rule, Shares
from .numbers import rounded, shared_out


@dataclass(slots=True, eq=False)
class Given:
    """What one rule gave: whole points on each line of the basis, and the exact number behind them."""

    rule: Rule
    points: list[int]  # by position in the basis
    exact: tuple[int, int]

    @property
    def total(self) -> int:
        """Points of all lines."""
        return sum(self.points)


class Refused(NamedTuple):
    """A rule that did not apply, and why; `winner` is the rule it gave way to."""

    rule: Rule
    failure: Failure
    winner: str = ""

    def row(self) -> dict[str, str]:
        """As the receipt tells it."""
        rule, failure = self.rule, self.failure
        row = {"rule": rule.code, "why": failure.why}
        if rule.campaign:
            row["campaign"] = rule.campaign
        if failure.why == "audience" and failure.row is not None:
            row["field"] = failure.row.field
        wanted, was = failure.wanted, failure.was
        if wanted or was:
            row |= {"wanted": wanted, "was": was}
        if self.winner:
            row["by"] = self.winner
        return row


def round_off(rule: Rule, at: list[int], shares: Shares, width: int) -> Given:
    """Round once, then share out to the lines; `width` is how many the basis has."""
    numerators, denominator = shares
    exact = sum(numerators)
    if denominator == 1:
        parts = list(numerators)
    else:
        parts = shared_out(rounded(exact, denominator, rule.rounding), numerators, denominator)
    if len(at) == width:
        return Given(rule, parts, (exact, denominator))
    points = [0] * width
    for i, part in zip(at, parts, strict=True):
        points[i] = part
    return Given(rule, points, (exact, denominator))
