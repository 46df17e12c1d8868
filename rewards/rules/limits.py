"""Caps and budgets (CONTRACT Meaning 4): the rule worked out last is cut first, and within it the last line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .basket import Facts, Granted
from .campaigns import Campaign
from .caps import NO_CAPS, Caps
from .given import Given

NEVER_GRANTED = Granted()


def cut(given: Sequence[Given], facts: Facts, campaigns: Mapping[str, Campaign]) -> list[dict[str, object]]:
    """Cut to what rules, then campaigns, may still grant. Returns what was cut by which limit."""
    cuts: list[dict[str, object]] = []
    touched: set[str] = set()
    below_zero = False
    for g in reversed(given):
        rule = g.rule
        if rule.caps is not NO_CAPS:
            for name, limit, left in _left(rule.caps, facts.granted.get(rule.code, NEVER_GRANTED)):
                if (over := _granted(g) - left) > 0:
                    cuts.append({"rule": rule.code, "cap": name, "limit": limit, "cut": over})
                    take_off(g.points, over)
        if rule.campaign:
            touched.add(rule.campaign)
        below_zero = below_zero or g.exact[0] < 0
    for code in sorted(touched):
        _cut_campaign(campaigns[code], [g for g in given if g.rule.campaign == code], facts, cuts)
    if below_zero:
        _leave_nothing_below_zero(given)
    return cuts


def _cut_campaign(campaign: Campaign, given: list[Given], facts: Facts, cuts: list[dict[str, object]]) -> None:
    so_far = facts.granted.get(campaign.key, NEVER_GRANTED)
    limits = _left(campaign.caps, so_far)
    if campaign.budget_points is not None:
        limits.append(("budget", campaign.budget_points, max(campaign.budget_points - so_far.total, 0)))
    for name, limit, left in limits:
        over = sum(_granted(g) for g in given) - left
        if over <= 0:
            continue
        if name == "budget" and campaign.at_end == "none":
            over += left
        cuts.append({"campaign": campaign.code, "cap": name, "limit": limit, "cut": over})
        for g in reversed(given):
            over -= take_off(g.points, over)


def _left(caps: Caps, so_far: Granted) -> list[tuple[str, int, int]]:
    """Each limit that is set: its name, itself, and what is left of it."""
    if caps is NO_CAPS:
        return []
    limits = (
        ("per_sale", caps.per_sale, 0),
        ("per_day", caps.per_day, so_far.today),
        ("per_member", caps.per_member, so_far.member),
        ("total", caps.total, so_far.total),
    )
    return [(name, limit, max(limit - used, 0)) for name, limit, used in limits if limit is not None]


def _granted(given: Given) -> int:
    """What counts towards limits: what a factor below 1 takes off makes no room for more."""
    return max(given.total, 0)


def take_off(points: list[int], over: int) -> int:
    """Take `over` points off, the last line first. Returns how many there were to take."""
    taken = 0
    for i in reversed(range(len(points))):
        part = min(max(points[i], 0), over - taken)
        points[i] -= part
        taken += part
    return taken


def _leave_nothing_below_zero(given: Sequence[Given]) -> None:
    """Multipliers below 1 take no more from a line than is left there after limits; the last one gives in first."""
    for g in reversed(given):
        for i, points in enumerate(g.points):
            if points < 0 and (below := sum(other.points[i] for other in given)) < 0:
                g.points[i] -= max(points, below)
