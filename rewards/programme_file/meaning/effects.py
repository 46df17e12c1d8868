"""What says less than it seems to: rules that never give, limits that limit nothing, conditions without a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils.translation import gettext as _

from rewards.programme_file.problems import WARNING

from .findings import Document, Finding, conditions, entries, instant, rules, within

Entry = Mapping[str, Any]
Placed = tuple[Entry, Entry]  # a rule and its campaign, empty where it has none
BASES = frozenset({"per_amount", "per_unit", "per_visit"})
SELECTED_BY = ("skus", "categories", "labels", "brands")
ONE_OF_A_LINE = ("skus", "categories")  # a line has several labels, but one of these


def budgets_limit_something(document: Document) -> Iterator[Finding]:
    """A budget of neither points nor money."""
    for place, campaign in entries(document, "campaigns"):
        budget = campaign.get("budget")
        if budget is not None and budget.get("points") is None and budget.get("money") is None:
            detail = _("This budget has neither points nor money: it limits nothing.")
            mend = _("say how many points or how much money, or take the budget out")
            yield Finding(f"{place}.budget", "budget_empty", detail, mend, WARNING)


def conditions_say_something(document: Document) -> Iterator[Finding]:
    """`all` or `any` of nothing."""
    for place, condition in conditions(document):
        yield from _empty(place, condition)


def _empty(place: str, condition: Entry) -> Iterator[Finding]:
    for key in ("all", "any"):
        if condition.get(key) == []:
            detail = _("“all” of nothing always holds.") if key == "all" else _("“any” of nothing never holds.")
            yield Finding(f"{place}.{key}", "condition_empty", detail, _("name a condition, or take it out"), WARNING)
        for at, part in within(place, condition, key):
            yield from _empty(at, part)


def streaks_can_be_completed(document: Document) -> Iterator[Finding]:
    """More days than there are, or products that the rule's own lines leave out."""
    for place, rule, campaign in rules(document):
        if rule.get("kind") != "streak":
            continue
        if rule.get("each") == "day" and not rule.get("skus"):
            days = min(rule.get("within_days") or 1, _days((rule, campaign or {}), document))
            if (times := rule.get("times") or 0) > days:
                said = {"times": times, "days": days}
                detail = _("%(times)d visits on different days do not fit into %(days)d days.") % said
                mend = _("ask for at most %(days)d, or give more days") % said
                yield Finding(f"{place}.times", "out_of_reach", detail, mend)
        lines = rule.get("lines") or {}
        include, exclude = _selection(lines, "include"), _selection(lines, "exclude")
        for at, sku in within(place, rule, "skus"):
            left_out = set(include) == {"skus"} and sku not in include["skus"]
            if left_out or sku in exclude.get("skus", ()):
                detail = _("The rule's lines leave out “%(sku)s”: this is never complete.") % {"sku": sku}
                yield Finding(at, "out_of_reach", detail, _("let the lines have it, or take it out here"))


def _days(placed: Placed, document: Document) -> int:
    """How many days a rule is in force."""
    starts, ends = span(*placed)
    try:
        zone = ZoneInfo((document.get("settings") or {}).get("timezone") or "UTC")
        if starts is None or ends is None or ends <= starts:
            return 10**6
        last = ends.astimezone(zone) - timedelta(microseconds=1)
        return (last.date() - starts.astimezone(zone).date()).days + 1
    except (ZoneInfoNotFoundError, ValueError, OSError, OverflowError):
        return 10**6


def factors_add_something(document: Document) -> Iterator[Finding]:
    """A factor of 0 takes all away."""
    for place, rule, _campaign in rules(document):
        if rule.get("kind") == "multiplier" and Decimal(rule.get("factor") or 1) == 0:
            detail = _("A factor of 0 takes away all points of the rules that it multiplies.")
            mend = _("give 2 for twice the points; to give none, exclude the lines or disable those rules")
            yield Finding(f"{place}.factor", "factor_zero", detail, mend, WARNING)


def multipliers_meet_their_bases(document: Document) -> Iterator[Finding]:
    """One that is never in force together with a rule that it multiplies, or never on the same line."""
    placed: list[Placed] = [(rule, campaign or {}) for _place, rule, campaign in rules(document)]
    live = [one for one in placed if all(part.get("enabled", True) for part in one) and _is_base(one[0])]
    for place, rule, campaign in rules(document):
        if rule.get("kind") != "multiplier":
            continue
        mine, of = (rule, campaign or {}), rule.get("of", "all")
        bases = [one for one in live if one[0].get("trigger") == rule.get("trigger")]
        bases = bases if of == "all" else [one for one in bases if one[0].get("code") in of]
        if not bases:
            continue  # the engine's to say
        together = [one for one in bases if _overlap(span(*one), span(*mine))]
        if not together:
            detail = _("None of the rules that it multiplies is in force at the same time.")
            yield Finding(f"{place}.of", "base_apart", detail, _("let their windows overlap"), WARNING)
        elif all(_apart(one[0].get("lines") or {}, rule.get("lines") or {}) for one in together):
            detail = _("It never counts a line that the rules which it multiplies count.")
            yield Finding(f"{place}.lines", "base_apart", detail, _("let their lines overlap"), WARNING)


def _is_base(rule: Entry) -> bool:
    return rule.get("kind") in BASES or (rule.get("kind") == "fixed" and bool(rule.get("before_multipliers")))


def span(rule: Entry, campaign: Entry) -> tuple[datetime | None, datetime | None]:
    """From when and until when a rule can be in force."""
    window = campaign.get("window") or {}
    starts = [at for one in (rule, window) if (at := instant(one.get("from"))) is not None]
    ends = [at for one in (rule, window) if (at := instant(one.get("until"))) is not None]
    return max(starts, default=None), min(ends, default=None)


def _overlap(one: tuple[datetime | None, datetime | None], other: tuple[datetime | None, datetime | None]) -> bool:
    starts = max((at for at in (one[0], other[0]) if at is not None), default=None)
    ends = min((at for at in (one[1], other[1]) if at is not None), default=None)
    return starts is None or ends is None or starts < ends


def _apart(one: Entry, other: Entry) -> bool:
    """Whether no line can be of both."""
    mine, theirs = _selection(one, "include"), _selection(other, "include")
    for key in ONE_OF_A_LINE:
        if set(mine) == set(theirs) == {key} and not mine[key] & theirs[key]:
            return True
    return _inside(mine, _selection(other, "exclude")) or _inside(theirs, _selection(one, "exclude"))


def _inside(include: Mapping[str, set[str]], exclude: Mapping[str, set[str]]) -> bool:
    """Whether everything that is included is excluded by the same name."""
    return bool(include) and all(names <= exclude.get(key, set()) for key, names in include.items())


def _selection(lines: Entry, key: str) -> dict[str, set[str]]:
    """What a selection names."""
    said = lines.get(key) or {}
    return {by: {str(one) for one in said[by]} for by in SELECTED_BY if said.get(by)}


def expiry_is_worked_out(document: Document) -> Iterator[Finding]:
    """What a later release works out: until then points end as if nothing happened meanwhile."""
    places = [("settings.expiry", (document.get("settings") or {}).get("expiry"))]
    places += [(f"{place}.expiry", rule.get("expiry")) for place, rule, _campaign in rules(document)]
    for place, expiry in places:
        if (expiry or {}).get("kind") == "inactivity":
            detail = _("Expiry by inactivity is kept, but not worked out yet: no purchase moves the end of points.")
            mend = _("use kind: rolling for an end that works today; points end as with that until then")
            yield Finding(place, "not_worked_out", detail, mend, WARNING)
