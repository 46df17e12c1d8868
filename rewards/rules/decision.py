"""What was decided and why: the receipt of CONTRACT 1.3."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from loyalty import money

from . import numbers
from .basis import Basis
from .basket import Progress
from .campaigns import campaign_key
from .given import Given, Refused
from .kinds import Rule


@dataclass(frozen=True, slots=True)
class Grant:
    """A lot to be: points with the time they become available and the first instant they no longer count."""

    points: int
    available_at: datetime
    expires_at: datetime | None
    idle: str = ""  # the terms of inactivity under which that end moves


@dataclass(slots=True)
class Decision:
    """The result for one basket. The same basket, facts and ruleset always give the same one."""

    programme_version: int
    currency: str
    zone: ZoneInfo
    basis: Basis
    given: list[Given]
    refused: list[Refused]
    tier_used: str | None = None
    facts: dict[str, object] = field(default_factory=dict)
    caps: list[dict[str, object]] = field(default_factory=list)
    lots: list[Grant] = field(default_factory=list)
    carried_minor: Mapping[str, int] = field(default_factory=dict)  # by rule
    progress: dict[str, Progress] = field(default_factory=dict)  # by rule, after; only what changed
    rewards: list[str] = field(default_factory=list)  # codes that full stamp cards give
    full_cards: dict[str, int] = field(default_factory=dict)  # by rule, of those that give a reward
    trigger: str = ""  # what was answered; empty: a sale
    told: list[tuple[Rule, Progress]] = field(default_factory=list)  # how far the member is, changed or not

    @property
    def points(self) -> int:
        """Points of all rules."""
        return sum(given.total for given in self.given)

    @property
    def not_applied(self) -> list[dict[str, str]]:
        """The rules that did not apply, each with its reason."""
        return [refused.row() for refused in self.refused]

    @property
    def granted(self) -> dict[str, int]:
        """Points by rule code and by campaign key, after caps and budget; what is taken off counts for nothing."""
        granted: dict[str, int] = {}
        for given in self.given:
            if (points := given.total) > 0:
                granted[given.rule.code] = points
                if given.rule.campaign:
                    key = campaign_key(given.rule.campaign)
                    granted[key] = granted.get(key, 0) + points
        return granted

    def line_points(self) -> dict[int, int]:
        """Points of each line, by its number; they add up to `points`."""
        sums = [0] * len(self.basis.lines)
        for given in self.given:
            for i, points in enumerate(given.points):
                sums[i] += points
        return {line.number: points for line, points in zip(self.basis.lines, sums, strict=True)}

    def body(self) -> dict[str, object]:
        """The JSON of the contract without what `loyalty.Decision` keeps in columns."""
        points = {} if self.trigger else self.line_points()
        body: dict[str, object] = {
            "tier_used": self.tier_used,
            "facts": self.facts,
            "basis": {
                "amount": money.text(self.basis.amount_minor, self.currency),
                "lines": [] if self.trigger else self._basis_lines(),
            },
            "rules": [self._rule(given) for given in self.given],
            "lines": [{"line": number, "points": part} for number, part in points.items()],
            "lots": [
                {
                    "points": lot.points,
                    "available_at": self._time(lot.available_at),
                    "expires_at": None if lot.expires_at is None else self._time(lot.expires_at),
                }
                for lot in self.lots
            ],
            "carried": money.text(sum(self._carried(given.rule) for given in self.given), self.currency),
            "not_applied": self.not_applied,
            "caps": self.caps,
        }
        if self.trigger:
            body["trigger"] = self.trigger
        if self.told:
            body["progress"] = [self._progress(rule, progress) for rule, progress in self.told]
        if self.rewards:
            body["rewards"] = self.rewards
        return body

    def _carried(self, rule: Rule) -> int:
        """The money below one step that a rule of this sale keeps, in minor units."""
        return self.carried_minor.get(rule.code, 0) if rule.carry else 0

    @staticmethod
    def _progress(rule: Rule, progress: Progress) -> dict[str, object]:
        count, of = rule.told(progress)
        return {"rule": rule.code, "count": count, "of": of}

    def _basis_lines(self) -> list[dict[str, object]]:
        basis, lines = self.basis, []
        for line, amount, why in zip(basis.lines, basis.amounts, basis.why, strict=True):
            row: dict[str, object] = {"line": line.number, "amount": money.text(amount, self.currency)}
            if why:
                row["why"] = why
            lines.append(row)
        return lines

    def _rule(self, given: Given) -> dict[str, object]:
        rule = given.rule
        row: dict[str, object] = {
            "rule": rule.code,
            "version": rule.version,
            "points": given.total,
            "exact": numbers.text(*given.exact),
            "rounding": rule.rounding,
        }
        if rule.campaign:
            row["campaign"] = rule.campaign
        if factor := rule.factor_text():
            row["factor"] = factor
        if rule.carry:
            row["carried"] = money.text(self._carried(rule), self.currency)
        row["lines"] = [
            {"line": line.number, "points": points}
            for line, points in zip(self.basis.lines, given.points, strict=True)
            if points and not self.trigger
        ]
        return row

    def _time(self, instant: datetime) -> str:
        return instant.astimezone(self.zone).isoformat()
