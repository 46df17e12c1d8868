"""Holding points for a purchase that is not complete: hold → settle or release or time out, once (CONTRACT 3.3)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from loyalty import clock, rows
from loyalty.errors import HoldExpired, RedemptionCancelled, RedemptionSettled
from loyalty.models import Account, Entry, Hold, HoldPart, Kind, Lot, Store

from .accounts import put_back
from .changes import Changes
from .lots import choose
from .posting import House, insufficient

_CLOSED = {
    Hold.Status.SETTLED: RedemptionSettled,
    Hold.Status.CANCELLED: RedemptionCancelled,
    Hold.Status.EXPIRED: HoldExpired,
}


def hold(*, account: Account, points: int, reference: str, expires_at: datetime) -> Hold:
    """Set `points` (> 0) aside from named lots until `expires_at`. Raises InsufficientPoints."""
    now = max(clock.now(), account.as_of)
    if points > account.available:
        raise insufficient(points, account.available)
    changes = Changes(account, now)
    held = Hold(account_id=account.pk, reference=reference, points=points, created_at=now, expires_at=expires_at)
    changes.new_holds.append(held)
    for lot, part in choose(account, points, now):
        lot.remaining -= part
        lot.held += part
        changes.touch(lot)
        changes.new_holds.append(HoldPart(account_id=account.pk, hold=held, lot=lot, points=part))
    account.held += points
    changes.expect(expires_at)
    changes.write()
    return held


def settle(*, hold: Hold, account: Account, reference: str, actor: str, store: Store | None = None) -> Entry:
    """Spend exactly the points that were held. Raises what became of the hold if it is no longer open."""
    now = max(clock.now(), account.as_of)
    held = _open(hold, account)
    changes = Changes(account, now)
    entry = changes.enter(
        Entry(
            account_id=account.pk,
            kind=Kind.REDEEM,
            house=House.REDEEMED,
            points=-held.points,
            reference=reference,
            occurred_at=now,
            actor=actor,
            store=store,
        )
    )
    lots = _lots(held)
    for part in held.parts.all():
        lot = lots[part.lot_id]
        lot.held -= part.points
        account.held -= part.points
        changes.note(lot, -part.points, entry)
    _resolve(changes, held, hold, Hold.Status.SETTLED, entry)
    return entry


def release(*, hold: Hold, account: Account) -> Hold:
    """Put held points back into their lots. Raises what became of the hold if it is no longer open."""
    now = max(clock.now(), account.as_of)
    held = _open(hold, account)
    changes = Changes(account, now)
    put_back(changes, held, list(held.parts.all()), _lots(held), now)
    _resolve(changes, held, hold, Hold.Status.CANCELLED, None)
    return hold


def _open(hold: Hold, account: Account) -> Hold:
    """The hold as it is under the account's lock."""
    rows.flush()
    held = Hold.objects.prefetch_related("parts").get(pk=hold.pk, account=account)
    if held.status != Hold.Status.HELD:
        raise _CLOSED[Hold.Status(held.status)]
    return held


def _lots(held: Hold) -> dict[UUID, Lot]:
    return {lot.pk: lot for lot in Lot.objects.filter(pk__in=[part.lot_id for part in held.parts.all()])}


def _resolve(changes: Changes, held: Hold, given: Hold, status: Hold.Status, entry: Entry | None) -> None:
    for one in {id(held): held, id(given): given}.values():
        one.status = status
        one.resolved_at = changes.now
        one.entry = entry
    changes.changed_holds.append(held)
    changes.write()
