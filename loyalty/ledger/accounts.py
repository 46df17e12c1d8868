"""Locking an account and bringing it to the present: time is a fact, not a job."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from loyalty import clock, policies, rows
from loyalty.models import Account, Entry, Hold, HoldPart, Kind, Lot

from . import horizon
from .changes import Changes


class Balance(TypedDict):
    total: int
    available: int
    pending: int
    held: int
    debt: int
    sequence: int


def balance(account: Account) -> Balance:
    """The contract's `Balance` of an account that was locked or read by `current`."""
    return {
        "total": account.total,
        "available": account.available,
        "pending": account.pending,
        "held": account.held,
        "debt": account.debt,
        "sequence": account.sequence,
    }


def lock(*account_ids: UUID, at: datetime | None = None) -> list[Account]:
    """Lock accounts in id order and write what is due. For accounts without a member; see `members.locks`.

    With `at` what was due until then, which is what a day's end needs. Returns them in the order asked for. Raises
    Account.DoesNotExist.
    """
    locked = {
        account.pk: account
        for account in Account.objects.select_for_update(no_key=True).filter(pk__in=account_ids).order_by("pk")
    }
    if missing := set(account_ids) - set(locked):
        raise Account.DoesNotExist(f"no account {missing}")
    now = at or clock.now()
    with policies.asked_once():
        for account in locked.values():
            refresh(account, now)
    return [locked[account_id] for account_id in account_ids]


def current(account_id: UUID) -> Account:
    """The account as of now. Writes what is due first, so that entries always add up to the total."""
    account = Account.objects.get(pk=account_id)
    if not horizon.is_due(account, clock.now()):
        return account
    with transaction.atomic():
        return lock(account_id)[0]


def refresh(account: Account, now: datetime) -> bool:
    """Write what became due until `now`: holds that timed out, points that became available, points that expired.

    Takes a locked account. Costs nothing until `next_change_at`, or the end of the programme. Returns whether anything
    was due.
    """
    if not horizon.is_due(account, now):
        return False
    rows.flush()
    changes = Changes(account, now)
    holds = _timed_out(account, now)
    lots = {lot.pk: lot for lot in _open_lots(account)}
    last = horizon.of_all_points()
    # At one instant: first holds end, then points become available, then points expire.
    events: list[tuple[datetime, int, Hold | Lot]] = [(hold.expires_at, 0, hold) for hold in holds]
    for lot in lots.values():
        if account.as_of < lot.available_at <= now:
            events.append((lot.available_at, 1, lot))
        end = horizon.end(lot.expires_at, last)
        if end is not None and end <= now:
            events.append((end, 2, lot))
    events.sort(key=lambda event: (event[0], event[1], _age(event[2])))
    for at, order, subject in events:
        if isinstance(subject, Hold):
            put_back(changes, subject, list(subject.parts.all()), lots, at)
            subject.status, subject.resolved_at = Hold.Status.EXPIRED, at
            changes.changed_holds.append(subject)
        elif order == 2:
            expire(changes, subject, at, pending=subject.available_at > at)
        else:
            account.pending -= subject.remaining
            changes.pay_debt(subject, None)
    account.next_change_at = _next_change(account, now, lots)
    written_at = max(now, clock.now())  # `now` may be the end of a day long past
    for entry in changes.entries:
        entry.recorded_at = written_at
    for movement in changes.movements:
        movement.recorded_at = written_at
    changes.write()
    return True


def expire(changes: Changes, lot: Lot, at: datetime, after: str = "", *, pending: bool = False) -> None:
    """Write the expiry of what remains of a lot, dated `at`. `after` tells it from an earlier expiry of the lot.

    `pending`: the lot had not become available yet, which happens only when a programme closes.
    """
    points = lot.remaining
    if points == 0:
        return
    if pending:
        changes.account.pending -= points
    entry = changes.enter(
        Entry(
            account_id=changes.account.pk,
            kind=Kind.EXPIRE,
            house="expired",
            points=-points,
            reference=f"expire:{lot.pk}{after}",
            occurred_at=at,
            actor="system:expiry",
        )
    )
    changes.move(lot, -points, entry)


def put_back(changes: Changes, hold: Hold, parts: list[HoldPart], lots: dict[UUID, Lot], at: datetime) -> None:
    """Return held points to their lots: those past their date expire at once, a debt is paid first."""
    last = horizon.of_all_points()
    for part in parts:
        lot = lots[part.lot_id]
        lot.held -= part.points
        lot.remaining += part.points
        changes.account.held -= part.points
        changes.touch(lot)
        end = horizon.end(lot.expires_at, last)
        if end is not None and end <= at:
            expire(changes, lot, at, f":{hold.reference}")
        else:
            changes.pay_debt(lot, None)
            changes.expect(lot.expires_at)


def _open_lots(account: Account) -> list[Lot]:
    return list(Lot.objects.filter(Q(remaining__gt=0) | Q(held__gt=0), account=account))


def _timed_out(account: Account, now: datetime) -> list[Hold]:
    return list(
        Hold.objects.filter(account=account, status=Hold.Status.HELD, expires_at__lte=now).prefetch_related("parts")
    )


def _age(subject: Hold | Lot) -> tuple[int, int]:
    return (subject.sequence, subject.part) if isinstance(subject, Lot) else (0, 0)


def _next_change(account: Account, now: datetime, lots: dict[UUID, Lot]) -> datetime | None:
    instants = [lot.available_at for lot in lots.values() if lot.remaining]
    instants += [lot.expires_at for lot in lots.values() if lot.expires_at is not None and lot.remaining]
    open_holds = Hold.objects.filter(account=account, status=Hold.Status.HELD, expires_at__gt=now)
    instants += open_holds.values_list("expires_at", flat=True) if account.held else []
    return min((instant for instant in instants if instant > now), default=None)
