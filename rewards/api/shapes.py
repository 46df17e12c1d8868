"""What the calls of selling answer, for the documents; the calls themselves build plain dicts of this shape."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from members.api.replies import Balance


class TierShown(msgspec.Struct):
    """The level in the programme's first tier group."""

    code: str
    name: str


class EarnedPoints(msgspec.Struct):
    """Points of a sale; `earned` includes what is still `pending`."""

    earned: int
    pending: int


class LinePoints(msgspec.Struct):
    """Points of one line."""

    line: int
    points: int


class BasisLine(msgspec.Struct, omit_defaults=True):
    """What of a line counts; `why` where nothing does."""

    line: int
    amount: str
    why: str | msgspec.UnsetType = msgspec.UNSET


class Basis(msgspec.Struct):
    """What of the sale counts."""

    amount: str
    lines: list[BasisLine]


class RuleGave(msgspec.Struct, omit_defaults=True):
    """What one rule gave, rounded once from `exact`; `carried` is the money below one step that it keeps."""

    rule: str
    version: int
    points: int
    exact: str
    rounding: Literal["floor", "half_up", "ceil"]
    lines: list[LinePoints]
    campaign: str | msgspec.UnsetType = msgspec.UNSET
    factor: str | msgspec.UnsetType = msgspec.UNSET
    carried: str | msgspec.UnsetType = msgspec.UNSET


class LotShown(msgspec.Struct):
    """Points with the instant from which and until which they count."""

    points: int
    available_at: datetime
    expires_at: datetime | None


class Decision(msgspec.Struct):
    """Why: the receipt of a decision."""

    id: UUID | None
    kind: str
    programme_version: int
    points: int
    tier_used: str | None
    facts: dict[str, Any]
    basis: Basis
    rules: list[RuleGave]
    lines: list[LinePoints]
    lots: list[LotShown]
    carried: str
    not_applied: list[dict[str, str]]
    caps: list[dict[str, Any]]


class Claim(msgspec.Struct):
    """The code with which a member may claim an anonymous sale."""

    code: str
    until: datetime


class SettledWith(msgspec.Struct):
    """A redemption that was settled with the sale."""

    id: UUID
    status: str
    points: int


class Sold(msgspec.Struct, omit_defaults=True):
    """What a sale gave. A quote has no id, writes nothing and adds `rewards`."""

    id: UUID | None
    receipt: str
    member: UUID | None
    points: EarnedPoints
    balance: Balance | None
    tier: TierShown | None
    tier_changed: bool
    discounts: list[dict[str, Any]]
    payments: list[dict[str, Any]]
    due: str
    gifts: list[dict[str, Any]]
    redemptions: list[SettledWith]
    receipt_text: str
    claim: Claim | None
    decision: Decision
    rewards: list[dict[str, Any]] | msgspec.UnsetType = msgspec.UNSET


class Redeemed(msgspec.Struct):
    """A redemption as it stands."""

    id: UUID
    status: Literal["held", "settled", "cancelled", "expired"]
    reward: str | None
    points: int
    value: str | None
    expires_at: datetime | None
    voucher: str | None
    balance: Balance
