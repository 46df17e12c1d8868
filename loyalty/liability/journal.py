"""The journal: double-entry lines for the bookkeeping of the business, by day, store and row of the book."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from uuid import UUID

from loyalty.models import ClosedMonth

from . import closing, daybook, naming
from .revenue import rounded

LIABILITY = ("2100", "Points liability")
# The account on the other side, by row of the book. Fixed; docs/liability.md says how to map them.
ACCOUNTS: dict[str, tuple[str, str]] = {
    naming.ISSUED: ("4910", "Points issued"),
    naming.TAKEN_BACK: ("4910", "Points issued"),
    naming.REDEEMED: ("4920", "Points redeemed"),
    naming.GIVEN_BACK: ("4920", "Points redeemed"),
    naming.EXPIRED: ("4930", "Points expired"),
    naming.REINSTATED: ("4930", "Points expired"),
    naming.ADJUSTED: ("6910", "Points adjusted"),
    naming.WRITTEN_OFF: ("6920", "Points written off"),
    naming.FORFEITED: ("4940", "Points forfeited"),
    naming.TRANSFERRED: ("2190", "Points in transit"),
    naming.UNNAMED: ("9999", "Points to be named"),
}


@dataclass(frozen=True)
class Line:
    """One line: a debit or a credit of one account, in points and in minor units."""

    number: int  # of the posting; its two lines share it
    posted: date  # the day of the journal
    dated: date  # the day of the entries; earlier where they were recorded after its month was closed
    store: str
    row: str
    account: str
    name: str
    debit_points: int
    credit_points: int
    debit_minor: int
    credit_minor: int
    later: bool


@dataclass(frozen=True)
class _Movement:
    posted: date
    dated: date
    store: UUID | None
    row: str
    points: int
    later: bool = False


def of(month: date, *, point_minor: Fraction, stores: dict[UUID, str]) -> Iterator[Line]:
    """The journal of one month. That of a closed month never changes; an open one brings what was recorded later.

    Amounts are points times `point_minor`, the running total of each row rounded, so that a row's lines add up to its
    rounded sum. Debits equal credits in every posting. All months together make what the book makes.
    """
    closed = ClosedMonth.objects.filter(month=month).first()
    return _lines(_kept(closed) if closed is not None else _open(month), point_minor, stores)


def _kept(closed: ClosedMonth) -> Iterator[_Movement]:
    """As it was when the month was closed, with what had been recorded into earlier months by then."""
    earlier = ClosedMonth.objects.filter(month__lt=closed.month).order_by("-month").first()
    if earlier is not None:
        yield from _late(closed.month, _between(earlier, closed))
    for one in closed.sums.exclude(day=None).order_by("day", "store_id", "house", "kind"):
        if one.day is not None:
            yield _Movement(one.day, one.day, one.store_id, naming.row_of(one.house, one.kind), one.points)


def _between(earlier: ClosedMonth, closed: ClosedMonth) -> list[daybook.Sum]:
    """What the later month found before itself, less what the earlier one had closed with."""
    found: dict[tuple[UUID | None, str, str], int] = {}
    for one in closed.sums.filter(day=None):
        found[one.store_id, one.house, one.kind] = one.points
    for one in earlier.sums.all():
        key = (one.store_id, one.house, one.kind)
        found[key] = found.get(key, 0) - one.points
    return [daybook.Sum(None, *key, points, 0) for key, points in found.items() if points]


def _open(month: date) -> Iterator[_Movement]:
    previous = closing.last()
    if previous is not None and closing.next_month(previous.month) == month:
        yield from _late(month, closing.recorded_later(previous))
    for one in daybook.read(month, closing.next_month(month)):
        if one.start is not None:
            yield _Movement(one.start, one.start, one.store, naming.row_of(one.house, one.kind), one.points)


def _late(month: date, sums: Iterable[daybook.Sum]) -> Iterator[_Movement]:
    """Posted on the first day of the month that reports it; dated by the day before where the day is not kept."""
    for one in sums:
        dated = one.start or closing.before(month)
        yield _Movement(month, dated, one.store, naming.row_of(one.house, one.kind), one.points, later=True)


def _lines(movements: Iterable[_Movement], point_minor: Fraction, stores: dict[UUID, str]) -> Iterator[Line]:
    points: dict[str, int] = {}
    posted_minor: dict[str, int] = {}
    number = 0
    for move in movements:
        if move.points == 0:
            continue
        number += 1
        row = move.row
        points[row] = points.get(row, 0) + move.points
        minor = rounded(points[row] * point_minor) - posted_minor.get(row, 0)
        posted_minor[row] = posted_minor.get(row, 0) + minor
        more = move.points > 0
        for account, credit in ((LIABILITY, more), (ACCOUNTS[row], not more)):
            yield Line(
                number=number,
                posted=move.posted,
                dated=move.dated,
                store=stores.get(move.store, "") if move.store else "",
                row=row,
                account=account[0],
                name=account[1],
                debit_points=0 if credit else abs(move.points),
                credit_points=abs(move.points) if credit else 0,
                debit_minor=0 if credit else abs(minor),
                credit_minor=abs(minor) if credit else 0,
                later=move.later,
            )
