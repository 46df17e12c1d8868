"""The two programmes of a comparison, made ready: rules, ladders of levels, limits that all members share."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from loyalty.policies import Policies
from members import tiers
from rewards import rules


@dataclass(frozen=True)
class Ladder:
    """One tier group as a ladder of thresholds in its metric, lowest first."""

    group: str
    metric: str
    thresholds: tuple[int, ...]
    codes: tuple[str, ...]
    worked_out: bool = True  # False: by a metric or window that nobody's level follows yet

    def level(self, metric: int) -> str:
        """The level that `metric` reaches; "" below the lowest."""
        reached = bisect_right(self.thresholds, metric)
        return self.codes[reached - 1] if reached else ""


@dataclass(frozen=True)
class Limit:
    """The most points that all members together get from a rule or a campaign."""

    points: int
    whole: bool = False  # what does not fit as a whole is not given at all (`at_end: none`)


@dataclass(frozen=True)
class Side:
    """One programme of the comparison."""

    document: Mapping[str, Any]
    ruleset: rules.Ruleset
    ladders: tuple[Ladder, ...]
    limits: Mapping[str, Limit]  # by rule code or `campaign:CODE`
    campaign_of: Mapping[str, str]  # rule code → campaign code, where it has one

    @property
    def after(self) -> bool:
        """Whether a sale counts with the level that it reaches itself."""
        return self.ruleset.earning.tier_for_sale == "after"


def side(programme: Policies, *, now: datetime, as_dated: bool) -> Side:
    """A programme ready to be replayed. Raises rules.RuleError, ValueError for a threshold that is none."""
    document = programme.document if as_dated else undated(programme.document, now)
    ruleset = rules.compile(document, version=programme.version, versions=programme.versions)
    return Side(
        document=document,
        ruleset=ruleset,
        ladders=tuple(ladder(group) for group in tiers.compiled(programme)),
        limits=limits(ruleset),
        campaign_of={rule.code: rule.campaign for rule in ruleset.rules if rule.campaign},
    )


def ladder(group: tiers.Group) -> Ladder:
    """A tier group as a ladder."""
    levels = group.levels
    thresholds, codes = tuple(one.threshold for one in levels), tuple(one.code for one in levels)
    return Ladder(group.code, group.metric, thresholds, codes, group.worked_out)


def limits(ruleset: rules.Ruleset) -> dict[str, Limit]:
    """What all members share, by key."""
    found = {
        rule.code: Limit(rule.caps.total)
        for rule in ruleset.rules
        if rule.caps.total is not None and rule.code in ruleset.shared
    }
    for campaign in ruleset.campaigns.values():
        both = [most for most in (campaign.budget_points, campaign.caps.total) if most is not None]
        if both:
            whole = campaign.at_end == "none" and min(both) == campaign.budget_points
            found[f"campaign:{campaign.code}"] = Limit(min(both), whole)
    return found


def undated(document: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The programme with every rule and campaign that is not over yet in force the whole time.

    A campaign of next month could not be tried on last quarter otherwise. Weekdays and hours stay; what has ended
    stays ended.
    """
    played = deepcopy(dict(document))
    campaigns = [one for one in played.get("campaigns") or () if isinstance(one, dict)]
    several = [played.get("rules") or (), *(one.get("rules") or () for one in campaigns)]
    for rule in (rule for found in several for rule in found if isinstance(rule, dict)):
        _open(rule, rule, now)
    for campaign in campaigns:
        window = campaign.get("window")
        if isinstance(window, dict):
            _open(window, campaign, now)
    return played


def _open(window: dict[str, Any], owner: dict[str, Any], now: datetime) -> None:
    """Take the dates off a window; its owner is out of force where it has ended."""
    until = window.get("until")
    try:
        over = isinstance(until, str) and datetime.fromisoformat(until) <= now
    except (ValueError, TypeError):
        return  # whoever compiles it says what is wrong with it
    window.pop("from", None)
    window.pop("until", None)
    if over:
        owner["enabled"] = False
