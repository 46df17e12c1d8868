"""What a draft should not have: conditions that were begun and left without a value.

The file allows them; they reach nobody, so no draft with one is published.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rewards.programme_file import Problem

CODE = "nothing_chosen"
_REACH_NOBODY = ("in", "any_of", "all_of", "=")


def problems(document: Mapping[str, Any]) -> list[Problem]:
    """Where a list of values is empty, in the rules and campaigns that are switched on."""
    return [
        Problem("error", 0, 0, place, CODE, "nothing is chosen here, so this reaches nobody", "Choose at least one.")
        for section in ("rules", "campaigns")
        for i, part in enumerate(document.get(section) or [])
        if isinstance(part, Mapping) and part.get("enabled") is not False
        for place in _in(f"{section}[{i}]", part)
    ]


def as_far_as_it_goes(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document to try things with: days of the week that nobody chose yet stand in nobody's way."""
    campaigns = document.get("campaigns") or []
    return {**document, "campaigns": [_any_day(one) for one in campaigns]} if campaigns else dict(document)


def _any_day(campaign: Mapping[str, Any]) -> Mapping[str, Any]:
    window = campaign.get("window")
    if not isinstance(window, Mapping) or window.get("weekdays") != []:
        return campaign
    return {**campaign, "window": {key: value for key, value in window.items() if key != "weekdays"}}


def _in(place: str, value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if "field" in value and value.get("value") == [] and value.get("op") in _REACH_NOBODY:
            yield f"{place}.value"
        for key, inside in value.items():
            yield from _in(f"{place}.{key}", inside)
    elif isinstance(value, list):
        for i, inside in enumerate(value):
            yield from _in(f"{place}[{i}]", inside)
