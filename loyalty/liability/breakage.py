"""Breakage by months of issue: what of the points that are out will never be redeemed (docs/liability.md).

Prudent: what no history covers is expected to be redeemed (IFRS 15.B46, 56–58: an estimate counts only as far
as it is highly probable that it will not have to be taken back).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from .cohorts import Cohort
from .revenue import rounded


@dataclass(frozen=True)
class Link:
    """Of the points that were out at an age in months, the shares that were redeemed and expired in the next one."""

    age: int
    out: int
    redeemed: Fraction
    expired: Fraction


@dataclass(frozen=True)
class Projection:
    """What will become of one month's points. `later` will be redeemed yet, `unknown` of it only out of prudence."""

    cohort: Cohort
    later: int
    unknown: int

    @property
    def rate(self) -> Fraction:
        """Expected share of the points issued (net) that are ever redeemed."""
        net = self.cohort.net
        share = Fraction(self.cohort.used + self.later, net) if net > 0 else Fraction(1)
        return min(max(share, Fraction(0)), Fraction(1))


@dataclass(frozen=True)
class Triangle:
    """The estimate by cohorts."""

    links: list[Link] = field(default_factory=list)
    cohorts: list[Projection] = field(default_factory=list)

    @property
    def outstanding(self) -> int:
        """Points out, of all months."""
        return sum(one.cohort.outstanding for one in self.cohorts)

    @property
    def later(self) -> int:
        """Points of them that will be redeemed."""
        return sum(one.later for one in self.cohorts)

    @property
    def breakage(self) -> int:
        """Points of them that will not."""
        return self.outstanding - self.later

    @property
    def rate(self) -> Fraction:
        """Expected redemption over all months: redeemed and to be redeemed, of all that was issued (net)."""
        net = sum(one.cohort.net for one in self.cohorts)
        ever = sum(one.cohort.used + one.later for one in self.cohorts)
        return min(max(Fraction(ever, net), Fraction(0)), Fraction(1)) if net > 0 else Fraction(1)


def age_of(cohort: date, last: date) -> int:
    """Months from one to the other."""
    return (last.year - cohort.year) * 12 + last.month - cohort.month


def chain_ladder(cohorts: Sequence[Cohort], last: date) -> Triangle:
    """Project each month's points by the link ratios of the older ones; `last` is the last whole month (its first day).

    A link ratio is taken on what was out: of the points out at age a (over all months old enough), the share redeemed
    and the share expired in that age. So nothing is ever projected beyond what is out, and an age at which nobody
    redeemed anything does no harm. What is out beyond the oldest age seen is expected to be redeemed.
    """
    links: list[Link] = []
    oldest = max((age_of(one.month, last) for one in cohorts), default=-1)
    for age in range(oldest + 1):
        old_enough = [one for one in cohorts if age_of(one.month, last) >= age]
        out = sum(_out(one, age) for one in old_enough)
        redeemed, expired = (sum(counted(one)[age] for one in old_enough) for counted in (_redeemed, _expired))
        links.append(_link(age, out, redeemed, expired))
    return Triangle(links, [_project(one, links, age_of(one.month, last)) for one in cohorts])


def _redeemed(cohort: Cohort) -> dict[int, int]:
    return cohort.redeemed


def _expired(cohort: Cohort) -> dict[int, int]:
    return cohort.expired


def _out(cohort: Cohort, age: int) -> int:
    """Points out when the age began, without those that went as if never issued in it."""
    gone = sum(points for at, points in cohort.gone.items() if at <= age)
    ended = sum(points for which in (cohort.redeemed, cohort.expired) for at, points in which.items() if at < age)
    return cohort.issued - gone - ended


def _link(age: int, out: int, redeemed: int, expired: int) -> Link:
    if out <= 0:
        return Link(age, 0, Fraction(0), Fraction(0))
    share = min(max(Fraction(redeemed, out), Fraction(0)), Fraction(1))
    return Link(age, out, share, min(max(Fraction(expired, out), Fraction(0)), 1 - share))


def _project(cohort: Cohort, links: Sequence[Link], age: int) -> Projection:
    """From the age after the one reached to the end of what was seen, and then the rest as redeemed."""
    out = left = Fraction(max(cohort.outstanding, 0))
    later = Fraction(0)
    for link in links[max(age + 1, 0) :]:
        if link.out == 0:
            break
        later += left * link.redeemed
        left -= left * (link.redeemed + link.expired)
    unknown = rounded(left)
    return Projection(cohort, min(rounded(later + left), int(out)), unknown)
