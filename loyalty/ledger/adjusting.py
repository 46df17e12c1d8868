"""Taking points by hand: a correction with a reason, which is no spending and no return (CONTRACT 3.5)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from loyalty import clock, rows
from loyalty.models import Account, Decision, Entry, Kind, Lot

from .changes import Changes
from .giving_back import give_back
from .posting import House, take


def deduct(
    *,
    account: Account,
    points: int,
    reference: str,
    actor: str,
    below_zero: str,
    pending_of: Mapping[UUID, int] | None = None,
    decision: Decision | None = None,
) -> Entry | None:
    """Take `points` (> 0) from a locked account: an `adjust` entry that leaves `lifetime_earned` alone.

    First goes what still waits in the lots of the entries `pending_of` (entry → at most so many points): a grant in
    error never becomes available. Then available lots in spending order. What is missing is by `below_zero` refused
    (`refuse`: InsufficientPoints, nothing written), left (`clamp`) or a debt (`debt`). Returns the entry, None where
    clamping leaves nothing to take. A reference used before is an IntegrityError.
    """
    rows.flush()
    now = max(clock.now(), account.as_of)
    changes = Changes(account, now)
    waiting = _waiting(account, dict(pending_of or {}), points, now)
    from_pending = sum(part for _, part in waiting)
    rest = points - from_pending
    if below_zero == "clamp":
        rest = min(rest, account.available)
    if from_pending + rest == 0:
        return None
    entry = Entry(
        account_id=account.pk,
        kind=Kind.ADJUST,
        house=House.ADJUSTED,
        points=-(from_pending + rest),
        reference=reference,
        occurred_at=now,
        actor=actor,
        decision_id=decision.pk if decision else None,
    )
    take(changes, entry, rest, account.available, allow_debt=below_zero == "debt")
    changes.enter(entry)
    for lot, part in waiting:
        changes.move(lot, -part, entry)
    account.pending -= from_pending
    changes.write()
    return entry


def reinstate(
    *, account: Account, entry: Entry, reference: str, actor: str, debt_expires_at: datetime | None = None
) -> Entry:
    """Give back in full what `deduct` took: to the same lots, with their own dates.

    What was a debt is forgiven; where it has been paid meanwhile, those points become a new lot until
    `debt_expires_at` (None: for ever). A reference used before is an IntegrityError.
    """
    return give_back(
        account=account,
        entry=entry,
        points=-entry.points,
        reference=reference,
        actor=actor,
        kind=Kind.REINSTATE,
        paid_debt_expires_at=(debt_expires_at,),
    )


def _waiting(account: Account, most: dict[UUID, int], points: int, now: datetime) -> list[tuple[Lot, int]]:
    """Which pending lots of these entries give how much, the latest first."""
    if not most or not account.pending:
        return []
    chosen = []
    lots = Lot.objects.filter(account=account, entry__in=list(most), remaining__gt=0, available_at__gt=now)
    for lot in lots.order_by("-available_at", "sequence", "part"):
        part = min(lot.remaining, most[lot.entry_id], points)
        if part > 0:
            chosen.append((lot, part))
            most[lot.entry_id] -= part
            points -= part
    return chosen
