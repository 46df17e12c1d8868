"""Reporting sales, and asking beforehand what one would earn."""

from __future__ import annotations

from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from loyalty import money, policies
from loyalty.api import edge
from loyalty.errors import (
    DuplicateReceipt,
    HoldExpired,
    InTheFuture,
    LineNotFound,
    LinesDoNotAddUp,
    MemberClosed,
    MemberErased,
    MemberNotFound,
    RedemptionCancelled,
    RedemptionSettled,
    RewardNotAvailable,
    StoreNotFound,
    TendersDoNotAddUp,
    TooOld,
    WrongCurrency,
)
from members import tiers
from rewards import earning, redemption, refusals
from rewards.earning import Sold

from . import bodies, shapes
from .redemptions import reachable

CHECKS = (
    WrongCurrency,
    StoreNotFound,
    InTheFuture,
    TooOld,
    LineNotFound,
    LinesDoNotAddUp,
    TendersDoNotAddUp,
    RewardNotAvailable,
    MemberNotFound,
    MemberClosed,
    MemberErased,
)
REDEEMING = (RedemptionSettled, RedemptionCancelled, HoldExpired)

BASKET = {
    "store": "main",
    "member": {"card": "9801234567890128"},
    "currency": "USD",
    "total": "47.80",
    "lines": [
        {"line": 1, "sku": "BEANS", "quantity": 2, "amount": "24.00"},
        {"line": 2, "sku": "LATTE", "quantity": 1, "amount": "5.80"},
        {"line": 3, "sku": "MUG", "quantity": 1, "amount": "18.00"},
    ],
}


class Sales(edge.View):
    """Receipts of the stores."""

    @edge.post(
        scope="sales",
        body=bodies.SaleBody,
        status=201,
        gather=True,
        example={"receipt": "R-1001", **BASKET, "tenders": [{"kind": "card", "amount": "47.80"}]},
        reply=shapes.Sold,
        refusals=(*CHECKS, *REDEEMING, DuplicateReceipt),
    )
    def post(self, call: edge.Call, body: bodies.SaleBody) -> dict[str, Any]:
        """Report a sale.

        Points, tier and decision come back at once. One receipt of one store earns once: reported again, also
        under a fresh key, it is `duplicate_receipt` with the id of the first `sale`. Without a member the sale
        earns when it is claimed with the code in `claim`.
        """
        member = bodies.named(body.member) if body.member else None
        with refusals.explained(operation="sale", member=member, reference=body.receipt, store=body.store):
            receipt = bodies.receipt(body, call, policies.current())
            reachable(call, *body.redemptions)
            sold = earning.record_sale(receipt=receipt, member=member, redemptions=body.redemptions, actor=call.actor)
        call.about(sold.member.pk if sold.member else None)
        return shown(sold)


class Quotes(edge.View):
    """Baskets that are not sold yet."""

    @edge.post(
        scope="sales",
        body=bodies.QuoteBody,
        key=False,
        transaction=False,
        example=BASKET,
        reply=shapes.Sold,
        refusals=(*CHECKS, *REDEEMING),
    )
    def post(self, call: edge.Call, body: bodies.QuoteBody) -> dict[str, Any]:
        """Ask what a sale would earn.

        The same body and the same answer as a sale, for this instant; nothing is written and nothing promised.
        """
        receipt = bodies.receipt(body, call, policies.current())
        member = bodies.named(body.member) if body.member else None
        reachable(call, *body.redemptions)
        quoted = earning.quote(receipt=receipt, member=member, redemptions=body.redemptions)
        return {**shown(quoted), "rewards": []}


def shown(sold: Sold) -> dict[str, Any]:
    """A sale or quote in the contract's shape."""
    decision, programme = sold.decision, sold.programme
    language = sold.language or programme.languages[0]
    zone = programme.zone
    return {
        "id": sold.sale.pk if sold.sale else None,
        "receipt": sold.receipt.number,
        "member": sold.member.pk if sold.member else None,
        "points": {"earned": decision.points, "pending": sold.pending},
        "balance": sold.balance,
        "tier": tiers.shown(programme, sold.standings, language) if sold.member else None,
        "tier_changed": sold.tier_changed,
        "discounts": [],
        "payments": [],
        "due": money.text(sold.receipt.total_minor, programme.currency),
        "gifts": [],
        "redemptions": [
            {"id": one.pk, "status": redemption.status(one.hold), "points": one.points} for one in sold.redemptions
        ],
        "receipt_text": receipt_text(sold, language),
        "claim": (
            {"code": sold.claim.code, "until": sold.claim.until.astimezone(zone).isoformat()} if sold.claim else None
        ),
        "decision": {
            "id": sold.record.pk if sold.record else None,
            "kind": "sale",
            "programme_version": decision.programme_version,
            "points": decision.points,
            **(sold.record.body if sold.record else decision.body()),
        },
    }


def receipt_text(sold: Sold, language: str) -> str:
    """One line for the paper receipt, in the member's language."""
    with translation.override(language):
        if sold.member is None:
            return _("Claim your points with code %(code)s.") % {"code": sold.claim.code} if sold.claim else ""
        available = sold.balance["available"] if sold.balance else 0
        counts = {"points": f"{sold.decision.points:,}", "available": f"{available:,}"}
        if sold.decision.points == 0:
            return ngettext("You have %(available)s point.", "You have %(available)s points.", available) % counts
        earned = ngettext("+%(points)s point.", "+%(points)s points.", sold.decision.points)
        spaced = "" if language.startswith("ja") else " "
        return spaced.join([earned, _("You now have %(available)s.")]) % counts
