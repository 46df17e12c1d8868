"""What an account has and how it came there: reading the ledger for people."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F, FilteredRelation, Q, QuerySet

from loyalty import clock, ledger
from loyalty.models import Account, Entry


@dataclass(frozen=True)
class Expiring:
    """Available points that stop counting at one instant (None: never)."""

    expires_at: datetime | None
    points: int


@dataclass(frozen=True)
class Pending:
    """Points that begin to count at one instant."""

    available_at: datetime
    points: int


@dataclass(frozen=True)
class Wallet:
    """Everything an account holds, as of one instant. `expiring` adds up to what is available."""

    account: Account
    balance: ledger.Balance
    pending: list[Pending]
    expiring: list[Expiring]
    lifetime_earned: int
    as_of: datetime


def wallet(account_id: UUID) -> Wallet:
    """The wallet as of now; writes what is due first. Raises Account.DoesNotExist."""
    ledger.current(account_id)
    account, lots = _snapshot(account_id)
    while ledger.horizon.is_due(account, clock.now()):
        ledger.current(account_id)  # something became due between the two
        account, lots = _snapshot(account_id)
    now = clock.now()
    pending: Counter[datetime] = Counter()
    expiring: Counter[datetime | None] = Counter()
    last = ledger.horizon.of_all_points()
    for available_at, expires_at, points in lots:
        if available_at > now:
            pending[available_at] += points
        else:
            expiring[ledger.horizon.end(expires_at, last)] += points
    return Wallet(
        account=account,
        balance=ledger.balance(account),
        pending=[Pending(at, points) for at, points in sorted(pending.items())],
        expiring=[
            Expiring(at, points)
            for at, points in sorted(expiring.items(), key=lambda row: (row[0] is None, row[0] or now))
        ],
        lifetime_earned=account.lifetime_earned,
        as_of=now,
    )


def _snapshot(account_id: UUID) -> tuple[Account, list[tuple[datetime, datetime | None, int]]]:
    """The account and (available_at, expires_at, remaining) of its open lots, by one statement.

    Two would show lots of another moment than the balance, while points come and go.
    """
    rows = list(
        Account.objects.filter(pk=account_id)
        .annotate(open=FilteredRelation("lots", condition=Q(lots__remaining__gt=0)))
        .annotate(available_at=F("open__available_at"), expires_at=F("open__expires_at"), points=F("open__remaining"))
    )
    lots = [(row.available_at, row.expires_at, row.points) for row in rows if row.points is not None]
    return rows[0], lots


def entries(
    account_id: UUID, *, oldest_first: bool = False, after: int | None = None, limit: int = 50
) -> QuerySet[Entry]:
    """Entries in the order of their sequence, newest first unless asked; `after` is the last sequence already seen."""
    ledger.current(account_id)
    found = Entry.objects.filter(account=account_id).select_related("store", "decision")
    if after is not None:
        found = found.filter(sequence__gt=after) if oldest_first else found.filter(sequence__lt=after)
    return found.order_by("sequence" if oldest_first else "-sequence")[:limit]
