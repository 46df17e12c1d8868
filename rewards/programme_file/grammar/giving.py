"""Rewards, plans, events and messages."""

from __future__ import annotations

from .words import (
    MOST_DAYS,
    MOST_MINUTES,
    Schema,
    by_code,
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

LIMIT = mapping({"total": nullable(whole()), "per_member": nullable(whole())})
SPAN = mapping({"from": ref("time_or_null"), "until": ref("time_or_null")})
STOCK = by_code(whole())
_OF = choice("basket", "lines")
REWARD_KINDS: dict[str, dict[str, Schema]] = {
    "amount_off": {"amount": ref("money"), "of": _OF},
    "percent_off": {"percent": ref("percent"), "max": nullable(ref("money")), "of": _OF},
    "free_units": {"buy": whole(1, 1_000_000), "get": whole(1, 1_000_000), "how": choice("add", "in_basket")},
    "pay_with_points": {
        "block": points(),
        "value": ref("money"),
        "min_points": whole(default=0),
        "max_percent": ref("percent"),
    },
    "product": {"sku": ref("label")},
    "gift": {"sku": ref("label")},
    "code_pool": {},
    "experience": {},
    "ticket": {"event": ref("code"), "ticket": ref("code")},
    "donation": {"amount": ref("money")},
    "content": {"content": text(2000)},
    "cashback": {"amount": ref("money")},
}
_COMMON: dict[str, Schema] = {
    "code": ref("code"),
    "name": ref("localised"),
    "description": ref("localised"),
    "kind": {},
    "points": points(0),
    "price": nullable(ref("money")),
    "of": {},
    "limit": ref("limit"),
    "undo_days": whole(0, MOST_DAYS, 0),
    "automatic": flag(default=False),
    "tiers": listing(ref("code"), 100),
    "audience": ref("condition"),
    "window": ref("span"),
    "expires_days": nullable(whole(0, MOST_DAYS)),
    "lines": ref("lines"),
    "when": ref("condition"),
    "stackable": flag(default=True),
    "excludes": listing(ref("code"), 1000),
    "stock": ref("stock"),
}
REWARD: Schema = by_kind(
    "kind",
    REWARD_KINDS,
    _COMMON,
    {
        "": ("code",),
        "amount_off": ("amount",),
        "percent_off": ("percent",),
        "free_units": ("buy", "get"),
        "pay_with_points": ("block", "value"),
        "product": ("sku",),
    },
)
_LENGTH = by_type(
    "{days: 30}, {months: 1}, {years: 1}, lifetime or event",
    string=choice("lifetime", "event", default=""),
    object={
        **mapping({"years": whole(0, 100), "months": whole(0, 1200), "days": whole(0, MOST_DAYS)}),
        "minProperties": 1,
    },
)
PLAN: Schema = mapping(
    {
        "code": ref("code"),
        "name": ref("localised"),
        "description": ref("localised"),
        "price": nullable(ref("money")),
        "length": _LENGTH,
        "grace_days": whole(0, MOST_DAYS, 0),
        "uses": nullable(whole(1)),
        "parallel": choice("forbidden", "allowed"),
        "skus": listing(ref("label"), 1000),
        "benefits": listing(ref("localised"), 50),
    },
    ("code", "length"),
)
_TICKET = mapping(
    {
        "kind": ref("code"),
        "name": ref("localised"),
        "capacity": whole(0, 10_000_000),
        "points": nullable(points(0)),
        "price": nullable(ref("money")),
        "plans": listing(ref("code"), 100),
        "tiers": listing(ref("code"), 100),
        "per_member": nullable(whole(1)),
        "grants": nullable(ref("code")),
        "opens_at": by_code(ref("time_or_null"), 100),
    },
    ("kind", "capacity"),
)
EVENT: Schema = mapping(
    {
        "code": ref("code"),
        "name": ref("localised"),
        "description": ref("localised"),
        "store": nullable(ref("code")),
        "starts_at": ref("time"),
        "ends_at": ref("time_or_null"),
        "tickets": listing(_TICKET, 100, 1),
        "waiting_list": nullable(
            mapping(
                {
                    "offer_minutes": whole(1, MOST_MINUTES, 1440),
                    "order": listing(choice("joined", "tier", default=""), 2, 1),
                }
            )
        ),
        "cancel": listing(
            mapping(
                {"until_days": whole(0, MOST_DAYS), "give_back_percent": whole(0, 100)},
                ("until_days", "give_back_percent"),
            ),
            20,
        ),
    },
    ("code", "starts_at", "tickets"),
)
MESSAGE: Schema = mapping(
    {
        "code": ref("code"),
        "trigger": text(60, r"[a-z_]+(\.[a-z_]+)*(:[A-Za-z0-9._-]+)?", "a trigger such as member.enrolled"),
        "at": whole(1),
        "channels": listing(choice("inbox", "email", "sms", "push", "line", "post", default=""), 6, 1),
        "when": ref("condition"),
        "enabled": flag(default=True),
        "subject": ref("localised"),
        "text": ref("long_localised"),
    },
    ("code", "trigger", "channels", "text"),
)
