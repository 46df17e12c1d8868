"""Where a new campaign starts from: the usual ones, ready but for who, where and how much."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

Part = dict[str, Any]
LONGEST_CODE = 40


@dataclass(frozen=True)
class Pattern:
    """One starting point, with its name in both languages for the document."""

    code: str
    en: str
    ja: str
    says: Any
    part: Part


def _tier_row() -> Part:
    return {"all": [{"field": "member.tier", "op": "in", "value": []}]}


PATTERNS = [
    Pattern(
        "weekday",
        "Double points on a weekday",
        "曜日限定ポイント2倍",
        _("Twice the points on certain days of the week, for some tiers, in some stores."),
        {
            "window": {"weekdays": []},
            "audience": _tier_row(),
            "budget": {"at_end": "partial"},
            "rules": [{"kind": "multiplier", "factor": "2", "of": "all"}],
        },
    ),
    Pattern(
        "product",
        "Extra points on a product",
        "対象商品ボーナスポイント",
        _("So many points more for each unit of certain articles or categories."),
        {"rules": [{"kind": "fixed", "points": 50, "each": "unit", "lines": {"include": {"categories": []}}}]},
    ),
    Pattern(
        "threshold",
        "Extra points from an amount on",
        "お買い上げ金額ボーナス",
        _("A bonus for baskets that reach an amount."),
        {
            "rules": [
                {
                    "kind": "fixed",
                    "points": 100,
                    "each": "sale",
                    "when": {"all": [{"field": "basket.amount", "op": ">=", "value": ""}]},
                }
            ]
        },
    ),
    Pattern(
        "hours",
        "Happy hour",
        "ハッピーアワー",
        _("More points at quiet hours of the day."),
        {"window": {"hours": ["14:00", "17:00"]}, "rules": [{"kind": "multiplier", "factor": "2", "of": "all"}]},
    ),
    Pattern(
        "birthday",
        "Double points in the birthday month",
        "誕生月ポイント2倍",
        _("Twice the points in the month of the member’s birthday."),
        {
            "audience": {"all": [{"field": "member.birthday_month", "op": "=", "value": True}]},
            "rules": [{"kind": "multiplier", "factor": "2", "of": "all"}],
        },
    ),
    Pattern(
        "back",
        "Welcome back",
        "おかえりボーナス",
        _("A bonus for members who have not bought anything for a while."),
        {
            "audience": {"all": [{"field": "member.last_sale_days", "op": ">=", "value": 90}]},
            "rules": [{"kind": "fixed", "points": 200, "each": "sale"}],
        },
    ),
    Pattern(
        "empty",
        "New campaign",
        "新しいキャンペーン",
        _("Everything from the beginning."),
        {"rules": [{"kind": "fixed", "points": 100, "each": "sale"}]},
    ),
]
BY_CODE = {one.code: one for one in PATTERNS}


def code_from(name: str, taken: Collection[str], otherwise: str) -> str:
    """A code made of a name, that nothing has yet."""
    folded = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "-", folded).strip("-")[: LONGEST_CODE - 4].strip("-") or otherwise
    number, found = 1, base
    while found in taken:
        number += 1
        found = f"{base}-{number}"
    return found
