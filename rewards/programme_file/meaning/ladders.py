"""Tiers: ladders that can be climbed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from loyalty import money
from rewards.programme_file.problems import WARNING

from .findings import Document, Finding, entries, within


def ladders_rise(document: Document) -> Iterator[Finding]:
    """Thresholds in their unit, each above the one before."""
    currency = (document.get("settings") or {}).get("currency", "USD")
    for place, group in entries(document, "tiers"):
        metric = group.get("metric", "spend")
        before = -1
        for at, level in within(place, group, "levels"):
            if "from" not in level:
                continue
            threshold, finding = _threshold(at, level["from"], metric, currency)
            if finding:
                yield finding
                continue
            if threshold <= before:
                detail = _("“%(from)s” is not above the level before.") % {"from": level["from"]}
                mend = _("order the levels from the lowest to the highest, each with a greater from")
                yield Finding(f"{at}.from", "not_ascending", detail, mend)
            before = max(before, threshold)
        yield from _stored_only(place, group, metric)


def _threshold(place: str, value: Any, metric: str, currency: str) -> tuple[int, Finding | None]:
    if metric != "spend":
        if isinstance(value, int) or (value.isascii() and value.isdecimal()):
            return int(value), None
        detail = _("“%(value)s” is not a whole number, as %(metric)s needs.") % {"value": value, "metric": metric}
        return 0, Finding(f"{place}.from", "not_an_integer", detail, _("write it without decimals"))
    if isinstance(value, int):
        detail = _("This must be text in quotes, not a number.")
        return 0, Finding(f"{place}.from", "not_quoted", detail, _('write "%(value)s"') % {"value": value})
    try:
        return money.minor(value, currency), None
    except ValueError:
        detail = _("“%(value)s” is not an amount of %(currency)s.") % {"value": value, "currency": currency}
        return 0, Finding(f"{place}.from", "too_many_decimals", detail, _("write fewer decimals"))


def _stored_only(place: str, group: Mapping[str, Any], metric: str) -> Iterator[Finding]:
    """What a later release works out: nobody has a level in such a group until then."""
    window = (group.get("window") or {}).get("kind", "lifetime")
    if metric == "spend" and window == "lifetime":
        return
    detail = _("Levels by %(metric)s within a %(window)s window are kept, but not worked out yet: nobody has one.")
    mend = _("use metric: spend and window: {kind: lifetime} for levels that work today")
    yield Finding(place, "not_worked_out", detail % {"metric": metric, "window": window}, mend, WARNING)


def balance_levels_can_be_reached(document: Document) -> Iterator[Finding]:
    """Levels by balance fall when points are spent, and an automatic reward spends them."""
    for place, group in entries(document, "tiers"):
        if group.get("metric") != "balance":
            continue
        detail = _("Levels by balance fall when members spend their points.")
        yield Finding(
            f"{place}.metric", "balance_falls", detail, _("points_earned or spend reward buying more"), WARNING
        )
        for at, reward in _taken_by_itself(document):
            for inside, level in within(place, group, "levels"):
                if str(level.get("from")).isdecimal() and int(level["from"]) >= reward["points"]:
                    values = {"level": level.get("code"), "reward": reward.get("code"), "points": reward["points"]}
                    detail = _(
                        "“%(level)s” cannot be reached: %(reward)s takes %(points)d points as soon as they are there."
                    )
                    mend = _("let %(reward)s be chosen by members, or ask for fewer points in %(level)s")
                    yield Finding(f"{inside}.from", "unreachable_tier", detail % values, mend % values, WARNING)
                    yield Finding(f"{at}.automatic", "unreachable_tier", detail % values, mend % values, WARNING)


def _taken_by_itself(document: Document) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Rewards that are taken from everybody, as often as the points are there."""
    for place, reward in entries(document, "rewards"):
        limited = (
            (reward.get("limit") or {}).get("per_member") is not None or reward.get("audience") or reward.get("tiers")
        )
        if reward.get("automatic") and reward.get("points") and not limited:
            yield place, reward
