"""Campaigns: when, where and for whom a set of rules is in force, and how much they may grant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from .caps import NO_CAPS, Caps
from .conditions import Condition


def campaign_key(code: str) -> str:
    """The key of a campaign among those of rules, in `Facts.granted` and `Decision.granted`."""
    return f"campaign:{code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """What the rules of one campaign have in common. `budget_points` has points and money folded into one number."""

    code: str
    name: Mapping[str, str] = field(default_factory=dict)
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    weekdays: frozenset[int] = frozenset()  # 1 is Monday; empty: every day
    hours: tuple[int, int] | None = None  # minutes after local midnight, the second left out
    audience: Condition | None = None
    stores: frozenset[str] = frozenset()  # empty: all
    store_groups: frozenset[str] = frozenset()
    budget_points: int | None = None
    at_end: str = "partial"  # partial, none
    caps: Caps = NO_CAPS
    control_percent: int = 0
    paused: bool = False

    @property
    def key(self) -> str:
        """Its key among those of rules."""
        return campaign_key(self.code)
