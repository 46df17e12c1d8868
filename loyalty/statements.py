"""What an account has and how it came there: reading the ledger for people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet, Sum

from loyalty import clock, ledger
from loyalty.models import Account, Entry, Lot


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
    account = ledger.current(account_id)
    now = clock.now()
    open_lots = Lot.objects.filter(account=account, remaining__gt=0)
    pending = open_lots.filter(available_at__gt=now).values("available_at").annotate(points=Sum("remaining"))
    expiring = open_lots.filter(available_at__lte=now).values("expires_at").annotate(points=Sum("remaining"))
    return Wallet(
        account=account,
        balance=ledger.balance(account),
        pending=sorted((Pending(**row) for row in pending), key=lambda row: row.available_at),
        expiring=sorted(
            (Expiring(**row) for row in expiring),
            key=lambda row: (row.expires_at is None, row.expires_at or now),
        ),
        lifetime_earned=account.lifetime_earned,
        as_of=now,
    )


def entries(
    account_id: UUID, *, oldest_first: bool = False, after: int | None = None, limit: int = 50
) -> QuerySet[Entry]:
    """Entries in the order of their sequence, newest first unless asked; `after` is the last sequence already seen."""
    ledger.current(account_id)
    found = Entry.objects.filter(account=account_id).select_related("store", "decision")
    if after is not None:
        found = found.filter(sequence__gt=after) if oldest_first else found.filter(sequence__lt=after)
    return found.order_by("sequence" if oldest_first else "-sequence")[:limit]
