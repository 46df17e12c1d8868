"""Stores, reasons, segments and tiers."""

from __future__ import annotations

from .words import MOST_DAYS, Schema, by_kind, by_type, choice, flag, listing, mapping, points, ref, text, whole

STORE: Schema = mapping({"code": ref("code"), "name": ref("localised"), "group": ref("code")}, ("code",))
REASON: Schema = mapping({"code": ref("code"), "name": ref("localised")}, ("code",))
_ROWS = listing(ref("condition"), 200)
SEGMENT: Schema = mapping(
    {"code": ref("code"), "name": ref("localised"), "all": _ROWS, "any": _ROWS},
    ("code",),
)
CONDITION: Schema = {
    "type": "object",
    "description": "a condition: {field, op, value}, or all: or any: with a list of them",
    "if": {"required": ["field"]},
    "then": mapping(
        {
            "field": text(100, r"(basket|sale|time|member|line|activity)\.[^\s]+", "a field such as basket.amount"),
            "op": choice("=", "!=", "<", "<=", ">", ">=", "in", "not_in", "any_of", "all_of"),
            "value": {
                "type": ["string", "integer", "number", "boolean", "array"],
                "items": {"type": ["string", "integer", "number", "boolean"], "description": "a text or a number"},
                "maxItems": 20_000,
                "description": "a text, a number, true, false or a list of them",
            },
        },
        ("field", "value"),
    ),
    "else": mapping({"all": _ROWS, "any": _ROWS}),
}
_SPAN = {"months": whole(1, 1200), "days": whole(1, MOST_DAYS)}
_WINDOW = by_kind(
    "kind",
    {
        "lifetime": {},
        "calendar": {"period": choice("year", "half_year", "quarter", "month", default="")},
        "rolling": _SPAN,
        "anniversary": _SPAN,
    },
    {"kind": {}},
    {"calendar": ("period",)},
)
_GRACE = {"grace_days": whole(0, MOST_DAYS, 0)}
_END = by_kind(
    "kind",
    {"period": _GRACE, "next_period": _GRACE, "length": _SPAN | _GRACE, "with_metric": {}},
    {"kind": {}},
    {},
)
DOWNGRADE = choice("earned", "one_step", "never")
_LEVEL = mapping(
    {
        "code": ref("code"),
        "from": by_type(
            'an amount in quotes, such as "10000"; for points and visits a whole number',
            string=ref("money"),
            integer=points(0),
        ),
        "name": ref("localised"),
        "downgrade": DOWNGRADE,
        "benefits": listing(ref("localised"), 50),
    },
    ("code", "from"),
)
TIERS: Schema = mapping(
    {
        "group": ref("code"),
        "name": ref("localised"),
        "metric": choice("points_earned", "spend", "visits", "balance", default="spend"),
        "pending_counts": flag(default=False),
        "window": _WINDOW,
        "start": choice("at_once", "next_period"),
        "end": _END,
        "downgrade": DOWNGRADE,
        "reset_points": flag(default=False),
        "levels": listing(_LEVEL, 100, 1),
    },
    ("group", "levels"),
)
