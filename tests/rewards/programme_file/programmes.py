"""Programmes to try things on, and a short way to ask for problems."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rewards import programme_file

CONTRACT = Path(__file__).parent / "data" / "contract.yaml"  # the example of the contract, word for word
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
SMALL: dict[str, Any] = {
    "loyalty": 1,
    "name": "Records",
    "settings": {"currency": "USD", "timezone": "UTC", "languages": ["en", "ja"]},
    "stores": [{"code": "main", "name": "Main", "group": "town"}],
    "tiers": [
        {
            "group": "status",
            "metric": "spend",
            "window": {"kind": "lifetime"},
            "levels": [{"code": "silver", "from": "100"}, {"code": "gold", "from": "500"}],
        }
    ],
    "rules": [{"code": "base", "kind": "per_amount", "points": 1, "per": "1"}],
}


def small(**changes: Any) -> dict[str, Any]:
    """The small programme with whole sections changed."""
    return {**copy.deepcopy(SMALL), **changes}


def said(text_or_document: str | dict[str, Any]) -> dict[str, str]:
    """Place and code of every problem."""
    if isinstance(text_or_document, str):
        found = programme_file.check(text_or_document)
    else:
        found = programme_file.check_document(text_or_document)
    return {problem.place: problem.code for problem in found}
