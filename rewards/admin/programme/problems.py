"""What is wrong with a rule or campaign, in the words of its form.

The check speaks of a file: places, quotes, keys. People at the form see controls, so each problem is said again by its
code, of the control that it belongs to. Problems of other parts of the programme keep the words of the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from loyalty import money
from loyalty.admin import words
from rewards import programme_file
from rewards.drafts import posted as posting
from rewards.drafts import unfinished
from rewards.programme_file import Problem, order

from . import labels, vocabulary
from .naming import Names

Document = Mapping[str, Any]
SECTIONS = ("rules", "campaigns")
_PART = re.compile(r"(rules|campaigns)\[([0-9]+)\]")
_STEP = re.compile(r"([^.\[\]]+)|\[([0-9]+)\]")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?", re.ASCII)
_KINDS = {"factor": "factor", "per": "money", "budget.money": "money"}
_MOST_FACTOR = 999_999_999
_MOST_WHOLE = 10**15


@dataclass(frozen=True)
class Said:
    """One problem, for a page: the part of the programme and the control it belongs to, and the words."""

    error: bool
    section: str  # "" where it is no rule and no campaign
    index: int
    name: str  # of the control, "" for the whole part
    place: str  # as the check names it
    text: str


def found(document: Document) -> list[Said]:
    """Everything the check says, and what is left unfinished; of one control one error at most."""
    names = Names(document)
    listed: list[Said] = []
    errors: set[tuple[str, int, str]] = set()
    checked = programme_file.check_document(document)
    broken = {match.group(1, 2) for one in checked if one.severity == "error" and (match := _PART.match(one.place))}
    for one in [*checked, *unfinished.problems(document)]:
        said = _said(one, document, names)
        key = (said.section, said.index, said.name)
        if said.section and said.name and key in errors:
            continue
        if said.error:
            errors.add(key)
        if one.code == "base_apart" and (said.section, str(said.index)) in broken:
            continue  # it says what the error says
        listed.append(said)
    return listed


def _said(one: Problem, document: Document, names: Names) -> Said:
    match = _PART.match(one.place)
    if match is None:
        return Said(one.severity == "error", "", 0, "", one.place, f"{one.detail} {one.mend}".strip())
    inside = one.place[match.end() :]
    name = labels.spot(inside) if inside else ""
    return Said(
        one.severity == "error", match[1], int(match[2]), name, one.place, _words(_Spot(one, document, name, names))
    )


@dataclass(frozen=True)
class _Spot:
    """A problem and all that is needed to say it."""

    problem: Problem
    document: Document
    name: str
    names: Names

    @property
    def value(self) -> Any:
        """What stands there."""
        at: Any = self.document
        for key, number in _STEP.findall(self.problem.place):
            try:
                at = at[int(number)] if number else at[key]
            except (KeyError, IndexError, TypeError):
                return None
        return at

    @property
    def shown(self) -> str:
        """The same, short."""
        text = "" if self.value is None else str(self.value)
        return text if len(text) <= 60 else f"{text[:59]}…"

    @property
    def kind(self) -> str:
        """What belongs into the control: whole, factor, money, number, start, end, time, or another word."""
        own = labels.plain(self.name)
        if own in _KINDS:
            return _KINDS[own]
        if own.startswith("window.hours."):
            return "time"
        if own.split(".")[0] in ("audience", "when"):
            return self._asked
        return posting.RULE.get(own) or posting.CAMPAIGN.get(own) or "text"

    @property
    def _asked(self) -> str:
        """The widget of the field that a condition asks about."""
        at: Any = self.document
        asked = ""
        for key, number in _STEP.findall(self.problem.place):
            if isinstance(at, Mapping) and "field" in at:
                asked = str(at["field"])
            try:
                at = at[int(number)] if number else at[key]
            except (KeyError, IndexError, TypeError):
                break
        return vocabulary.field(asked).widget if asked else "text"


def _words(spot: _Spot) -> str:
    """The problem in words. Nobody has to know what a code, a key or a quote of the file is."""
    code = spot.problem.code
    if code in _OF_VALUES and (said := _OF_KINDS.get(spot.kind, _nothing_said)(spot)):
        return said
    if code in _OF_CODES:
        return _OF_CODES[code](spot)
    if code.startswith("unknown_"):
        return _("“%(value)s” is not there any more. Choose another, or take it out.") % {"value": spot.shown}
    return _("This cannot stand here as it is. Choose or type something else.")


def _nothing_said(spot: _Spot) -> str:
    return ""


def _whole(spot: _Spot) -> str:
    text = str("" if spot.value is None else spot.value)
    if not text:
        return _("Give a number.")
    if not _NUMBER.fullmatch(text):
        return _("“%(value)s” is not a number.") % {"value": spot.shown}
    if "." in text:
        return _("“%(value)s” is not a whole number: leave out the decimals.") % {"value": spot.shown}
    least, most = _bounds(spot)
    if int(text) > most:
        return _("This is too large: %(most)s at most.") % {"most": words.number(most)}
    if int(text) < least:
        return _("This is too small: %(least)s at least.") % {"least": words.number(least)}
    return ""


def _bounds(spot: _Spot) -> tuple[int, int]:
    """What the grammar allows there."""
    at: Any = spot.document
    schema: Mapping[str, Any] = programme_file.SCHEMA
    for key, number in _STEP.findall(spot.problem.place):
        schema = order.chosen(at, schema)
        schema = schema.get("items", {}) if number else schema.get("properties", {}).get(key, {})
        try:
            at = at[int(number)] if number else at[key]
        except (KeyError, IndexError, TypeError):
            at = None
    schema = order.chosen(at, schema)
    return schema.get("minimum", 0), schema.get("maximum", _MOST_WHOLE)


def _factor(spot: _Spot) -> str:
    return _decimal(spot, _MOST_FACTOR, 6)


def _money(spot: _Spot) -> str:
    currency = spot.names.currency
    if not spot.value:
        return _("Give an amount.")
    return _decimal(spot, 10**12 - 1, money.decimals(currency))


def _number(spot: _Spot) -> str:
    return _decimal(spot, _MOST_WHOLE - 1, 6)


def _decimal(spot: _Spot, most: int, decimals: int) -> str:
    text = str("" if spot.value is None else spot.value)
    if not text:
        return _("Give a number.")
    if not _NUMBER.fullmatch(text):
        return _("“%(value)s” is not a number.") % {"value": spot.shown}
    whole, _point, rest = text.partition(".")
    if whole.startswith("-"):
        return _("This is below zero.")
    if int(whole) > most:
        return _("This is too large: %(most)s at most.") % {"most": words.number(most)}
    if len(rest) > decimals:
        if not decimals:
            return _("“%(value)s” has decimals: leave them out.") % {"value": spot.shown}
        return _("“%(value)s” has too many decimals: %(decimals)s at most.") % {
            "value": spot.shown,
            "decimals": decimals,
        }
    if not any(one in "123456789" for one in text):
        return _("This must be more than zero.")
    return ""


def _day(spot: _Spot) -> str:
    if not spot.value:
        return _("Choose a day.")
    return _("“%(value)s” is not a day of the calendar.") % {"value": spot.shown}


def _time(spot: _Spot) -> str:
    if not spot.value:
        return _("Give both times, or neither.")
    return _("“%(value)s” is not a time of day.") % {"value": spot.shown}


def _text(spot: _Spot) -> str:
    return "" if spot.value not in (None, "") else _("Fill this in.")


def _choice(spot: _Spot) -> str:
    return "" if spot.value not in (None, "", []) else _("Choose one.")


_OF_KINDS: Mapping[str, Callable[[_Spot], str]] = {
    "whole": _whole,
    "factor": _factor,
    "money": _money,
    "number": _number,
    "start": _day,
    "end": _day,
    "day": _day,
    "time": _time,
    "text": _text,
    "choice": _choice,
}
# Codes that say that a value is missing or does not fit; what exactly is told by the kind of control.
_OF_VALUES = {
    "required",
    "empty",
    "wrong_form",
    "wrong_type",
    "wrong",
    "not_quoted",
    "not_an_integer",
    "not_a_factor",
    "not_a_quantity",
    "not_money",
    "not_a_time",
    "not_a_text",
    "out_of_range",
    "too_long",
    "too_many_decimals",
    "value_does_not_fit",
}


def _nothing_chosen(spot: _Spot) -> str:
    return _("Nothing is chosen here: as it is, this reaches nobody.")


def _span(spot: _Spot) -> str:
    own = labels.plain(spot.name)
    if own.startswith("window.hours"):
        return _("Both times are the same: that leaves no time.")
    if own.startswith("when"):
        return _("The campaign never runs on these days of the week.")
    if spot.problem.code == "window_empty" and spot.name.startswith("rules."):
        return _("The rule and its campaign have no day in common.")
    return _("The last day is before the first.")


def _either(spot: _Spot) -> str:
    if labels.plain(spot.name) == "times":
        return _("Give visits or articles, not both.")
    return _("Give points or a reward, one of the two.")


def _no_base(spot: _Spot) -> str:
    return _("There are no points here that it could multiply: choose rules that give points for the purchase itself.")


def _as_it_is(spot: _Spot) -> str:
    return spot.problem.detail


_OF_CODES: Mapping[str, Callable[[_Spot], str]] = {
    unfinished.CODE: _nothing_chosen,
    "factor_zero": lambda spot: _("Zero times the points: nobody gets any points of what this multiplies."),
    "budget_empty": lambda spot: _("No limit is given: this may give any number of points."),
    "condition_empty": lambda spot: _("There is no condition in this group."),
    "base_apart": lambda spot: _(
        "None of the rules that it multiplies counts at the same time and for the same lines."
    ),
    "out_of_reach": lambda spot: spot.problem.detail,
    "required": lambda spot: _("Fill this in."),
    "empty": lambda spot: _("Fill this in."),
    "too_few": lambda spot: _("Fill this in."),
    "too_long": _as_it_is,
    "too_many": _as_it_is,
    "not_a_choice": lambda spot: _("“%(value)s” cannot be chosen here.") % {"value": spot.shown},
    "unknown_key": lambda spot: _("There is something here that does not belong to this kind of rule."),
    "doubled_code": lambda spot: _("Another rule or campaign has this code. Choose another one."),
    "duplicate_code": lambda spot: _("Another rule or campaign has this code. Choose another one."),
    "contradictory_window": _span,
    "window_empty": _span,
    "not_hours": lambda spot: _("Give both times, or neither."),
    "not_weekdays": lambda spot: _("Choose at least one day; all seven mean every day."),
    "below_spent": lambda spot: f"{spot.problem.detail} {_('Give more, or switch it off.')}",
    "sku_unseen": lambda spot: (
        _("No sale so far had the article “%(sku)s”. Check its spelling, unless it is new.") % {"sku": spot.shown}
    ),
    "no_point_value": lambda spot: _(
        "A budget in money needs to know what a point is worth, and the programme does not say. "
        "Give the budget in points."
    ),
    "multiplier_alone": lambda spot: _(
        "It does not add up with other rules, so it counts without the points that it multiplies. "
        "Put the rules that exclude each other into a group instead."
    ),
    "either_or": _either,
    "not_for_triggers": lambda spot: _("Only purchases have products: choose “a purchase”, or leave the products out."),
    "unknown_trigger": lambda spot: _("“%(value)s” cannot be chosen here.") % {"value": spot.shown},
    "include_empty": lambda spot: _("Nothing is named here, so every line counts."),
    "no_base": _no_base,
    "not_codes": _no_base,
    "base_disabled": lambda spot: _("Every rule that it multiplies is switched off."),
    "too_deep": lambda spot: _("There are too many groups inside one another."),
    "not_a_list": lambda spot: _("This comparison does not fit. Choose another."),
    "op_does_not_fit": lambda spot: _("This comparison does not fit. Choose another."),
    "unknown_field": lambda spot: _("This cannot be asked here. Choose something else."),
    "field_not_here": lambda spot: _("This cannot be asked here. Choose something else."),
}
