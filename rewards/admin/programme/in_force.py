"""Which campaigns were, are and will be there: a stretch of time by the versions of the programme that hold in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from loyalty import policies
from loyalty.models import Programme

from .naming import Names

Part = Mapping[str, Any]


@dataclass(frozen=True)
class Period:
    """From when to when (excluded) one version holds, and its campaigns by code."""

    starts_at: datetime
    ends_at: datetime
    names: Names
    campaigns: Mapping[str, Part]


def periods(since: datetime, until: datetime) -> list[Period]:
    """The time from `since` to `until`, cut where another version comes into force."""
    changes = Programme.objects.filter(valid_from__gt=since, valid_from__lt=until).order_by("valid_from")
    edges = [since, *dict.fromkeys(changes.values_list("valid_from", flat=True)), until]
    return [
        Period(begin, end, Names(document), _campaigns(document))
        for begin, end in pairwise(edges)
        for document in [policies.current(begin).document]
    ]


def _campaigns(document: Part) -> dict[str, Part]:
    listed = document.get("campaigns") or []
    return {str(one.get("code")): one for one in listed if isinstance(one, Mapping)}


def ever(found: list[Period]) -> dict[str, tuple[Part, Names]]:
    """Every campaign of these times as it is last, those of the newest version first."""
    listed: dict[str, tuple[Part, Names]] = {}
    for period in reversed(found):
        for code, part in period.campaigns.items():
            listed.setdefault(code, (part, period.names))
    return listed
