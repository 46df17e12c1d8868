"""The meaning of a document of the right form: what contradicts itself, or what is stored."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from rewards import rules
from rewards.programme_file.problems import Problem
from rewards.programme_file.reading import Source

from . import amounts, codes, ladders, references, stored, windows
from .findings import Check, Document, Finding

CHECKS: tuple[Check, ...] = (
    amounts.settings_are_real,
    amounts.money_has_the_currency_s_decimals,
    amounts.lengths_are_lengths,
    codes.each_code_once,
    references.references_are_found,
    references.multipliers_have_a_base,
    windows.windows_are_possible,
    ladders.ladders_rise,
    ladders.balance_levels_can_be_reached,
)
AGAINST_WHAT_IS_STORED: tuple[Check, ...] = (
    stored.the_currency_stays,
    stored.budgets_cover_what_is_spent,
    stored.skus_were_sold,
)


def problems(source: Source) -> list[Problem]:
    """Everything that is wrong or doubtful. The engine's own word on a place stands where nobody else has one."""
    found = list(chain.from_iterable(check(source.document) for check in (*CHECKS, *AGAINST_WHAT_IS_STORED)))
    named = {finding.place for finding in found}
    found.extend(finding for finding in _of_the_engine(source.document) if finding.place not in named)
    return [_problem(source, finding) for finding in found]


def contradictions(source: Source) -> list[Problem]:
    """What a document says against itself, where parts of it may be missing because they were of the wrong form."""
    return [_problem(source, finding) for check in CHECKS for finding in check(source.document)]


def _of_the_engine(document: Document) -> Iterator[Finding]:
    for one in rules.problems(document):
        yield Finding(one.place, one.code, one.detail, one.mend, one.severity)


def _problem(source: Source, finding: Finding) -> Problem:
    spot = source.spot(finding.place)
    return Problem(finding.severity, *spot, finding.place, finding.code, finding.detail, finding.mend)
