"""Conditions that were begun and left without a value: the file allows them, and they reach nobody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

_REACH_NOBODY = ("in", "any_of", "all_of", "=")


def text() -> str:
    """What is said of one."""
    return _("Nothing is chosen here: as it is, this reaches nobody.")


def places(document: Mapping[str, Any]) -> Iterator[str]:
    """Where a list of values is empty."""
    for section in ("rules", "campaigns"):
        for i, part in enumerate(document.get(section) or []):
            yield from _in(f"{section}[{i}]", part)


def _in(place: str, value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if "field" in value and value.get("value") == [] and value.get("op") in _REACH_NOBODY:
            yield f"{place}.value"
        for key, inside in value.items():
            yield from _in(f"{place}.{key}", inside)
    elif isinstance(value, list):
        for i, inside in enumerate(value):
            yield from _in(f"{place}[{i}]", inside)
