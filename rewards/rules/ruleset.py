"""The rules in force of one version of the programme, compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from .basis import Earning
from .campaigns import Campaign
from .conditions import Condition
from .kinds import Multiplier, Rule
from .lots import Expiry, Pending


@dataclass(frozen=True, slots=True)
class Ruleset:
    """Everything `decide` and `answer` need."""

    version: int
    currency: str
    zone: ZoneInfo
    earning: Earning
    pending: Pending
    expiry: Expiry
    closes_at: datetime | None  # from here on nothing is earned: the programme closes
    bases: tuple[Rule, ...]  # each stage by priority (highest first), then code
    multipliers: tuple[Multiplier, ...]
    bonuses: tuple[Rule, ...]
    triggered: Mapping[str, tuple[Rule, ...]]  # rules that answer something else than a sale
    groups: Mapping[str, str]  # code → best, newest, priority
    needs: frozenset[str]  # fields of conditions, so that callers read no more than is asked for
    campaigns: Mapping[str, Campaign]
    segments: Mapping[str, Condition]  # those that name others after these
    asked_segments: Mapping[str, Condition]  # only those that rules and audiences ask for, directly or not
    stateful: frozenset[str]  # rule codes and campaign keys with a state of each member
    shared: frozenset[str]  # rule codes and campaign keys with a counter of all members

    @property
    def rules(self) -> tuple[Rule, ...]:
        """All that answer sales, in the order in which they are worked out."""
        return (*self.bases, *self.multipliers, *self.bonuses)
