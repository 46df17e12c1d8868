"""Rules, their groups, and campaigns."""

from __future__ import annotations

from .settings import PENDING, ROUNDINGS, SELECTION
from .words import (
    MOST_DAYS,
    Schema,
    by_kind,
    by_type,
    choice,
    flag,
    listing,
    mapping,
    nullable,
    points,
    ref,
    text,
    whole,
)

TRIGGERS = (
    "member.enrolled",
    "birthday",
    "profile.complete",
    "feedback.given",
    "event.checkin",
    "referral.friend",
    "referral.referrer",
)
LINES = mapping({"include": SELECTION, "exclude": SELECTION})
_CAP = nullable(whole(0, 10**15))
CAPS = mapping({"per_sale": _CAP, "per_day": _CAP, "per_member": _CAP, "total": _CAP})
PRIORITY = whole(-1_000_000_000, 1_000_000_000, 0)
_OF = by_type(
    "all, or a list of rule codes",
    string=choice("all"),
    array=listing(ref("code"), 2000, 1),
)
RULE_KINDS: dict[str, dict[str, Schema]] = {
    "per_amount": {"points": points(), "per": ref("money"), "whole_steps": flag(default=False)},
    "per_unit": {"points": points()},
    "per_visit": {"points": points()},
    "fixed": {
        "points": points(),
        "each": choice("sale", "line", "unit"),
        "before_multipliers": flag(default=False),
    },
    "multiplier": {"factor": ref("factor"), "of": _OF},
    "stamps": {"buy": whole(1, 1_000_000), "reward": ref("code"), "points": points()},
    "streak": {"times": whole(1, 1000), "within_days": whole(1, MOST_DAYS), "points": points()},
    "referral": {"referrer": points(0), "friend": points(0), "wait_days": whole(0, MOST_DAYS, 0)},
}
_COMMON: dict[str, Schema] = {
    "code": ref("code"),
    "name": ref("localised"),
    "trigger": nullable(
        text(
            60, r"([a-z_]+(\.[a-z_]+)?|activity:[A-Za-z0-9._-]+)", "a trigger such as member.enrolled or activity:visit"
        )
    ),
    "kind": {},
    "lines": LINES,
    "rounding": choice(*ROUNDINGS, default=""),
    "when": ref("condition"),
    "stackable": flag(default=True),
    "priority": PRIORITY,
    "group": nullable(ref("code")),
    "caps": CAPS,
    "pending": PENDING,
    "expiry": ref("expiry"),
    "enabled": flag(default=True),
    "from": ref("time_or_null"),
    "until": ref("time_or_null"),
}
RULE: Schema = by_kind(
    "kind",
    RULE_KINDS,
    _COMMON,
    {
        "": ("code",),
        "per_amount": ("points", "per"),
        "per_unit": ("points",),
        "per_visit": ("points",),
        "fixed": ("points",),
        "multiplier": ("factor",),
        "stamps": ("buy",),
        "streak": ("times", "within_days", "points"),
    },
)
GROUP: Schema = mapping({"code": ref("code"), "pick": choice("best", "newest", "priority")}, ("code",))
HOUR = text(5, r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00", 'a time of day in quotes, such as "09:00"')
_WINDOW = mapping(
    {
        "from": ref("time_or_null"),
        "until": ref("time_or_null"),
        "weekdays": listing(whole(1, 7), 7),
        "hours": listing(HOUR, 2, 2),
    }
)
_BUDGET = mapping(
    {
        "points": nullable(whole(0, 10**15)),
        "money": nullable(ref("money")),
        "at_end": choice("partial", "none"),
    }
)
CAMPAIGN: Schema = mapping(
    {
        "code": ref("code"),
        "name": ref("localised"),
        "window": _WINDOW,
        "audience": ref("condition"),
        "stores": listing(ref("code"), 5000),
        "store_groups": listing(ref("code"), 1000),
        "budget": _BUDGET,
        "control_percent": whole(0, 100, 0),
        "stackable": flag(default=True),
        "priority": PRIORITY,
        "group": nullable(ref("code")),
        "caps": CAPS,
        "enabled": flag(default=True),
        "rules": listing(ref("rule"), 2000),
    },
    ("code",),
)
