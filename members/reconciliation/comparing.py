"""Comparing a statement with our sales, and keeping what came out. It changes no sale and no points."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from django.db import connection, transaction

from loyalty import audit, clock, policies
from loyalty.models import Store
from members.models import Difference, ReconciledDay, Reconciliation, Sale

from .reading import Row

BATCH = 1_000


@dataclass(frozen=True)
class Statement:
    """What a till said: its rows, and the bytes that they were, which tell a repeat."""

    rows: Sequence[Row]
    content: bytes
    source: str  # file | api
    name: str = ""


@dataclass(frozen=True)
class Compared:
    """The stored result; `repeated` when the same content was compared before, which it then is again."""

    reconciliation: Reconciliation
    repeated: bool


@dataclass
class _Day:
    store: Store
    day: date
    by_receipt: bool = False
    count: int | None = 0
    minor: int = 0
    rows: list[Row] = field(default_factory=list)


@dataclass(frozen=True)
class _Ours:
    id: UUID
    receipt: str
    minor: int
    day: date
    voided: bool


def reconcile(*, statement: Statement, actor: str) -> Compared:
    """Compare and keep the result, once for the same content. One transaction, recorded in the audit log."""
    digest = hashlib.sha256(statement.source.encode() + b"\n" + statement.content).digest()
    with transaction.atomic():
        with connection.cursor() as cursor:  # the second of two at once waits, and finds the first one's result
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(digest[:8], signed=True)])
        known = Reconciliation.objects.filter(content_hash=digest).first()
        if known is not None:
            return Compared(known, repeated=True)
        made = Reconciliation.objects.create(
            source=statement.source,
            name=statement.name[:200],
            content_hash=digest,
            currency=policies.current().currency,
            actor=actor,
            returns=sum(row.minor < 0 for row in statement.rows if row.receipt),
        )
        days, differences = _compare(made, statement.rows)
        ReconciledDay.objects.bulk_create(days, batch_size=BATCH)
        Difference.objects.bulk_create(differences, batch_size=BATCH)
        audit.record(
            action="store.reconciled",
            actor=actor,
            object_type="reconciliation",
            object_id=str(made.pk),
            data={"days": len(days), "differences": len(differences)},
        )
    return Compared(made, repeated=False)


def _compare(made: Reconciliation, rows: Sequence[Row]) -> tuple[list[ReconciledDay], list[Difference]]:
    days, all_differences = [], []
    said = {(row.store.pk, row.receipt) for row in rows if row.receipt}
    known = _by_receipt(rows)
    for one in _grouped(rows):
        ours = _of_day(one.store, one.day)
        sold = [sale for sale in ours if not sale.voided]
        day = ReconciledDay(
            reconciliation=made,
            store=one.store,
            day=one.day,
            by_receipt=one.by_receipt,
            theirs_count=one.count,
            theirs_minor=one.minor,
            ours_count=len(sold),
            ours_minor=sum(sale.minor for sale in sold),
        )
        differences = list(_differences(day, one, sold, known, said)) if one.by_receipt else []
        totals = (day.theirs_count, day.theirs_minor) == (day.ours_count, day.ours_minor)
        day.agrees = totals and not differences
        days.append(day)
        all_differences += differences
    return days, all_differences


def _grouped(rows: Iterable[Row]) -> list[_Day]:
    days: dict[tuple[str, date], _Day] = {}
    for row in rows:
        one = days.setdefault((row.store.code, row.day), _Day(row.store, row.day))
        if not row.receipt:
            one.count, one.minor = row.count, row.minor
            continue
        one.by_receipt = True
        if row.minor >= 0:
            one.rows.append(row)
            one.count = (one.count or 0) + 1
            one.minor += row.minor
    return [days[key] for key in sorted(days)]


def _differences(
    day: ReconciledDay,
    one: _Day,
    sold: Iterable[_Ours],
    known: dict[tuple[UUID, str], _Ours],
    said: set[tuple[UUID, str]],
) -> Iterable[Difference]:
    what = Difference.What
    for row in one.rows:
        ours = known.get((one.store.pk, row.receipt))
        if ours is None:
            yield Difference(day=day, what=what.MISSING_HERE, receipt=row.receipt, theirs_minor=row.minor)
            continue
        found = (
            what.VOIDED
            if ours.voided
            else what.AMOUNT
            if ours.minor != row.minor
            else what.DAY
            if ours.day != one.day
            else None
        )
        if found:
            yield Difference(
                day=day,
                what=found,
                receipt=row.receipt,
                theirs_minor=row.minor,
                ours_minor=ours.minor,
                sale_id=ours.id,
            )
    for ours in sold:
        if (one.store.pk, ours.receipt) not in said:
            yield Difference(
                day=day, what=what.MISSING_THERE, receipt=ours.receipt, ours_minor=ours.minor, sale_id=ours.id
            )


_FIELDS = ("id", "receipt", "total_minor", "occurred_at", "status")


def _by_receipt(rows: Sequence[Row]) -> dict[tuple[UUID, str], _Ours]:
    """Our sales of the receipts that are named, on whatever day."""
    wanted: dict[UUID, list[str]] = defaultdict(list)
    for row in rows:
        if row.receipt and row.minor >= 0:
            wanted[row.store.pk].append(row.receipt)
    found: dict[tuple[UUID, str], _Ours] = {}
    for store, receipts in wanted.items():
        for start in range(0, len(receipts), BATCH):
            sales = Sale.objects.filter(store=store, receipt__in=receipts[start : start + BATCH])
            found |= {(store, sale.receipt): sale for sale in map(_ours, sales.only(*_FIELDS))}
    return found


def _of_day(store: Store, day: date) -> list[_Ours]:
    zone = policies.current().zone
    sales = Sale.objects.filter(
        store=store, occurred_at__gte=clock.start_of(day, zone), occurred_at__lt=clock.end_of(day, zone)
    )
    return [_ours(sale) for sale in sales.only(*_FIELDS).order_by("receipt")]


def _ours(sale: Sale) -> _Ours:
    day = clock.day_of(sale.occurred_at, policies.current().zone)
    return _Ours(sale.pk, sale.receipt, sale.total_minor, day, sale.status == Sale.Status.VOIDED)
