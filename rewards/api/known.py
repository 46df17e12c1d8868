"""A sale that is known already, in the shape in which it was first answered."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from loyalty import clock, decisions, ledger, money, policies
from loyalty.api import edge
from loyalty.api.idempotency import Answer
from members import tiers
from members.models import Sale

_encode = msgspec.json.Encoder(enc_hook=str).encode


def answer(sale: UUID) -> Answer:
    """The reply to a report of a sale that was reported before; balance and tier are those of now."""
    found = Sale.objects.select_related("member", "decision").get(pk=sale)
    return Answer(200, edge.JSON, _encode(shown(found)), found.member_id)


def shown(sale: Sale) -> dict[str, Any]:
    """A sale in the contract's shape. A claim's code is not told again: only its hash is kept."""
    programme, decision = policies.current(), sale.decision
    lots = decision.body.get("lots", []) if decision else []
    now = clock.now()
    pending = sum(lot["points"] for lot in lots if datetime.fromisoformat(lot["available_at"]) > now)
    member = sale.member
    return {
        "id": sale.pk,
        "receipt": sale.receipt,
        "member": member.pk if member else None,
        "points": {"earned": decision.points if decision else 0, "pending": pending},
        "balance": ledger.balance(ledger.current(member.account_id)) if member else None,
        "tier": tiers.shown(programme, tiers.standings_of(member.pk), programme.languages[0]) if member else None,
        "tier_changed": False,
        "discounts": [],
        "payments": [],
        "due": money.text(sale.total_minor, sale.currency),
        "gifts": [],
        "redemptions": [],
        "receipt_text": "",
        "claim": None,
        "decision": decisions.show(decision) if decision else None,
    }
