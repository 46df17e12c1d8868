"""From a campaign of the programme document to a compiled one."""

from __future__ import annotations

import re
from fractions import Fraction

from loyalty import money

from .campaigns import DAY_MINUTES, Campaign, campaign_key
from .making import Defaults, caps
from .reading import MOST_GRANTED, MOST_POINTS, Node
from .settings import Settings
from .wording import OF_MEMBERS

_HOUR = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])", re.ASCII)
_VALUE = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,6})?", re.ASCII)
KEYS = {
    "code", "name", "window", "audience", "stores", "store_groups", "budget", "control_percent", "rules", "priority",
    "stackable", "group", "caps", "enabled",
}  # fmt: skip


def campaign(node: Node, document: Node, settings: Settings) -> Campaign:
    """All of it but its rules."""
    node.only(KEYS)
    code, window, budget = node.code(), node.child("window"), node.child("budget")
    window.only({"from", "until", "weekdays", "hours"})
    budget.only({"points", "money", "at_end"})
    starts_at, ends_at = window.window()
    return Campaign(
        code=code,
        key=campaign_key(code),
        name=node.localised("name"),
        starts_at=starts_at,
        ends_at=ends_at,
        weekdays=weekdays(window),
        hours=hours(window),
        audience=settings.reader.condition(node.child("audience"), OF_MEMBERS),
        stores=node.texts("stores"),
        store_groups=node.texts("store_groups"),
        budget_points=_budget(budget, document, settings),
        at_end=budget.choice("at_end", ("partial", "none"), "partial"),
        caps=caps(node),
        control_percent=node.whole("control_percent", least=0, most=100) or 0,
        paused=not node.flag("enabled", default=True),
    )


def defaults(node: Node, found: Campaign) -> Defaults:
    """What it says for its rules."""
    return Defaults(
        campaign=found.code,
        priority=node.whole("priority", least=-MOST_POINTS, most=MOST_POINTS) or 0,
        stackable=node.flag("stackable", default=True),
        group=node.code("group") if node.has("group") else None,
        starts_at=found.starts_at,
    )


def weekdays(window: Node) -> frozenset[int]:
    """1 is Monday; none: every day."""
    value = window.value.get("weekdays")
    if value is None:
        return frozenset()
    if isinstance(value, list) and value and all(type(day) is int and 1 <= day <= 7 for day in value):
        return frozenset(value)
    detail = "must be a list of weekdays from 1 to 7"
    window.report("weekdays", "not_weekdays", detail, "1 is Monday; leave it out for every day.")
    return frozenset()


def hours(window: Node) -> tuple[int, int] | None:
    """Minutes after local midnight; None: the whole day."""
    value = window.value.get("hours")
    if value is None:
        return None
    minutes = [_minutes(text) for text in value] if isinstance(value, list) and len(value) == 2 else [None]
    if len(minutes) != 2 or minutes[0] is None or minutes[1] is None or minutes[0] == DAY_MINUTES:
        detail = 'must be two times of day, such as ["09:00", "21:00"]'
        window.report("hours", "not_hours", detail, "Put both in quotes; 24:00 may end a day.")
        return None
    if minutes[0] == minutes[1] % DAY_MINUTES and minutes != [0, DAY_MINUTES]:
        window.report("hours", "window_empty", "leaves no time", "Leave it out for the whole day.")
        return None
    return minutes[0], minutes[1]


def _minutes(text: object) -> int | None:
    """Minutes after midnight; 24:00 is the end of the day."""
    match = _HOUR.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    minutes = int(match[1]) * 60 + int(match[2])
    return minutes if minutes <= DAY_MINUTES else None


def _budget(node: Node, document: Node, settings: Settings) -> int | None:
    """The smaller of the budget in points and that in money; None without either."""
    limits = []
    if (points := node.whole("points", least=0, most=MOST_GRANTED)) is not None:
        limits.append(points)
    if node.has("money"):
        amount, value = node.money("money", settings.currency), point_value(document, settings)
        if value is None and not document.child("settings").has("point_value"):
            mend = 'Say what a point is worth: settings.point_value: "0.01".'
            node.report("money", "no_point_value", "needs the value of a point", mend)
        elif value is not None:
            limits.append(int(amount / value))
    return min(limits, default=None)


def point_value(document: Node, settings: Settings) -> Fraction | None:
    """Minor units that one point is worth: as the settings say, else by the first reward that pays with points."""
    node = document.child("settings")
    if node.has("point_value"):
        value = node.value["point_value"]
        if isinstance(value, str) and _VALUE.fullmatch(value) and Fraction(value) > 0:
            return Fraction(value) * int(10 ** money.decimals(settings.currency))
        node.report("point_value", "not_money", 'must be an amount above 0, such as "0.01"', "Put it in quotes.")
        return None
    quiet = Node(document.value, document.place, [])  # rewards are checked elsewhere
    for reward in quiet.children("rewards"):
        if reward.value.get("kind") == "pay_with_points":
            amount, block = reward.money("value", settings.currency), reward.number("block")
            return Fraction(amount, block) if amount else None
    return None
