"""Undoing: points go back to the lots they came from, with their own dates."""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import datetime, timedelta
from uuid import UUID

from loyalty import clock, rows
from loyalty.models import Account, Entry, Kind, Lot, LotMovement

from . import horizon
from .accounts import expire
from .changes import Changes
from .posting import take


def give_back(
    *,
    account: Account,
    entry: Entry,
    points: int,
    reference: str,
    actor: str,
    occurred_at: datetime | None = None,
    grace_days: int = 7,
    kind: Kind = Kind.GIVE_BACK,
    paid_debt_expires_at: tuple[datetime | None] | None = None,
) -> Entry:
    """Return `points` that `entry` (a spending) took, to the lots it took them from, last taken first.

    A partial give-back so leaves what a smaller spending would have taken. Points whose date has passed become a new
    lot of `grace_days`, once: a second time they expire at once. A debt that has been paid since becomes a new lot
    until the date in `paid_debt_expires_at`, if that is given. Raises ValueError if more would go back than is left.
    """
    now = max(clock.now(), account.as_of)
    changes = Changes(account, now)
    back = changes.enter(
        Entry(
            account_id=account.pk,
            kind=kind,
            house=entry.house,
            points=points,
            reference=reference,
            occurred_at=occurred_at or now,
            actor=actor,
            store_id=entry.store_id,
            reverses=entry if kind == Kind.REVERSE else None,
        )
    )
    missing = points
    forgiven = _forgive(changes, back, entry, missing) if points == -entry.points else 0  # a debt was taken last
    missing -= forgiven
    for taken, left in _left_to_return(entry):
        part = min(left, missing)
        _return(changes, back, taken, part, grace_days)
        missing -= part
        if missing == 0:
            break
    if missing and points != -entry.points:
        missing -= _forgive(changes, back, entry, missing)
    if 0 < missing <= max(entry.debt_change, 0) - forgiven and paid_debt_expires_at is not None:
        _open_lot(changes, back, missing, paid_debt_expires_at[0])
        missing = 0
    if missing:
        raise ValueError(f"{points} points are more than is left of {entry.reference}")
    changes.write()
    return back


def reverse(*, account: Account, entry: Entry, actor: str, allow_debt: bool = False, grace_days: int = 7) -> Entry:
    """Send the points of `entry` back in full, once however often it is asked.

    Returns the opposite entry, the first one if it was reversed before. A spending goes back lot by lot; an earning
    is taken from its own lots first, then from others, and leaves a debt only with `allow_debt`, else raises
    InsufficientPoints. A reversal cannot itself be reversed (ValueError).
    """
    if entry.kind == Kind.REVERSE:
        raise ValueError("a reversal cannot be reversed")
    before = Entry.objects.filter(account=account, reverses=entry).first()
    if before is not None:
        return before
    reference = f"reverse:{entry.pk}"
    if entry.points < 0:
        return give_back(
            account=account,
            entry=entry,
            points=-entry.points,
            reference=reference,
            actor=actor,
            grace_days=grace_days,
            kind=Kind.REVERSE,
        )
    return _take_back(account, entry, reference, actor, allow_debt)


def _forgive(changes: Changes, back: Entry, entry: Entry, most: int) -> int:
    """Lower the debt that `entry` made by up to `most`, as far as it is still owed; how much."""
    forgiven = min(most, max(entry.debt_change, 0), changes.account.debt)
    changes.account.debt -= forgiven
    back.debt_change -= forgiven
    return forgiven


def _left_to_return(entry: Entry) -> list[tuple[LotMovement, int]]:
    """The takings of an entry and what of each was not given back yet, last taken first."""
    rows.flush()
    takings = list(
        LotMovement.objects.filter(account=entry.account_id, entry=entry, points__lt=0).select_related("lot")
    )
    ids = [taking.pk for taking in takings]
    returned: dict[UUID, int] = defaultdict(int)
    back = LotMovement.objects.filter(account=entry.account_id, undoes__in=ids).values_list("undoes_id", "points")
    fresh = Lot.objects.filter(account=entry.account_id, undoes__in=ids).values_list("undoes_id", "granted")
    for key, points in [*back, *fresh]:
        returned[key] += points
    left = [(taking, -taking.points - returned[taking.pk]) for taking in takings]
    return sorted((pair for pair in left if pair[1]), key=lambda pair: _spending_order(pair[0].lot), reverse=True)


def _spending_order(lot: Lot) -> tuple[float, datetime, int, int]:
    expires = lot.expires_at.timestamp() if lot.expires_at else math.inf
    return (expires, lot.available_at, lot.sequence, lot.part)


def _return(changes: Changes, back: Entry, taking: LotMovement, points: int, grace_days: int) -> None:
    """Put points of one taking back into its lot, or into a new one where its date has passed (CONTRACT 2.7)."""
    lot = taking.lot
    last = horizon.of_all_points()
    closed = last is not None and last <= changes.now
    passed = closed or (lot.expires_at is not None and lot.expires_at <= changes.now)
    if passed and not closed and lot.undoes_id is None and grace_days:
        _open_lot(changes, back, points, changes.now + timedelta(days=grace_days), undoes=taking)
        return
    changes.move(lot, points, back, undoes=taking)
    if passed:
        expire(changes, lot, changes.now, f":{back.reference}")
    elif lot.available_at > changes.now:  # taken while it was pending, and it still is
        changes.account.pending += points
        changes.expect(lot.available_at)
        changes.expect(lot.expires_at)
    else:
        changes.pay_debt(lot, back)
        changes.expect(lot.expires_at)


def _open_lot(
    changes: Changes, back: Entry, points: int, expires_at: datetime | None, undoes: LotMovement | None = None
) -> None:
    """Points that cannot go back into a lot of their own become a new one; a debt is paid first."""
    fresh = changes.open(
        Lot(
            account_id=back.account_id,
            entry=back,
            sequence=back.sequence,
            part=len(changes.new_lots),
            granted=points,
            remaining=points,
            available_at=changes.now,
            expires_at=expires_at,
            undoes=undoes,
        )
    )
    changes.pay_debt(fresh, back)


def _take_back(account: Account, entry: Entry, reference: str, actor: str, allow_debt: bool) -> Entry:
    """Take an earning back: from its own lots, then from others, then as a debt."""
    rows.flush()
    now = max(clock.now(), account.as_of)
    changes = Changes(account, now)
    own = list(Lot.objects.filter(account=account, entry=entry, remaining__gt=0).order_by("-available_at", "part"))
    pending = sum(lot.remaining for lot in own if lot.available_at > now)
    from_own = sum(lot.remaining for lot in own)
    opposite = Entry(
        account_id=account.pk,
        kind=Kind.REVERSE,
        house=entry.house,
        points=-entry.points,
        reference=reference,
        occurred_at=now,
        actor=actor,
        store_id=entry.store_id,
        reverses=entry,
    )
    others = account.available - (from_own - pending)
    take(changes, opposite, entry.points - from_own, others, allow_debt=allow_debt, but={lot.pk for lot in own})
    changes.enter(opposite)
    for lot in own:
        changes.move(lot, -lot.remaining, opposite)
    account.pending -= pending
    if entry.kind == Kind.EARN:
        account.lifetime_earned -= entry.points
    changes.write()
    return opposite
