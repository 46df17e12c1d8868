"""Giving expired points back by hand: a new lot with a date of its own, once for each expiry."""

from __future__ import annotations

from datetime import datetime

from loyalty import clock, rows
from loyalty.models import Account, Entry, Kind, Lot, LotMovement

from .changes import Changes


def restore(*, account: Account, entry: Entry, reference: str, actor: str, until: datetime | None) -> Entry:
    """Give the points of an `expire` entry of a locked account back, as a lot that ends at `until` (None: never).

    A debt is paid first, as with all points. It changes neither `lifetime_earned` nor tiers. Raises ValueError for
    another kind of entry and for one whose points were given back before; a reference used before is an
    IntegrityError.
    """
    if entry.kind != Kind.EXPIRE or entry.account_id != account.pk:
        raise ValueError(f"{entry.reference} is no expiry of this account")
    rows.flush()
    taken = LotMovement.objects.get(account=account, entry=entry)
    if Lot.objects.filter(account=account, undoes=taken).exists():
        raise ValueError(f"the points of {entry.reference} were given back before")
    now = max(clock.now(), account.as_of)
    changes = Changes(account, now)
    back = changes.enter(
        Entry(
            account_id=account.pk,
            kind=Kind.REINSTATE,
            house=entry.house,
            points=-entry.points,
            reference=reference,
            occurred_at=now,
            actor=actor,
        )
    )
    lot = changes.open(
        Lot(
            account_id=account.pk,
            entry=back,
            sequence=back.sequence,
            granted=back.points,
            remaining=back.points,
            available_at=now,
            expires_at=until,
            undoes=taken,
        )
    )
    changes.pay_debt(lot, back)
    changes.write()
    return back
