"""Closing a month: the liability as reported, kept for ever; what is dated into it afterwards is shown beside it."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from loyalty import audit, clock, policies
from loyalty.errors import Refusal
from loyalty.ledger import House
from loyalty.models import Account, ClosedMonth, ClosedSum, Store

from . import daybook, reporting
from .book import Book, added_up
from .naming import UNNAMED
from .reporting import Inputs, Measures

ATTEMPTS = 3
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('loyalty.closing', 0))"


class MonthRefused(Refusal):
    """A month cannot be closed. `code`: not_over, not_next, closed, due, unnamed, in_transit, moving,
    changed."""

    title = "The month cannot be closed"

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True)
class Preview:
    """What closing a month would keep. Nothing is written yet."""

    month: date
    inputs: Inputs
    sums: list[daybook.Sum]
    book: Book
    figures: dict[str, Any]
    hindrances: list[MonthRefused] = field(default_factory=list)


def next_month(day: date) -> date:
    """The first day of the month after that of `day`."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def before(day: date) -> date:
    """The first day of the month before that of `day`."""
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


def end_of(month: date) -> datetime:
    """The first instant after a month, in the programme's zone."""
    return clock.start_of(next_month(month), policies.current().zone)


def last() -> ClosedMonth | None:
    """The newest closed month."""
    return ClosedMonth.objects.order_by("-month").first()


def preview(*, month: date, inputs: Inputs, sales: Mapping[date, int], measures: Measures | None = None) -> Preview:
    """What closing `month` (its first day) would keep, and what hinders it. `sales`: minor units by month."""
    sums, figures = _figures(month, inputs, sales, measures or reporting.measure(month, end_of(month)))
    book = added_up(month, next_month(month), sums)
    return Preview(month, inputs, sums, book, figures, list(_hindrances(month, book)))


def close(
    *,
    month: date,
    inputs: Inputs,
    sales: Mapping[date, int],
    actor: str,
    reason: str = "",
    seen: int | None = None,
) -> ClosedMonth:
    """Close `month` for ever and record it in the audit log. Raises MonthRefused; nothing is written then.

    Months are closed in order, each after it is over, when everything that fell due in it is written. `seen` is the
    closing balance that the person was shown: another one by now is refused.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_LOCK)
        ready = _steady(month, inputs, sales)
        for hindrance in ready.hindrances:
            raise hindrance
        if seen is not None and seen != ready.book.whole.closing:
            raise MonthRefused("changed", f"The month closes with {ready.book.whole.closing} now, not with {seen}.")
        programme = policies.current()
        closed = ClosedMonth(
            month=month,
            zone=str(programme.zone),
            currency=programme.currency,
            actor=actor,
            inputs=inputs.kept(),
            figures=ready.figures,
        )
        kept = [
            ClosedSum(
                closed=closed,
                day=one.start,
                store_id=one.store,
                house=one.house,
                kind=one.kind,
                points=one.points,
                entries=one.entries,
            )
            for one in ready.sums
        ]
        closed.fingerprint = fingerprint(closed, kept)
        closed.save(force_insert=True)
        ClosedSum.objects.bulk_create(kept, batch_size=2000)
        audit.record(
            action="month.closed",
            actor=actor,
            object_type="closedmonth",
            object_id=str(closed.pk),
            reason=reason,
            data={"month": f"{month:%Y-%m}", "closing": ready.book.whole.closing, "fingerprint": closed.fingerprint},
        )
    return closed


def _steady(month: date, inputs: Inputs, sales: Mapping[date, int]) -> Preview:
    """A preview during which nothing was recorded into the month, so that its parts fit each other."""
    for _attempt in range(ATTEMPTS):
        ready = preview(month=month, inputs=inputs, sales=sales)
        if list(daybook.read(month, next_month(month))) == ready.sums:
            return ready
    raise MonthRefused("moving", "Entries are being recorded into this month just now. Try again.")


def _figures(
    month: date, inputs: Inputs, sales: Mapping[date, int], measures: Measures
) -> tuple[list[daybook.Sum], dict[str, Any]]:
    previous = last()
    sums = list(daybook.read(month, next_month(month)))
    return sums, reporting.figures(
        added_up(month, next_month(month), sums),
        measures=measures,
        inputs=inputs,
        sales=sales,
        stores=dict(Store.objects.values_list("pk", "code")),
        previous=previous.figures if previous is not None else None,
    )


def _hindrances(month: date, book: Book) -> Iterable[MonthRefused]:
    end, previous = end_of(month), last()
    if clock.now() < end:
        yield MonthRefused("not_over", f"{month:%Y-%m} is not over.")
    if ClosedMonth.objects.filter(month=month).exists():
        yield MonthRefused("closed", f"{month:%Y-%m} is closed already.")
    elif previous is not None and next_month(previous.month) != month:
        yield MonthRefused("not_next", f"{next_month(previous.month):%Y-%m} is the next to be closed.")
    if due := Account.objects.filter(next_change_at__lt=end).count():
        yield MonthRefused("due", f"{due} accounts have changes of this month that are not written yet.")
    if unnamed := book.whole.moved[UNNAMED]:
        yield MonthRefused("unnamed", f"{unnamed} points have no row in the book.")
    if transit := sum(
        one.points for one in daybook.read(date.min, next_month(month), by="all") if one.house == House.IN_TRANSIT
    ):
        yield MonthRefused("in_transit", f"{transit} points are in transit.")


def fingerprint(closed: ClosedMonth, sums: Iterable[ClosedSum]) -> str:
    """SHA-256, in hex, over everything a closed month says and stands on."""
    lines = sorted(
        [str(one.day or ""), str(one.store_id or ""), one.house, one.kind, one.points, one.entries] for one in sums
    )
    content = {
        "month": f"{closed.month:%Y-%m}",
        "zone": closed.zone,
        "currency": closed.currency,
        "actor": closed.actor,
        "inputs": closed.inputs,
        "figures": closed.figures,
        "sums": lines,
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


_Key = tuple[date | None, UUID | None, str, str]


def recorded_later(closed: ClosedMonth) -> list[daybook.Sum]:
    """What was dated into a closed month, or before it, after it was closed: by day, store, house account and kind.

    Without a day: into the time before it. The months keep what they said; the next one reports this in its opening.
    """
    points: Counter[_Key] = Counter()
    entries: Counter[_Key] = Counter()
    for live in daybook.read(closed.month, next_month(closed.month)):
        key = (live.start, live.store, live.house, live.kind)
        points[key] += live.points
        entries[key] += live.entries
    for kept in closed.sums.all():
        key = (kept.day, kept.store_id, kept.house, kept.kind)
        points[key] -= kept.points
        entries[key] -= kept.entries
    changed = [key for key in points if points[key] or entries[key]]
    changed.sort(key=lambda key: (str(key[0] or ""), str(key[1] or ""), key[2], key[3]))
    return [daybook.Sum(*key, points[key], entries[key]) for key in changed]


def holds(closed: ClosedMonth) -> bool:
    """Whether a closed month is what it was: its fingerprint fits, and its sums make the book that it says."""
    sums = list(closed.sums.all())
    if fingerprint(closed, sums) != closed.fingerprint:
        return False
    opening = sum(one.points for one in sums if one.day is None)
    closing = sum(one.points for one in sums)
    said = closed.figures["book"]
    return bool(said["opening"] == opening and said["closing"] == closing)


def rate_of(closed: ClosedMonth) -> Fraction:
    """The expected redemption that a month was closed with."""
    return Fraction(str(closed.inputs["rate"]))
