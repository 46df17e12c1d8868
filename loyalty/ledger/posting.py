"""Posting: one entry, its lots, the running balance."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from loyalty import clock
from loyalty.errors import InsufficientPoints
from loyalty.models import Account, Decision, Entry, Kind, Lot, Store

from . import horizon
from .accounts import expire
from .changes import Changes
from .lots import choose


class House(StrEnum):
    """The other side of every entry: summed, never locked."""

    ISSUED = "issued"
    REDEEMED = "redeemed"
    EXPIRED = "expired"
    ADJUSTED = "adjusted"
    WRITTEN_OFF = "written_off"
    IN_TRANSIT = "in_transit"


@dataclass(frozen=True)
class Grant:
    """One lot to be: so many points, counting from `available_at` and no longer at `expires_at`.

    `idle` is `Idle.text` where that end is one of inactivity, which later activities move.
    """

    points: int
    available_at: datetime
    expires_at: datetime | None = None
    idle: str = ""


def post(
    *,
    account: Account,
    kind: Kind,
    house: str,
    points: int,
    reference: str,
    actor: str,
    occurred_at: datetime | None = None,
    store: Store | None = None,
    decision: Decision | None = None,
    grants: Sequence[Grant] = (),
    allow_debt: bool = False,
) -> Entry:
    """Move `points` (signed, not 0) between a locked account and a house account.

    Positive points open one lot for each of `grants` (default: available now, never expiring) and pay a debt first;
    negative points take lots in spending order. With `allow_debt` what is missing becomes a debt, else
    InsufficientPoints is raised and nothing is written. A reference used before is an IntegrityError.
    """
    now = max(clock.now(), account.as_of)
    changes = Changes(account, now)
    entry = Entry(
        account_id=account.pk,
        kind=kind,
        house=house,
        points=points,
        reference=reference,
        occurred_at=occurred_at or now,
        actor=actor,
        store_id=store.pk if store else None,
        decision_id=decision.pk if decision else None,
    )
    if points > 0:
        grant(changes, entry, grants or (Grant(points, now),))
    else:
        take(changes, entry, -points, account.available, allow_debt=allow_debt)
        changes.enter(entry)
    if kind == Kind.EARN:
        account.lifetime_earned += points
    changes.write()
    return entry


def grant(changes: Changes, entry: Entry, grants: Sequence[Grant]) -> None:
    """Enter positive points: each grant becomes a lot, which pays a debt, and expires here if its date has passed."""
    if sum(one.points for one in grants) != entry.points:
        raise ValueError("the grants do not add up to the entry")
    changes.enter(entry)
    last = horizon.of_all_points()
    for part, one in enumerate(grants):
        lot = changes.open(
            Lot(
                account_id=entry.account_id,
                entry_id=entry.pk,
                sequence=entry.sequence,
                part=part,
                granted=one.points,
                remaining=one.points,
                available_at=one.available_at,
                expires_at=one.expires_at,
                idle=one.idle,
                granted_until=one.expires_at if one.idle else None,
            )
        )
        changes.account.renews = changes.account.renews or bool(one.idle)
        if lot.available_at <= changes.now:
            changes.pay_debt(lot, entry)
        end = horizon.end(lot.expires_at, last)
        if end is not None and end <= changes.now:
            expire(changes, lot, end, pending=lot.available_at > changes.now)


def take(
    changes: Changes, entry: Entry, needed: int, available: int, *, allow_debt: bool, but: Collection[UUID] = ()
) -> None:
    """Let lots in spending order (`but` not those) give `needed` of the points of an entry; a debt gives the rest.

    `available` is what those lots hold. Raises InsufficientPoints, before anything is changed, unless `allow_debt`.
    """
    if needed > available and not allow_debt:
        raise insufficient(-entry.points, changes.account.available)
    for lot, points in choose(changes.account, min(needed, available), changes.now, but=but):
        changes.move(lot, -points, entry)
        needed -= points
    entry.debt_change = needed
    changes.account.debt += needed


def insufficient(needed: int, available: int) -> InsufficientPoints:
    """The refusal, with its numbers."""
    return InsufficientPoints(
        f"This needs {needed:,} points; {available:,} are available.", needed=needed, available=available
    )
