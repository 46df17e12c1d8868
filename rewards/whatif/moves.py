"""Which members would stand on another level, up or down, by what they have bought since they joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from .sides import Ladder, Side

_LEVELS = """
SELECT width_bucket(spend_minor, %s::bigint[]), width_bucket(spend_minor, %s::bigint[]), count(*)
  FROM members_member WHERE status = 'active' GROUP BY 1, 2
"""


@dataclass(frozen=True)
class Moves:
    """Rows of {group, from, to, members, up}, most members first, and why groups are left out."""

    rows: list[dict[str, Any]]
    left_out: list[dict[str, str]]


def moves(today: Side, draft: Side) -> Moves:
    """Every group that either programme has, with the levels of both applied to the same counters."""
    rows: list[dict[str, Any]] = []
    left_out: list[dict[str, str]] = []
    ladders = [{ladder.group: ladder for ladder in side.ladders} for side in (today, draft)]
    for group in dict.fromkeys([*ladders[0], *ladders[1]]):
        both = [known.get(group, Ladder(group, "spend", (), ())) for known in ladders]
        if unknown := [ladder.metric for ladder in both if not ladder.worked_out]:
            left_out.append({"group": group, "metric": unknown[0]})
        elif both[0] != both[1]:
            rows += _moved(group, both)
    rows.sort(key=lambda row: -row["members"])
    return Moves(rows, left_out)


def _moved(group: str, both: Sequence[Ladder]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(_LEVELS, [list(ladder.thresholds) for ladder in both])
        found = cursor.fetchall()
    sums: dict[tuple[str, str], int] = {}
    for before, after, members in found:
        codes = tuple(ladder.codes[at - 1] if at else "" for ladder, at in zip(both, (before, after), strict=True))
        if codes[0] != codes[1]:
            sums[codes[0], codes[1]] = sums.get((codes[0], codes[1]), 0) + members
    return [
        {"group": group, "from": old, "to": new, "members": members, "up": rank(both, new) > rank(both, old)}
        for (old, new), members in sums.items()
    ]


def rank(both: Sequence[Ladder], code: str) -> float:
    """How high a level stands: its place in the draft, or in today's ladder if the draft has it no more."""
    today, draft = both
    if not code:
        return -1
    if code in draft.codes:
        return float(draft.codes.index(code))
    return today.codes.index(code) - 0.5  # between: a level that is gone ends below the one at its place
