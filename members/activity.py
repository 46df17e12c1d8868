"""What members did: their receipts.

A receipt is one fact, named by its store and number, whoever reports it and however often. `content_hash`
tells a repeat (same content: the same fact again) from a clash (other content: a number used twice).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Sum

from loyalty import clock, driver, rows
from loyalty.errors import DuplicateReceipt
from loyalty.models import Decision, Store
from members.models import Member, Sale, SaleLine, TierStanding

_canonical = msgspec.json.Encoder(enc_hook=str, order="sorted").encode
COUNTERS = ("spend_minor", "purchases", "first_sale_at", "last_sale_at")


@dataclass(frozen=True)
class FirstReport:
    """The sale that a receipt was reported as before."""

    id: UUID
    member: UUID | None
    status: str
    content_hash: bytes


@dataclass(frozen=True)
class Situation:
    """What a sale needs to know besides the locked member, read by one statement under the lock."""

    reported: FirstReport | None
    language: str  # "" = the programme's
    birthday: date | None
    standings: list[TierStanding]


_SITUATION = """
SELECT s.id, s.member_id, s.status, s.content_hash, p.language, p.birthday,
       t.id, t."group", t.level, t.since, t.until
  FROM (SELECT 1) AS one
  LEFT JOIN members_sale s ON s.store_id = %s AND s.receipt = %s
  LEFT JOIN members_profile p ON p.member_id = %s
  LEFT JOIN members_tierstanding t ON t.member_id = %s
"""


def situation(*, store: Store, receipt: str, member: Member | None) -> Situation:
    """Was this receipt reported before, and how does the member stand? The member is locked."""
    member_id = member.pk if member else None
    found = driver.fetch(_SITUATION, [store.pk, receipt, member_id, member_id])
    sale, (language, birthday) = found[0][:4], found[0][4:6]
    return Situation(
        reported=FirstReport(sale[0], sale[1], sale[2], bytes(sale[3])) if sale[0] else None,
        language=language or "",
        birthday=birthday,
        standings=[
            TierStanding(id=row[6], member_id=member.pk, group=row[7], level=row[8], since=row[9], until=row[10])
            for row in found
            if member is not None and row[6] is not None
        ],
    )


def content_hash(content: Mapping[str, Any] | msgspec.Struct) -> bytes:
    """SHA-256 of what was reported, whatever the order of its keys. Leave out what may differ in a repeat."""
    return hashlib.sha256(_canonical(content)).digest()


def find_by_receipt(*, store: Store, receipt: str) -> Sale | None:
    """The sale that was reported under this number, or None."""
    return Sale.objects.filter(store=store, receipt=receipt).first()


def duplicate(first: FirstReport, receipt: str, content_hash: bytes) -> DuplicateReceipt:
    """The refusal that points to the first report of a receipt, and says whether its content was another."""
    same = first.content_hash == content_hash
    other = "" if same else ", with other content"
    refusal = DuplicateReceipt(f"Receipt “{receipt}” of this store was reported before{other}.", sale=str(first.id))
    refusal.same = same
    return refusal


def record(
    *,
    member: Member | None,
    store: Store,
    receipt: str,
    occurred_at: datetime,
    currency: str,
    total_minor: int,
    lines: Sequence[SaleLine],
    content_hash: bytes,
    actor: str,
    channel: str = "store",
    device: str = "",
    sequence: int | None = None,
    details: Mapping[str, Any] | None = None,
    decision: Decision | None = None,
) -> Sale:
    """Write a sale with its lines (given without their sale) and move the counters of its member.

    The member must be locked (`members.locks`), or None for an anonymous sale. `decision` may be written by
    the same `rows.together()`. Returns the sale. Raises IntegrityError (constraint `sale_once`) where a rival
    reported the same receipt since `situation` was read.
    """
    sale = Sale(
        member_id=member.pk if member else None,
        store_id=store.pk,
        receipt=receipt,
        occurred_at=occurred_at,
        recorded_at=clock.now(),
        currency=currency,
        total_minor=total_minor,
        channel=channel,
        device=device,
        sequence=sequence,
        actor=actor,
        content_hash=content_hash,
        details=dict(details or {}),
        decision_id=decision.pk if decision else None,
    )
    for line in lines:
        line.sale_id = sale.pk
    if member is None:
        rows.write(sale, lines)
        return sale
    count(member, total_minor=total_minor, occurred_at=occurred_at)
    rows.write(sale, lines, change=[(member, COUNTERS)])
    return sale


def count(member: Member, *, total_minor: int, occurred_at: datetime) -> None:
    """Move the counters of a locked member by one sale, in memory: `record` writes them."""
    member.spend_minor += total_minor
    member.purchases += 1
    member.first_sale_at = min(member.first_sale_at or occurred_at, occurred_at)
    member.last_sale_at = max(member.last_sale_at or occurred_at, occurred_at)


def spend_until(member: Member, at: datetime) -> int:
    """What a member had spent up to and with `at`, in minor units: for sales that are reported late."""
    bought = Sale.objects.filter(member_id=member.pk, occurred_at__lte=at).aggregate(sum=Sum("total_minor"))
    return int(bought["sum"] or 0)
