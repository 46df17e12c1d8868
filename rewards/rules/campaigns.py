"""Campaigns: when, where and for whom a set of rules is in force, and how much they may grant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .basket import Granted
from .caps import NO_CAPS, Caps
from .case import Case
from .conditions import WEEKDAYS, Condition, Failure

DAY_MINUTES = 24 * 60


def campaign_key(code: str) -> str:
    """The key of a campaign among those of rules, in `Facts.granted` and `Decision.granted`."""
    return f"campaign:{code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """What the rules of one campaign have in common. `budget_points` has points and money folded into one number."""

    code: str
    key: str  # among those of rules
    name: Mapping[str, str] = field(default_factory=dict)
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    weekdays: frozenset[int] = frozenset()  # 1 is Monday; empty: every day
    hours: tuple[int, int] | None = None  # minutes after local midnight, the second left out
    audience: Condition | None = None
    stores: frozenset[str] = frozenset()  # empty, and no group either: all
    store_groups: frozenset[str] = frozenset()
    budget_points: int | None = None
    at_end: str = "partial"  # partial, none
    caps: Caps = NO_CAPS
    control_percent: int = 0
    paused: bool = False

    def failure(self, case: Case, so_far: Granted) -> Failure | None:
        """Why it is not in force for this sale and member, None where it is."""
        if self.paused:
            return Failure("paused")
        if failure := self.out_of_time(case) or self._out_of_place(case):
            return failure
        if self.audience is not None and (missing := self.audience.failure(case)):
            return missing._replace(why="audience")
        if case.facts.bucket is not None and case.facts.bucket < self.control_percent * 100:
            return Failure("control_group")
        if self.budget_points is not None and so_far.total >= self.budget_points:
            return Failure("budget", str(self.budget_points), str(so_far.total))
        return None

    def out_of_time(self, case: Case) -> Failure | None:
        """Why it is not in force at this time, None where it is."""
        at = case.basket.occurred_at
        if self.starts_at is not None and at < self.starts_at:
            return Failure("campaign_window", case.told(self.starts_at), case.told(at))
        if self.ends_at is not None and at >= self.ends_at:
            return Failure("campaign_window", case.told(self.ends_at), case.told(at))
        if self.hours is None:
            return self._wrong_day(case.local) if self.weekdays else None
        begin, end = self.hours
        minute = case.local.hour * 60 + case.local.minute
        if begin < end:
            inside, began = begin <= minute < end, case.local
        else:  # across midnight: what follows it belongs to the day on which the hours began
            inside = minute >= begin or minute < end
            began = case.local if minute >= begin else case.local - timedelta(days=1)
        if self.weekdays and (wrong := self._wrong_day(began)):
            return wrong
        return None if inside else Failure("hours", f"{_clock(begin)}–{_clock(end)}", _clock(minute))

    def _wrong_day(self, local: datetime) -> Failure | None:
        day = local.isoweekday()
        if day in self.weekdays:
            return None
        return Failure("weekday", ", ".join(WEEKDAYS[one] for one in sorted(self.weekdays)), WEEKDAYS[day])

    def _out_of_place(self, case: Case) -> Failure | None:
        basket = case.basket
        if not (self.stores or self.store_groups):
            return None
        if basket.store in self.stores or basket.store_group in self.store_groups:
            return None
        return Failure("store", ", ".join(sorted(self.stores | self.store_groups)), basket.store)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
