"""The figures of one month as plain JSON: what a closed month keeps, and what its page shows before and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any
from uuid import UUID

from . import ageing, behaviour, breakage, cohorts, revenue
from .book import Account, Book
from .breakage import Triangle

METHODS = ("cohorts", "behaviour", "own")


@dataclass(frozen=True)
class Inputs:
    """What a person chooses: the share of points expected to be redeemed, how it was found, what a point is worth."""

    rate: Fraction
    point_minor: Fraction  # stand-alone price of one point, in minor units
    method: str = "own"
    note: str = ""

    def kept(self) -> dict[str, str]:
        """As JSON."""
        return {"rate": str(self.rate), "point_minor": str(self.point_minor), "method": self.method, "note": self.note}


@dataclass(frozen=True)
class Measures:
    """What the ledger says of the end of a month besides its book: worked out once, whatever is then assumed."""

    found: list[cohorts.Cohort]
    triangle: Triangle
    aged: ageing.Ageing
    quiet: behaviour.Behaviour


def measure(month: date, at: datetime) -> Measures:
    """As of `at`, the end of `month`. Seconds for a million entries."""
    found = cohorts.of(at)
    return Measures(found, breakage.chain_ladder(found, month), ageing.of(at), behaviour.by_behaviour(at))


def figures(
    book: Book,
    *,
    measures: Measures,
    inputs: Inputs,
    sales: Mapping[date, int],
    stores: Mapping[UUID, str],
    previous: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Everything that is reported of a month: whole numbers, texts and lists of them.

    `previous` is the figures of the month closed before; what they allocated stays as it is.
    """
    triangle, aged = measures.triangle, measures.aged
    said_before = previous["book"]["closing"] if previous is not None else book.whole.opening
    return {
        "book": {**_account(book.whole), "recorded_later": book.whole.opening - said_before},
        "stores": {stores.get(key, "") if key else "": _account(one) for key, one in book.stores.items()},
        "ageing": _aged(aged),
        "cohorts": _triangle(triangle),
        "behaviour": _behaviour(measures.quiet),
        "sensitivity": [
            [row.change, str(row.rate), row.points, row.value_minor]
            for row in revenue.sensitivity(aged.total, future(triangle, inputs.rate), inputs.point_minor)
        ],
        "revenue": _revenue(measures.found, inputs, sales, previous),
    }


def future(triangle: Triangle, rate: Fraction) -> Fraction:
    """The share of the points that are out which a rate over all issued points leaves to be redeemed.

    Of 1,000 issued at 90 %, with 600 redeemed and 100 expired, 300 are out, and 300 (all of them) are to come.
    """
    net = sum(one.cohort.net for one in triangle.cohorts)
    used = sum(one.cohort.used for one in triangle.cohorts)
    if triangle.outstanding <= 0:
        return rate
    return min(max((net * rate - used) / triangle.outstanding, Fraction(0)), Fraction(1))


def _account(one: Account) -> dict[str, Any]:
    rows = {row: points for row, points in one.rows() if points}
    return {"opening": one.opening, "rows": rows, "closing": one.closing, "entries": one.entries}


def _aged(aged: ageing.Ageing) -> dict[str, Any]:
    return {
        "buckets": [[_named(one.month), one.points, one.pending] for one in aged.buckets],
        "overdue": aged.overdue,
        "debt": aged.debt,
        "total": aged.total,
    }


def _triangle(triangle: Triangle) -> dict[str, Any]:
    return {
        "links": [[one.age, one.out, str(one.redeemed), str(one.expired)] for one in triangle.links],
        "months": [
            [
                _named(one.cohort.month),
                one.cohort.issued,
                one.cohort.net,
                one.cohort.used,
                sum(one.cohort.expired.values()),
                one.cohort.outstanding,
                one.later,
                one.unknown,
            ]
            for one in triangle.cohorts
        ],
        "outstanding": triangle.outstanding,
        "later": triangle.later,
        "breakage": triangle.breakage,
        "rate": str(triangle.rate),
    }


def _behaviour(quiet: behaviour.Behaviour) -> dict[str, Any]:
    return {
        "buckets": [
            [one.since, one.until, one.accounts, one.points, one.held, one.back, one.later] for one in quiet.buckets
        ],
        "outstanding": quiet.outstanding,
        "later": quiet.later,
        "breakage": quiet.breakage,
    }


def _revenue(
    found: list[cohorts.Cohort], inputs: Inputs, sales: Mapping[date, int], previous: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Allocation and revenue of every month of issue. An allocation, once closed, is never worked out again."""
    before = {row[0]: row for row in previous["revenue"]["months"]} if previous is not None else {}
    months, earned_before = [], sum(row[6] for row in before.values())
    for cohort in found:
        name = _named(cohort.month)
        price = sales.get(cohort.month, 0)
        if name in before:
            price, allocation = before[name][1], before[name][3]
        else:
            allocation = revenue.allocated(price, price, max(cohort.net, 0), inputs.point_minor, inputs.rate)
        step = revenue.Step(cohort.used, revenue.expected(max(cohort.net, 0), inputs.rate))
        earned = revenue.recognised(allocation, step, outstanding=max(cohort.outstanding, 0))
        months.append([name, price, cohort.net, allocation, cohort.used, step.expected, earned, allocation - earned])
    earned = sum(row[6] for row in months)
    allocated = sum(row[3] for row in months)
    return {
        "months": months,
        "allocated": allocated,
        "earned_before": earned_before,
        "earned": earned,
        "revenue": earned - earned_before,
        "deferred": allocated - earned,
    }


def _named(month: date | None) -> str:
    return f"{month:%Y-%m}" if month else ""


def suggested(triangle: Triangle) -> Fraction:
    """The rate of the cohorts, to a hundredth of a percent."""
    return Fraction(revenue.rounded(triangle.rate * 10_000), 10_000)


def suggested_by_behaviour(triangle: Triangle, quiet: behaviour.Behaviour) -> Fraction:
    """What behaviour makes of the same rate: redeemed so far and expected by it, of all that was issued (net)."""
    net = sum(one.cohort.net for one in triangle.cohorts)
    used = sum(one.cohort.used for one in triangle.cohorts)
    if net <= 0:
        return Fraction(1)
    later = min(quiet.later, max(triangle.outstanding, 0))
    return min(max(Fraction(revenue.rounded(Fraction(10_000 * (used + later), net)), 10_000), Fraction(0)), Fraction(1))
