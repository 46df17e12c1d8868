"""`settings`: currency, zone, languages, and every policy of the programme."""

from __future__ import annotations

from .words import (
    MOST_DAYS,
    MOST_MINUTES,
    Schema,
    by_kind,
    by_type,
    choice,
    flag,
    listing,
    mapping,
    nullable,
    ref,
    text,
    whole,
)

ROUNDINGS = ("floor", "half_up", "ceil")
_DAYS = mapping({"days": whole(0, MOST_DAYS)}, ("days",))
PENDING = by_type(
    "none, return_window or {days: 14}",
    string=choice("none", "return_window"),
    object=_DAYS,
)
_ROUND_UP_TO = choice("day", "month", "quarter", "half_year", "year")
_MONTHS, _SPAN = whole(0, 1200), whole(0, MOST_DAYS)
_FIXED_DAY = text(10, r"([0-9]{4}-)?[0-9][0-9]-[0-9][0-9]", "a date such as 03-31 or 2027-09-30, in quotes")
EXPIRY = by_kind(
    "kind",
    {
        "never": {},
        "rolling": {"days": _SPAN, "months": _MONTHS, "round_up_to": _ROUND_UP_TO},
        "fixed": {"dates": listing(_FIXED_DAY, 100, 1)},
        "inactivity": {
            "days": _SPAN,
            "months": _MONTHS,
            "reset_by": listing(ref("code"), 20, 1),
        },
    },
    {"kind": {}},
    {"fixed": ("dates",)},
)
_CATEGORIES, _SKUS = listing(ref("label"), 5000), listing(ref("label"), 20_000)
_EXCLUDE = mapping({"categories": _CATEGORIES, "skus": _SKUS, "labels": _CATEGORIES, "brands": _CATEGORIES})
SELECTION = mapping({"skus": _SKUS, "categories": _CATEGORIES, "labels": _CATEGORIES, "brands": _CATEGORIES})
_EARNING = mapping(
    {
        "basis": choice("items", "order"),
        "tax": choice("included", "excluded"),
        "discounts": choice("reduce", "targeted", "ignore"),
        "points_payment": choice("no_earn", "earn"),
        "gift_card_payment": choice("earn", "no_earn"),
        "rounding": choice(*ROUNDINGS),
        "remainder": choice("drop", "carry"),
        "multipliers": choice("multiply", "add", "highest"),
        "tier_for_sale": choice("before", "after"),
        "exclude": _EXCLUDE,
        "pending": PENDING,
        "future_minutes": whole(0, MOST_MINUTES, 5),
        "late_days": nullable(whole(0, MOST_DAYS)),
    }
)
_REDEEMING = mapping(
    {
        "over": choice("refuse", "clamp"),
        "same_sale": flag(default=False),
        "hold_minutes": whole(1, MOST_MINUTES, 15),
        "stacking": listing(choice("line", "basket", "payment", default=""), 3),
        "percent_on": choice("remaining", "initial"),
    }
)
_RETURNS = mapping(
    {
        "window_days": nullable(whole(0, MOST_DAYS)),
        "attribution": choice("line", "proportional"),
        "clawback": choice("unlimited", "within_balance", "pending_only"),
        "redeemed_points": choice("give_back", "keep_spent"),
        "give_back_days": whole(0, MOST_DAYS, 7),
        "unknown_sale": choice("refuse", "park"),
        "any_store": flag(default=True),
    }
)
_OFFLINE = mapping(
    {
        "max_age_days": whole(0, MOST_DAYS, 30),
        "redeem_points_per_member": whole(default=0),
        "redeem_points_per_device": whole(default=0),
    }
)
_ADJUSTMENTS = mapping(
    {
        "second_person_over": nullable(whole(default=5000)),
        "daily_per_person": nullable(whole(default=20_000)),
        "below_zero": choice("refuse", "clamp", "debt"),
    }
)
_NOTICES = mapping({"expiry_days": listing(whole(1, 366), 5), "available": flag(default=False)})
SETTINGS: Schema = mapping(
    {
        "currency": text(3, "[A-Z]{3}", "an ISO 4217 code such as JPY") | {"default": "USD"},
        "timezone": text(60, description="a time zone such as Asia/Tokyo") | {"default": "UTC"},
        "languages": listing(text(12, "[a-z]{2,3}(-[A-Za-z0-9]+)*", "a language such as ja"), 20, 1),
        "point_value": text(20, r"[0-9]{1,9}(\.[0-9]{1,6})?", 'what one point is worth, in quotes, such as "0.01"'),
        "earning": _EARNING,
        "expiry": EXPIRY,
        "notices": _NOTICES,
        "redeeming": _REDEEMING,
        "returns": _RETURNS,
        "offline": _OFFLINE,
        "adjustments": _ADJUSTMENTS,
    }
)
