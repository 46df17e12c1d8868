"""What a member has: balance, tiers, and how far stamp cards and streaks have come."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from loyalty import clock, policies, statements
from loyalty.api import edge
from loyalty.errors import MemberErased, NotFound
from members import tiers
from members.api import replies, shapes, views
from rewards import progress


class ProgressShown(msgspec.Struct, forbid_unknown_fields=True):
    """How far the member is with one rule: `count` of `of`; a text where units have decimals."""

    rule: str
    name: str
    count: int | str
    of: int


class WalletShown(replies.Wallet, forbid_unknown_fields=True, kw_only=True):
    """What a member has."""

    progress: list[ProgressShown]


class Wallet(edge.View):
    """What a member has."""

    @edge.get(scope=views.READ, reply=WalletShown, refusals=(NotFound, MemberErased))
    def get(self, call: edge.Call, member_id: UUID) -> dict[str, Any]:
        """Balance, pending points, every expiry, tiers with what is needed, stamp cards and streaks."""
        member, programme = views.member_of_path(member_id), policies.current()
        language = call.language or programme.languages[0]
        shown = shapes.wallet(
            member, statements.wallet(member.account_id), tiers.standings_of(member.pk), programme, language
        )
        cards = progress.of(member, programme, language, clock.now())
        shown["progress"] = [
            {"rule": card.rule.code, "name": card.name, "count": card.count, "of": card.of} for card in cards
        ]
        return shown
