"""Spending points: set aside until the purchase is complete, or at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from loyalty import clock, ledger, outbox, policies, rows
from loyalty.errors import (
    FieldError,
    HoldExpired,
    InvalidBody,
    MemberMismatch,
    NotFound,
    ProgrammeClosed,
    RedemptionCancelled,
    RedemptionSettled,
    RewardNotAvailable,
    SaleNotFound,
)
from loyalty.models import Account, Hold, Store
from members import locks
from members.models import Sale
from rewards.models import Redemption

_CLOSED = {"settled": RedemptionSettled, "cancelled": RedemptionCancelled, "expired": HoldExpired}


@dataclass(frozen=True, slots=True)
class Redeemed:
    """A redemption with its hold, and the account after it."""

    redemption: Redemption
    hold: Hold
    account: Account


def redeem(
    *,
    member: Mapping[str, Any],
    points: int,
    actor: str,
    settle: bool = False,
    store: Store | None = None,
) -> Redeemed:
    """Set `points` (> 0) aside for as long as the programme holds them, or spend them at once with `settle`.

    `member` is how the caller named the member (keywords of `members.locks.lock`). Needs a transaction. Raises
    InsufficientPoints unless the programme clamps, and what the lock raises.
    """
    found = locks.lock(**member)
    programme = policies.current()
    if programme.redeeming.over == "clamp":
        points = min(points, found.account.available) or points
    now = clock.now()
    if programme.closing is not None and now >= programme.closing.redeeming_until:
        raise ProgrammeClosed("No points can be spent any more: this programme has closed.")
    redemption = Redemption(member=found.member, points=points, store=store, actor=actor, created_at=now)
    with rows.together():
        hold = ledger.hold(
            account=found.account,
            points=points,
            reference=_reference(redemption),
            expires_at=now + timedelta(minutes=programme.redeeming.hold_minutes),
        )
        redemption.hold = hold
        rows.write(redemption)
        if settle:
            _settle(redemption, found.account, actor, store)
        else:
            _tell("points.held", redemption, found.account)
    return Redeemed(redemption, hold, found.account)


def settle(*, redemption: UUID, actor: str, store: Store | None = None, sale: UUID | None = None) -> Redeemed:
    """Spend what was held, for `sale` if one is named. Needs a transaction.

    Raises NotFound, RedemptionSettled, RedemptionCancelled, HoldExpired, SaleNotFound, MemberMismatch.
    """
    found, account = _lock(redemption)
    if sale is not None:
        sold = Sale.objects.filter(pk=sale).only("member_id").first()
        if sold is None:
            raise SaleNotFound
        if sold.member_id != found.member_id:
            raise MemberMismatch
        found.sale_id = sale
    with rows.together():
        if sale is not None:
            rows.write(change=[(found, ("sale_id",))])
        _settle(found, account, actor, store or found.store)
    return Redeemed(found, found.hold, account)


def settle_for_sale(
    *, redemptions: Sequence[UUID], found: locks.Locked, sale: Sale, actor: str, store: Store
) -> list[Redemption]:
    """Settle holds with the sale they were made for: all of them, or the sale fails with them.

    `found` is the locked member, whose holds they must be (RewardNotAvailable); further refusals as in `settle`.
    """
    settled = []
    for redemption in find_all(redemptions, found.member.pk):
        redemption.sale_id = sale.pk
        rows.write(change=[(redemption, ("sale_id",))])
        _settle(redemption, found.account, actor, store)
        settled.append(redemption)
    return settled


def find_all(redemptions: Sequence[UUID], member: UUID) -> list[Redemption]:
    """The redemptions of one member with these ids, in the order given. Raises RewardNotAvailable, InvalidBody."""
    if not redemptions:
        return []
    for place, redemption in enumerate(redemptions):
        if redemption in redemptions[:place]:
            detail = "This redemption is there twice."
            raise InvalidBody(detail, errors=(FieldError(f"redemptions[{place}]", "out_of_range", detail),))
    known = Redemption.objects.select_related("hold").filter(member=member).in_bulk(list(redemptions))
    if len(known) != len(redemptions):
        raise RewardNotAvailable("Not all of these redemptions are this member's.")
    return [known[redemption] for redemption in redemptions]


def open_all(redemptions: Sequence[UUID], member: UUID) -> list[Redemption]:
    """The same, where each is still held: what a sale could settle. Raises what became of one that is not, too."""
    found = find_all(redemptions, member)
    for one in found:
        if refusal := _CLOSED.get(status(one.hold)):
            raise refusal
    return found


def nobodys(redemptions: Sequence[UUID]) -> None:
    """A sale without a member settles nothing. Raises RewardNotAvailable."""
    if redemptions:
        raise RewardNotAvailable("A sale without a member redeems nothing.")


def cancel(*, redemption: UUID) -> Redeemed:
    """Put what was held back into its lots. Needs a transaction.

    Raises NotFound, RedemptionSettled, RedemptionCancelled, HoldExpired.
    """
    found, account = _lock(redemption)
    with rows.together():
        ledger.release(hold=found.hold, account=account)
        _tell("hold.released", found, account)
    return Redeemed(found, found.hold, account)


def get(redemption: UUID) -> Redemption:
    """A redemption with its hold and store as they stand, unlocked. Raises NotFound."""
    found = Redemption.objects.select_related("hold", "store").filter(pk=redemption).first()
    if found is None:
        raise NotFound("There is no such redemption.")
    return found


def status(hold: Hold) -> str:
    """held, settled, cancelled or expired: a hold past its time has expired whether or not a job has run."""
    if hold.status == Hold.Status.HELD and hold.expires_at <= clock.now():
        return str(Hold.Status.EXPIRED)
    return str(hold.status)


def _lock(redemption: UUID) -> tuple[Redemption, Account]:
    """The redemption under the lock of its member, whatever became of the membership since."""
    found = get(redemption)
    return found, locks.lock(id=found.member_id, closed=True).account


def _settle(redemption: Redemption, account: Account, actor: str, store: Store | None) -> None:
    reference = _reference(redemption)
    ledger.settle(hold=redemption.hold, account=account, reference=reference, actor=actor, store=store)
    ledger.renew(account=account, by="redemption", at=clock.now(), reference=reference)
    _tell("points.redeemed", redemption, account)


def _reference(redemption: Redemption) -> str:
    return f"redemption:{redemption.pk}"


def _tell(name: str, redemption: Redemption, account: Account) -> None:
    outbox.record(
        name,
        account=account.pk,
        payload={
            "member": str(redemption.member_id),
            "redemption": str(redemption.pk),
            "points": redemption.points,
        },
        occurred_at=clock.now(),
    )
