"""Which points are taken first (CONTRACT 3.2)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from uuid import UUID

from django.db.models import F

from loyalty import rows
from loyalty.models import Account, Lot

_PAGE = 200


def spendable(account: Account, now: datetime) -> Iterator[Lot]:
    """Available lots in spending order: earliest expiry, never-expiring last, then older, then entry sequence."""
    lots = (
        Lot.objects.filter(account=account, remaining__gt=0, available_at__lte=now)
        .exclude(expires_at__lte=now)
        .order_by(F("expires_at").asc(nulls_last=True), "available_at", "sequence", "part")
    )
    rows.flush()
    start = 0
    while page := list(lots[start : start + _PAGE]):
        yield from page
        start += len(page)


def choose(account: Account, points: int, now: datetime, *, but: Collection[UUID] = ()) -> list[tuple[Lot, int]]:
    """Which lots (`but` not those) give how much of `points`, in spending order; less in sum where less is there."""
    chosen: list[tuple[Lot, int]] = []
    missing = points
    if missing <= 0:
        return chosen
    for lot in spendable(account, now):
        if lot.pk in but:
            continue
        taken = min(lot.remaining, missing)
        chosen.append((lot, taken))
        missing -= taken
        if missing == 0:
            break
    return chosen
