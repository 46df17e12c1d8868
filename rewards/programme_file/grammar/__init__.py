"""The grammar of the programme file, as a JSON Schema (2020-12): one source for check, canonical text and editors."""

from __future__ import annotations

import json

from .earning import CAMPAIGN, CAPS, GROUP, LINES, PRIORITY, RULE, TRIGGER
from .giving import EVENT, LIMIT, MESSAGE, PLAN, REWARD, SPAN, STOCK
from .people import CONDITION, REASON, SEGMENT, STORE, TIERS
from .settings import EXPIRY, PENDING, SELECTION, SETTINGS
from .words import Schema, by_type, listing, mapping, nullable, ref, text

_CODE = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_DIGITS = r"[0-9]{1,12}(\.[0-9]{1,4})?"
_TIME = text(
    40,
    r"[0-9]{4}-[0-9][0-9]-[0-9][0-9][Tt][0-9][0-9]:[0-9][0-9]:[0-9][0-9](\.[0-9]{1,9})?([Zz]|[+-][0-9][0-9]:[0-9][0-9])",
    'a time with its offset in quotes, such as "2026-12-01T00:00:00+09:00"',
)


def _localised(most: int) -> Schema:
    by_language = {
        "type": "object",
        "propertyNames": text(12, "[a-z]{2,3}(-[A-Za-z0-9]+)*", "a language such as ja"),
        "additionalProperties": text(most),
        "minProperties": 1,
        "maxProperties": 30,
        "description": "a text by language",
    }
    return by_type("a text, or {en: …, ja: …}", string=text(most), object=by_language)


DEFINITIONS: dict[str, Schema] = {
    "code": text(40, _CODE, "a code: letters, digits, dots, hyphens and underscores, at most 40"),
    "label": text(100, description="a text of at most 100 characters, in quotes if it is a number"),
    "money": text(20, _DIGITS, 'an amount in quotes, such as "100"'),
    "factor": text(20, r"[0-9]{1,9}(\.[0-9]{1,6})?", 'a factor in quotes, such as "1.5"'),
    "percent": text(
        8, r"(100(\.0{1,2})?|[0-9]{1,2}(\.[0-9]{1,2})?)", 'a percent from 0 to 100 in quotes, such as "10"'
    ),
    "time": _TIME,
    "time_or_null": nullable(_TIME),
    "localised": _localised(400),
    "long_localised": _localised(10_000),
    "condition": CONDITION,
    "expiry": EXPIRY,
    "pending": PENDING,
    "selection": SELECTION,
    "lines": LINES,
    "caps": CAPS,
    "priority": PRIORITY,
    "trigger": TRIGGER,
    "limit": LIMIT,
    "span": SPAN,
    "stock": STOCK,
    "rule": RULE,
}

SECTIONS: dict[str, Schema] = {
    "stores": listing(STORE, 10_000, 1),
    "reasons": listing(REASON),
    "segments": listing(SEGMENT),
    "tiers": listing(TIERS, 20),
    "rules": listing(ref("rule"), 2000),
    "groups": listing(GROUP, 2000),
    "campaigns": listing(CAMPAIGN),
    "rewards": listing(REWARD, 2000),
    "plans": listing(PLAN),
    "events": listing(EVENT, 2000),
    "messages": listing(MESSAGE),
}

CLOSING: Schema = {
    **mapping(
        {"earning_until": ref("time"), "redeeming_until": ref("time"), "text": ref("long_localised")},
        ("earning_until", "redeeming_until"),
    ),
    "description": "the end of the programme; announce it on the staff side, which also tells the members",
}

SCHEMA: Schema = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Loyalty programme file",
    **mapping(
        {
            "loyalty": {"const": 1, "description": "1, the version of this syntax"},
            "name": ref("localised"),
            "settings": SETTINGS,
            "closing": CLOSING,
            **SECTIONS,
        },
        ("loyalty",),
    ),
    "$defs": DEFINITIONS,
}


def schema_text() -> str:
    """The schema as it is published: docs/programme.schema.json and /api/programme.schema.json."""
    return json.dumps(SCHEMA, indent=1, ensure_ascii=False) + "\n"
