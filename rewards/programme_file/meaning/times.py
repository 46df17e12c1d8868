"""Weekdays, hours and dates that never come together: asked of the engine, at each instant that could matter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils.translation import gettext as _

from rewards.rules import Basket, Campaign, Facts, Line
from rewards.rules import basis as bases
from rewards.rules.campaigning import hours, weekdays
from rewards.rules.case import Case
from rewards.rules.conditions import All, Condition, Row
from rewards.rules.conditions import Any as AnyOf
from rewards.rules.reading import Node
from rewards.rules.wording import EVERYWHERE, Reader

from .findings import Document, Finding, entries, instant, rows, rules

FORTNIGHT = timedelta(days=15)  # every weekday twice: on one of them clocks may have been put forward
SOME_MONDAY = date(2026, 1, 5)
ONE_LINE = (Line(1, 0),)
ALWAYS = Campaign(code="", key="")
Read = Callable[[Mapping[str, Any]], Condition | None]


@dataclass(frozen=True)
class _Times:
    """When something is in force, and what its conditions say of times."""

    window: Campaign
    zone: ZoneInfo
    condition: Condition | None = None

    @property
    def possible(self) -> bool:
        """Whether it is in force at any time at all."""
        try:
            return any(self._holds(at) for at in self._instants())
        except OverflowError:  # at the ends of the calendar
            return True

    @property
    def doubtful(self) -> bool:
        """Whether it says enough for that to be a question."""
        starts, ends = self.window.starts_at, self.window.ends_at
        if starts is not None and ends is not None:
            if starts >= ends:
                return False  # told elsewhere
            recurs = bool(self.window.weekdays or self.window.hours)
            return self.condition is not None or (recurs and ends - starts < FORTNIGHT)
        return self.condition is not None

    def _holds(self, at: datetime) -> bool:
        basket = Basket(ONE_LINE, at, "")
        case = Case(basket, Facts(), self.zone, bases.of(basket, bases.Earning()))
        return self.window.out_of_time(case) is None and _could(self.condition, case)

    def _instants(self) -> Iterator[datetime]:
        """The first of every stretch of time in which nothing changes, over all days that could make a difference."""
        starts, ends = self.window.starts_at, self.window.ends_at
        minutes = {hour * 60 for hour in range(24)} | {minute % 1440 for minute in self.window.hours or ()}
        times = [time(minute // 60, minute % 60) for minute in sorted(minutes)]
        found = [starts] if starts is not None else []
        for day in sorted(self._days()):
            found += [datetime.combine(day, clock, self.zone).astimezone(UTC) for clock in times]
        return (at for at in found if (starts is None or starts <= at) and (ends is None or at < ends))

    def _days(self) -> set[date]:
        starts, ends = (one.astimezone(self.zone).date() if one else None for one in _ends(self.window))
        around = [SOME_MONDAY, starts, ends and ends - FORTNIGHT]
        around += [day - FORTNIGHT / 2 for day in _dates(self.condition)]
        return {day + timedelta(days=i) for day in around if day for i in range(FORTNIGHT.days + 1)}


def _ends(window: Campaign) -> tuple[datetime | None, datetime | None]:
    return window.starts_at, window.ends_at


def _could(condition: Condition | None, case: Case) -> bool:
    """Whether a condition could hold, as far as times go."""
    if isinstance(condition, Row):
        return not condition.field.startswith("time.") or condition.failure(case) is None
    if isinstance(condition, All):
        return all(_could(part, case) for part in condition.parts)
    if isinstance(condition, AnyOf):
        return not condition.parts or any(_could(part, case) for part in condition.parts)
    return True


def _dates(condition: Condition | None) -> Iterator[date]:
    """The days that a condition names."""
    if isinstance(condition, Row):
        if condition.field == "time.date":
            wanted = condition.wanted if isinstance(condition.wanted, frozenset) else (condition.wanted,)
            yield from (date.fromisoformat(str(day)) for day in wanted)
    elif condition is not None:
        for part in condition.parts:
            yield from _dates(part)


def times_come_together(document: Document) -> Iterator[Finding]:
    """Windows of campaigns with their weekdays and hours; rules with those of their campaign."""
    settings = document.get("settings") or {}
    try:
        zone = ZoneInfo(settings.get("timezone") or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return  # told elsewhere
    reader = _reader(str(settings.get("currency") or "USD"))
    never: set[int] = set()
    for place, entry in entries(document, "campaigns"):
        window = entry.get("window") or {}
        asked = _Times(_window(window), zone)
        if asked.doubtful and not asked.possible:
            never.add(id(entry))
            alone = replace(asked, window=replace(asked.window, hours=None))
            key = "weekdays" if window.get("weekdays") and not alone.possible else "hours"
            yield _finding(f"{place}.window.{key}")
    for place, rule, campaign in rules(document):
        if id(campaign) not in never:
            window = _within(_window((campaign or {}).get("window") or {}), rule)
            yield from _rule(place, rule, _Times(window, zone), reader)


def _rule(place: str, rule: Mapping[str, Any], times: _Times, read: Read) -> Iterator[Finding]:
    when = rule.get("when") or {}
    said = [(at, row) for at, row in rows(f"{place}.when", when) if str(row.get("field")).startswith("time.")]
    condition = read(when) if said else None
    asked = replace(times, condition=condition)
    if (said and condition is None) or not asked.doubtful or asked.possible:
        return
    if not said:
        yield _finding(f"{place}.until" if rule.get("until") else f"{place}.from")
        return
    alone = (at for at, row in said if ".any[" not in at and not replace(times, condition=read(row)).possible)
    yield _finding(f"{at}.value" if (at := next(alone, "")) else f"{place}.when")


def _reader(currency: str) -> Read:
    """Reads conditions; None where one cannot be read, which is told elsewhere."""

    def read(when: Mapping[str, Any]) -> Condition | None:
        noted: list[Any] = []
        found = Reader(currency).condition(Node(when, "", noted), EVERYWHERE)
        return None if noted else found

    return read


def _window(said: Mapping[str, Any]) -> Campaign:
    node = Node(said, "", [])
    return replace(
        ALWAYS,
        starts_at=instant(said.get("from")),
        ends_at=instant(said.get("until")),
        weekdays=weekdays(node),
        hours=hours(node),
    )


def _within(window: Campaign, rule: Mapping[str, Any]) -> Campaign:
    """The campaign's window, and the rule's own."""
    starts = _known([window.starts_at, instant(rule.get("from"))])
    ends = _known([window.ends_at, instant(rule.get("until"))])
    return replace(window, starts_at=max(starts, default=None), ends_at=min(ends, default=None))


def _known(instants: Iterable[datetime | None]) -> list[datetime]:
    return [one for one in instants if one is not None]


def _finding(place: str) -> Finding:
    detail = _("No time is within all of these windows, weekdays, hours and days: this is never in force.")
    return Finding(place, "contradictory_window", detail, _("widen one of them, or take it out"))
