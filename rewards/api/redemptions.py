"""Spending points."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

import msgspec

from loyalty import ledger, policies
from loyalty.api import edge, fields
from loyalty.api.problems import StoreMismatch
from loyalty.errors import (
    HoldExpired,
    InsufficientPoints,
    MemberClosed,
    MemberErased,
    MemberMismatch,
    MemberNotFound,
    NotFound,
    ProgrammeClosed,
    RedemptionCancelled,
    RedemptionSettled,
    RewardNotAvailable,
    SaleNotFound,
    StoreNotFound,
)
from loyalty.models import Store
from members.api.references import MemberRef
from members.models import Sale
from rewards import redemption, refusals
from rewards.models import Redemption
from rewards.redemption import Redeemed

from . import shapes
from .bodies import named

RESOLVED = (StoreMismatch, NotFound, RedemptionSettled, RedemptionCancelled, HoldExpired)


class RedeemBody(msgspec.Struct, forbid_unknown_fields=True):
    """What is spent: `points` alone, without a reward, is a plain spending."""

    member: MemberRef
    points: fields.PositivePoints | None = None
    reward: fields.Code | None = None
    quantity: fields.Count = 1
    mode: Literal["hold", "settle"] = "hold"
    store: fields.Code | None = None


class SettleBody(msgspec.Struct, forbid_unknown_fields=True):
    """The sale the points were spent for, if there is one."""

    sale: UUID | None = None


class Redemptions(edge.View):
    """Points set aside or spent."""

    @edge.post(
        scope="redeem",
        body=RedeemBody,
        status=201,
        gather=True,
        example={"member": {"card": "9801234567890128"}, "points": 20, "store": "main"},
        reply=shapes.Redeemed,
        refusals=(
            StoreNotFound,
            MemberNotFound,
            MemberClosed,
            MemberErased,
            InsufficientPoints,
            RewardNotAvailable,
            ProgrammeClosed,
        ),
    )
    def post(self, call: edge.Call, body: RedeemBody) -> dict[str, Any]:
        """Hold or spend points.

        `hold` sets them aside for some minutes, until they are settled or cancelled; `settle` spends them at once.
        """
        member = named(body.member)
        with refusals.explained(operation="redemption", member=member, store=body.store or ""):
            store = call.writes_store(body.store) if body.store is not None else call.store
            if body.reward is not None:
                raise RewardNotAvailable("This programme has no such reward.")
            if body.quantity != 1:
                raise fields.wrong("quantity", "out_of_range", "Points without a reward are spent once: quantity 1.")
            if body.points is None:
                raise fields.wrong("points", "required", "Say how many points.")
            redeemed = redemption.redeem(
                member=member,
                points=body.points,
                settle=body.mode == "settle",
                store=store,
                actor=call.actor,
            )
        call.about(redeemed.redemption.member_id)
        return shown(redeemed)


class Settlements(edge.View):
    """The end of a hold: the points are spent."""

    @edge.post(
        scope="redeem",
        body=SettleBody,
        gather=True,
        reply=shapes.Redeemed,
        refusals=(*RESOLVED, SaleNotFound, MemberMismatch),
    )
    def post(self, call: edge.Call, body: SettleBody, redemption_id: UUID) -> dict[str, Any]:
        """Settle a hold: spend exactly the points that were set aside."""
        reachable(call, redemption_id)
        if call.store is not None and body.sale is not None:
            _refuse_sale_elsewhere(body.sale, call.store)
        redeemed = redemption.settle(redemption=redemption_id, sale=body.sale, store=call.store, actor=call.actor)
        call.about(redeemed.redemption.member_id)
        return shown(redeemed)


class Cancellations(edge.View):
    """The other end of a hold: the points go back."""

    @edge.post(scope="redeem", gather=True, reply=shapes.Redeemed, refusals=RESOLVED)
    def post(self, call: edge.Call, body: Any, redemption_id: UUID) -> dict[str, Any]:
        """Cancel a hold: the points go back into their lots, with their own dates."""
        reachable(call, redemption_id)
        redeemed = redemption.cancel(redemption=redemption_id)
        call.about(redeemed.redemption.member_id)
        return shown(redeemed)


def reachable(call: edge.Call, *redemptions: UUID) -> None:
    """Raises StoreMismatch where the key is bound to a store and one of these is not that store's.

    One made without a store is within reach of the system that made it. Which of them exist is not asked here.
    """
    if call.store is None or not redemptions:
        return
    for found in Redemption.objects.filter(pk__in=redemptions).only("store_id", "actor"):
        own = found.actor == call.actor if found.store_id is None else found.store_id == call.store.pk
        if not own:
            raise StoreMismatch(f"This key writes only for {call.store.code}.")


def _refuse_sale_elsewhere(sale: UUID, store: Store) -> None:
    """Raises StoreMismatch for a sale of another store than `store`."""
    if Sale.objects.filter(pk=sale).exclude(store=store).exists():
        raise StoreMismatch(f"This key writes only for {store.code}; the sale is another store's.")


def shown(redeemed: Redeemed) -> dict[str, Any]:
    """A redemption in the contract's shape."""
    found, status = redeemed.redemption, redemption.status(redeemed.hold)
    expires_at = redeemed.hold.expires_at.astimezone(policies.current().zone)
    return {
        "id": found.pk,
        "status": status,
        "reward": found.reward or None,
        "points": found.points,
        "value": None,
        "expires_at": expires_at.isoformat() if status == "held" else None,
        "voucher": None,
        "balance": ledger.balance(redeemed.account),
    }
