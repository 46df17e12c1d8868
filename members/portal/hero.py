"""The member's card: number, codes, balance and worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from loyalty import money
from loyalty.policies import Policies
from loyalty.statements import Wallet
from members import identities
from members.models import Identity, Member
from members.portal import codes, formats
from members.portal.standing import Standing


@dataclass(frozen=True)
class Hero:
    """What the card shows. Without a card number there are no codes."""

    name: str
    number: str
    barcode: codes.Drawing | None
    qr: codes.Drawing | None
    points: str
    number_of_points: int
    owes: bool
    worth: str
    tier: Standing | None


def of(*, member: Member, wallet: Wallet, programme: Policies, standings: list[Standing]) -> Hero:
    """The card as of now. With a debt the total is shown, which is then negative (UI.md chapter 5)."""
    card = identities.of(member.pk).get(Identity.Kind.CARD)
    number = card.value if card else ""
    balance = wallet.balance
    shown = balance["total"] if balance["debt"] else balance["available"]
    tier = next((one for one in standings if one.name), None)
    return Hero(
        name=member.profile.name,
        number=formats.card(number) if number else "",
        barcode=codes.barcode(number) if number else None,
        qr=codes.qr(number) if number else None,
        points=formats.points(shown),
        number_of_points=abs(shown),
        owes=bool(balance["debt"]),
        worth=worth(balance["available"], programme),
        tier=tier,
    )


def worth(points: int, programme: Policies) -> str:
    """What the points pay for, by the programme's first way to pay with points; empty where it has none."""
    for reward in programme.document.get("rewards", ()):
        if isinstance(reward, Mapping) and reward.get("kind") == "pay_with_points" and points > 0:
            block = int(reward.get("block", 1))
            value = money.minor(str(reward.get("value", "0")), programme.currency)
            whole = points // block * value
            return formats.amount(whole, programme.currency) if whole else ""
    return ""
