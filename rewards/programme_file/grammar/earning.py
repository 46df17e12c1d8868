"""Rules, their groups, and campaigns."""

from __future__ import annotations

from .settings import ROUNDINGS
from .words import (
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

TRIGGER = nullable(
    text(60, r"([a-z_]+(\.[a-z_]+)?|activity:[A-Za-z0-9._-]+)", "a trigger such as member.enrolled or activity:visit")
)
_QUANTITY = by_type(
    'a quantity: a whole number, or in quotes with up to three decimals, such as "0.350"',
    integer=whole(1),
    string=text(14, r"[0-9]{1,9}(\.[0-9]{1,3})?", 'a quantity such as "0.350"'),
)
_AT_LEAST = mapping({"amount": ref("money"), "quantity": _QUANTITY})
LINES = mapping({"include": ref("selection"), "exclude": ref("selection"), "at_least": _AT_LEAST})
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
    "stamps": {"buy": whole(1, 100_000), "reward": ref("code"), "points": points()},
    "streak": {
        "times": whole(1, 1000),
        "skus": listing(ref("label"), 1000, 1),
        "within_days": whole(1, 3660),
        "each": choice("sale", "day"),
        "points": points(),
    },
    "referral": {"referrer": points(), "friend": points(), "wait_days": whole(0, 3660, 0)},
}
_COMMON: dict[str, Schema] = {
    "code": ref("code"),
    "name": ref("localised"),
    "trigger": ref("trigger"),
    "kind": {},
    "lines": ref("lines"),
    "rounding": choice(*ROUNDINGS, default=""),
    "when": ref("condition"),
    "stackable": flag(default=True),
    "priority": ref("priority"),
    "group": nullable(ref("code")),
    "caps": ref("caps"),
    "pending": ref("pending"),
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
        "streak": ("within_days", "points"),
    },
)
GROUP: Schema = mapping(
    {"code": ref("code"), "name": ref("localised"), "pick": choice("best", "newest", "priority")}, ("code",)
)
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
        "priority": ref("priority"),
        "group": nullable(ref("code")),
        "caps": ref("caps"),
        "enabled": flag(default=True),
        "rules": listing(ref("rule"), 2000),
    },
    ("code",),
)
