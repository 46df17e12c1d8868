"""What a run found, as the JSON that the page, the command and the file of members read (docs/what-if.md)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

from loyalty import money
from rewards.models import WhatIf

from .limits import Ran
from .moves import moves
from .sides import Side
from .tally import PEOPLE, Tally

SHOWN_SAMPLES = 3
MOST_BARS = 4  # on each side of "no change"
_EDGES = [1, 10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000, 10**7, 10**8, 10**9, 10**12]


def result(
    run: WhatIf, sides: Sequence[Side], tally: Tally, uses: Sequence[Mapping[str, Ran]], exact: bool
) -> dict[str, Any]:
    """Everything; names are looked up by whoever shows it, for they depend on the language."""
    today, draft = sides
    moved = moves(today, draft)
    return {
        "currency": draft.ruleset.currency,
        "sales": tally.total[0],
        "changed_sales": tally.changed_sales,
        "left_out": run.sales_left_out,
        "members": {"all": tally.members, "gain": tally.gain, "lose": tally.lose},
        "points": tally.total[1:],
        "cost_minor": [cost(points, side.document) for points, side in zip(tally.total[1:], sides, strict=True)],
        "tiers": _sums(tally.tiers),
        "stores": _sums(tally.stores),
        "rules": _rules(tally, sides),
        "campaigns": _campaigns(tally, sides),
        "limits": _limits(sides, uses),
        "exact": exact,
        "capped": dict(tally.capped[1]),
        "histogram": histogram(tally.changes),
        "moves": moved.rows,
        "moves_left_out": moved.left_out,
        "winners": _people(tally.winners),
        "losers": _people(tally.losers),
        "samples": samples(tally.samples),
    }


def point_value(document: Mapping[str, Any]) -> Fraction | None:
    """What one point is worth in minor units: `settings.point_value`, or what the first reward pays for one."""
    settings = document.get("settings") or {}
    scale: int = 10 ** money.decimals(settings.get("currency", "USD"))
    if (said := settings.get("point_value")) is not None:
        return Fraction(str(said)) * scale
    for reward in document.get("rewards") or ():
        if reward.get("kind") == "pay_with_points" and reward.get("block"):
            return Fraction(str(reward["value"])) / int(reward["block"]) * scale
    return None


def cost(points: int, document: Mapping[str, Any]) -> int | None:
    """What points cost at face value in minor units, half rounded up; None where no point has a value."""
    value = point_value(document)
    return None if value is None else (2 * points * value.numerator + value.denominator) // (2 * value.denominator)


def _sums(sums: Mapping[str, Sequence[int]]) -> list[dict[str, Any]]:
    rows = [{"code": code, "sales": s, "before": b, "after": a} for code, (s, b, a) in sums.items()]
    return sorted(rows, key=lambda row: (-row["sales"], row["code"]))


def _rules(tally: Tally, sides: Sequence[Side]) -> list[dict[str, Any]]:
    """Every rule of either programme that answers sales; what it gave, None where a programme has no such rule."""
    known = [{rule.code: rule for rule in side.ruleset.rules} for side in sides]
    rows = []
    for code in dict.fromkeys([*known[1], *known[0]]):
        gave = [
            {"sales": tally.rules[n].get(code, [0, 0])[0], "points": tally.rules[n].get(code, [0, 0])[1]}
            if code in known[n]
            else None
            for n in (0, 1)
        ]
        campaign = next((side.campaign_of[code] for side in reversed(sides) if code in side.campaign_of), "")
        rows.append({"rule": code, "campaign": campaign, "before": gave[0], "after": gave[1]})
    return rows


def _campaigns(tally: Tally, sides: Sequence[Side]) -> list[dict[str, Any]]:
    rows = []
    for code in dict.fromkeys([*sides[1].ruleset.campaigns, *sides[0].ruleset.campaigns]):
        points = [
            sum(sums[1] for rule, sums in tally.rules[n].items() if side.campaign_of.get(rule) == code)
            if code in side.ruleset.campaigns
            else None
            for n, side in enumerate(sides)
        ]
        rows.append({"campaign": code, "before": points[0], "after": points[1]})
    return rows


def _limits(sides: Sequence[Side], uses: Sequence[Mapping[str, Ran]]) -> list[dict[str, Any]]:
    """Budgets and total caps of the draft, then those that only today's programme has or that end otherwise there."""
    rows = []
    for name, side, used in reversed([("today", sides[0], uses[0]), ("draft", sides[1], uses[1])]):
        for key, limit in side.limits.items():
            ran = used.get(key, Ran(0, None))
            out = None if ran.out_at is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=ran.out_at)
            rows.append(
                {
                    "key": key,
                    "side": name,
                    "limit": limit.points,
                    "taken": ran.taken,
                    "out_at": out.isoformat() if out else None,
                }
            )
    return rows


def _people(found: Sequence[tuple[int, str, int, int]]) -> list[dict[str, Any]]:
    best = sorted(found, reverse=True)[:PEOPLE]
    return [{"member": member, "before": before, "after": after} for _, member, before, after in best]


def samples(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """Three different sales: the largest gain, a loss or a change picked by chance, one without change; then others."""
    order = [(kind, 0) for kind in ("gain", "loss", "same", "changed")]
    order += [("changed", 1), ("changed", 2), ("gain", 1), ("loss", 1), ("same", 1), ("same", 2)]
    chosen: dict[str, dict[str, Any]] = {}
    for kind, place in order:
        several = found.get(kind, ())
        if len(several) > place and len(chosen) < SHOWN_SAMPLES:
            sample = dict(several[place])
            sample.pop("rank")
            chosen.setdefault(str(sample["sale"]), sample)
    return sorted(chosen.values(), key=lambda sample: sample["points"][0] - sample["points"][1])


def histogram(changes: Counter[int]) -> list[dict[str, int | None]]:
    """Members by change of points: {from, to, members}, lowest first; an open end is None. 0 is always there."""
    gains = _bars({change: members for change, members in changes.items() if change > 0})
    losses = _bars({-change: members for change, members in changes.items() if change < 0})
    bars: list[dict[str, int | None]] = [
        {"from": None if high is None else -high, "to": -low, "members": members} for low, high, members in losses[::-1]
    ]
    bars.append({"from": 0, "to": 0, "members": changes[0]})
    bars += [{"from": low, "to": high, "members": members} for low, high, members in gains]
    return bars


def _bars(sizes: Mapping[int, int]) -> list[tuple[int, int | None, int]]:
    """At most MOST_BARS of (from, to, members), the last one open; neighbours with the fewest members are joined."""
    bars = [
        (low, high - 1, members)
        for low, high in pairwise(_EDGES)
        if (members := sum(n for size, n in sizes.items() if low <= size < high))
    ]
    while len(bars) > MOST_BARS:
        at = min(range(len(bars) - 1), key=lambda i: bars[i][2] + bars[i + 1][2])
        bars[at : at + 2] = [(bars[at][0], bars[at + 1][1], bars[at][2] + bars[at + 1][2])]
    filled = [(low, bars[i + 1][0] - 1 if i + 1 < len(bars) else high, n) for i, (low, high, n) in enumerate(bars)]
    return [*filled[:-1], (filled[-1][0], None, filled[-1][2])] if filled else []
