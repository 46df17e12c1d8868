"""Revenue from points: what of a sale is deferred for them, and when it is earned (IFRS 15.B39–B43, Example 52).

Pure functions on whole numbers and fractions; nothing is a float. Rounding: money to whole minor units, halves up,
and always the cumulative amount, so that parts add up and the last one closes the account exactly.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Step:
    """One reporting date: all that was redeemed until then, and all that is expected to be, ever."""

    redeemed: int
    expected: int


def rounded(exact: Fraction) -> int:
    """To the nearest whole number; a half goes up (away from zero)."""
    sign = -1 if exact < 0 else 1
    return sign * ((2 * abs(exact.numerator) + exact.denominator) // (2 * exact.denominator))


def expected(points: int, rate: Fraction) -> int:
    """Points of `points` that will be redeemed at a rate from 0 to 1; to whole points, halves up."""
    if not 0 <= rate <= 1:
        raise ValueError(f"a rate is from 0 to 1, not {rate}")
    return rounded(points * rate)


def allocated(price_minor: int, goods_minor: int, points: int, point_minor: Fraction, rate: Fraction) -> int:
    """The part of a transaction price that belongs to the points it gave, in minor units (IFRS 15.74, B42).

    Both are weighed by their stand-alone prices: the goods by `goods_minor`, the points by what one is worth
    (`point_minor`) times those expected to be redeemed. Example 52: 100,000 paid for goods of 100,000 and 10,000
    points worth 1 each, 95 % expected, leaves 8,676 for the points. At least 0, at most the price.
    """
    stand_alone = points * point_minor * rate
    whole = goods_minor + stand_alone
    if price_minor <= 0 or stand_alone <= 0 or whole <= 0:
        return 0
    return min(rounded(price_minor * stand_alone / whole), price_minor)


def recognised(allocation: int, step: Step, *, outstanding: int | None = None) -> int:
    """What of an allocation is revenue so far, in minor units: the share of expected redemption that has happened.

    Never less than nothing and never more than the allocation. More redeemed than expected counts as all. With
    nothing `outstanding` any more the rest is earned at once, whatever was expected; None: not known.
    """
    if outstanding == 0:
        return allocation
    if step.redeemed <= 0:
        return 0
    if step.redeemed >= step.expected:
        return allocation if outstanding is None else _but_not_all(allocation, step.redeemed, outstanding)
    return rounded(Fraction(allocation * step.redeemed, step.expected))


def _but_not_all(allocation: int, redeemed: int, outstanding: int) -> int:
    """The estimate was passed while points are still out: what is out is expected from now on."""
    return rounded(Fraction(allocation * redeemed, redeemed + max(outstanding, 0)))


def schedule(allocation: int, steps: Iterable[Step]) -> list[int]:
    """The revenue of each reporting date, in minor units, catch-up included (IFRS 15.B43 to B46, 88).

    A changed estimate changes what should have been earned until now, and the difference falls into the step in
    which the estimate changed; it can be negative. Example: 9,000 for 10,000 points; 4,500 of 9,700 redeemed give
    4,175; 8,500 of 9,900 then 3,552, or 8,500 of 9,200 then 4,140.
    """
    parts, before = [], 0
    for step in steps:
        now = recognised(allocation, step)
        parts.append(now - before)
        before = now
    return parts


@dataclass(frozen=True)
class Sensitivity:
    """What another expectation would make of the liability: `change` in percentage points of expected redemption."""

    change: int
    rate: Fraction
    points: int
    value_minor: int


CHANGES = (-5, -1, 0, 1, 5)


def sensitivity(outstanding: int, rate: Fraction, point_minor: Fraction) -> list[Sensitivity]:
    """Points that will be redeemed and their worth, at the rate expected and 1 and 5 percentage points beside it.

    A rate stays between 0 and 1.
    """
    rows = []
    for change in CHANGES:
        other = min(max(rate + Fraction(change, 100), Fraction(0)), Fraction(1))
        points = expected(max(outstanding, 0), other)
        rows.append(Sensitivity(change, other, points, rounded(points * point_minor)))
    return rows
