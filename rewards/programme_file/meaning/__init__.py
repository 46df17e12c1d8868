"""The meaning of a document of the right form: what contradicts itself, or what is stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rewards import rules
from rewards.programme_file.problems import Problem
from rewards.programme_file.reading import Source

from . import amounts, codes, effects, ladders, references, stored, times, windows
from .findings import Check, Document, Finding

CHECKS: tuple[Check, ...] = (
    amounts.settings_are_real,
    amounts.money_has_the_currency_s_decimals,
    amounts.lengths_are_lengths,
    codes.each_code_once,
    references.references_are_found,
    references.conditions_are_conditions,
    windows.windows_are_possible,
    times.times_come_together,
    effects.budgets_limit_something,
    effects.conditions_say_something,
    effects.streaks_can_be_completed,
    effects.factors_add_something,
    effects.multipliers_meet_their_bases,
    effects.expiry_is_worked_out,
    ladders.ladders_rise,
    ladders.balance_levels_can_be_reached,
)
AGAINST_WHAT_IS_STORED: tuple[Check, ...] = (
    stored.the_currency_stays,
    stored.budgets_cover_what_is_spent,
    stored.skus_were_sold,
)


_ABOUT_WHAT_IS_MISSING = frozenset({"required", "unknown_rule", "no_base", "base_disabled", "either_or"})


def problems(source: Source) -> list[Problem]:
    """Everything that is wrong or doubtful. The engine's own word on a place stands where nobody else has one."""
    found = [finding for check in (*CHECKS, *AGAINST_WHAT_IS_STORED) for finding in check(source.document)]
    found.extend(_of_the_engine(source.document, {finding.place for finding in found}))
    return [_problem(source, finding) for finding in found]


def contradictions(source: Source, wrong: Iterable[str]) -> list[Problem]:
    """What a document says against itself, where the parts at the places `wrong` were of the wrong form."""
    taken = set(wrong)
    found = [finding for check in CHECKS for finding in check(source.document) if finding.place not in taken]
    named = {finding.place for finding in found} | taken
    engine = _of_the_engine(source.document, named)
    found.extend(finding for finding in engine if finding.code not in _ABOUT_WHAT_IS_MISSING)
    return [_problem(source, finding) for finding in found]


def _of_the_engine(document: Document, named: Iterable[str]) -> Iterator[Finding]:
    """What the rules' engine says of places of which nothing is said yet, nor of what stands inside them."""
    taken = {place[:at] for place in named for at in range(len(place) + 1) if place[at : at + 1] in ("", ".", "[")}
    taken -= {place[: place.rfind("]") + 1] for place in taken if place.endswith("]")}
    for one in rules.problems(document):
        if one.place not in taken:
            yield Finding(one.place, one.code, one.detail, one.mend, one.severity)


def _problem(source: Source, finding: Finding) -> Problem:
    spot = source.spot(finding.place)
    return Problem(finding.severity, *spot, finding.place, finding.code, finding.detail, finding.mend)
