"""What the calls about members answer, for the documents; `shapes` builds plain dicts of these."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

Kind = Literal[
    "earn",
    "redeem",
    "give_back",
    "return",
    "write_off",
    "expire",
    "reinstate",
    "adjust",
    "transfer_out",
    "transfer_in",
    "forfeit",
    "reverse",
]


class Balance(Struct, forbid_unknown_fields=True):
    """`total = available + pending + held − debt`; only `total` can be negative."""

    total: int
    available: int
    pending: int
    held: int
    debt: int
    sequence: int


class Enrolled(Struct, forbid_unknown_fields=True):
    """A new member, without personal data."""

    id: UUID
    status: Literal["active", "closed"]
    card: str | None
    created_at: datetime


class ConsentShown(Struct, forbid_unknown_fields=True):
    """The choice in force for one purpose and channel."""

    purpose: str
    channel: str
    given: bool


class MemberShown(Struct, forbid_unknown_fields=True):
    """A member with the profile; a masked one has no name, birthday and attributes, and the rest shortened."""

    id: UUID
    status: Literal["active", "closed"]
    card: str | None
    created_at: datetime
    enrolled_at: datetime
    store: str | None
    masked: bool
    display_name: str
    email: str | None
    phone: str | None
    external_id: str | None
    language: str | None
    consents: list[ConsentShown]
    name: str | UnsetType | None = UNSET
    birthday: date | UnsetType | None = UNSET
    attributes: dict[str, Any] | UnsetType = UNSET


class Found(Struct, forbid_unknown_fields=True):
    """A member that a look-up found."""

    id: UUID
    status: Literal["active", "closed"]
    display_name: str
    tier: str | None


class FoundPage(Struct, forbid_unknown_fields=True):
    """None or one."""

    results: list[Found]
    next: None


class PendingShown(Struct, forbid_unknown_fields=True):
    """Points that begin to count."""

    points: int
    available_at: datetime


class ExpiringShown(Struct, forbid_unknown_fields=True):
    """Available points by the last day on which they count; null for those that never expire."""

    on: date | None
    expires_at: datetime | None
    points: int


class Next(Struct, forbid_unknown_fields=True):
    """The level above, and what is missing."""

    code: str
    metric: str
    needed: str


class Keep(Struct, forbid_unknown_fields=True):
    """What is missing so that the level outlasts `until`."""

    metric: str
    needed: str


class Standing(Struct, forbid_unknown_fields=True):
    """Where a member stands in one tier group."""

    group: str
    code: str | None
    name: str | None
    since: date | None
    until: date | None
    floor: dict[str, Any] | None
    next: Next | None
    keep: Keep | None


class Wallet(Struct, forbid_unknown_fields=True):
    """What a member has."""

    member: UUID
    status: Literal["active", "closed"]
    balance: Balance
    pending: list[PendingShown]
    expiring: list[ExpiringShown]
    lifetime_earned: int
    tier: Standing | None
    tiers: list[Standing]
    as_of: datetime


class EntryShown(Struct, forbid_unknown_fields=True):
    """One movement of points and why."""

    id: UUID
    sequence: int
    kind: Kind
    points: int
    balance_after: int
    reference: str
    sale: UUID | None
    reverses: UUID | None
    occurred_at: datetime
    recorded_at: datetime
    actor: str
    store: str | None
    reason: str
    decision: UUID | None


class EntryPage(Struct, forbid_unknown_fields=True):
    """A page of a statement."""

    results: list[EntryShown]
    next: str | None


class DecisionShown(Struct):
    """A decision receipt; its further fields depend on its kind."""

    id: UUID
    kind: str
    programme_version: int
    points: int
