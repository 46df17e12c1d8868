"""What a decision is made from: a basket, and what is known of the member. Nothing here reads a database."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

BUCKETS = 10_000


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a receipt; `amount_minor` after its own discount, tax included."""

    number: int
    amount_minor: int
    tax_minor: int = 0
    quantity_milli: int = 1000
    sku: str = ""
    category: str = ""
    labels: tuple[str, ...] = ()
    kind: str = "item"  # item, shipping, fee, gift_card_load
    sold: bool = True  # False: voided, neither counted nor earning
    name: str = ""
    discount_minor: int = 0  # subtracted already; told, not counted


@dataclass(frozen=True, slots=True)
class Discount:
    """A discount not yet in the lines; with `lines` it targets these, without it is spread over all."""

    amount_minor: int
    lines: tuple[int, ...] = ()
    code: str = ""


@dataclass(frozen=True, slots=True)
class Tender:
    """How a part of the sale was paid: cash, card, points, gift_card, stored_value, other."""

    kind: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Basket:
    """A sale as the rules see it."""

    lines: tuple[Line, ...]
    occurred_at: datetime
    currency: str
    discounts: tuple[Discount, ...] = ()
    tenders: tuple[Tender, ...] = ()
    store: str = ""
    store_group: str = ""
    channel: str = "store"


@dataclass(frozen=True, slots=True)
class Granted:
    """Points a rule has granted so far, less what returns took back: for its caps."""

    today: int = 0
    member: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a member is with a stamp card, a streak or a challenge. It starts anew when one is complete."""

    count_milli: int = 0  # stamps: thousandths of a unit below one full card
    times: tuple[datetime, ...] = ()  # streak: the visits that still count, the earliest first
    skus: tuple[str, ...] = ()  # challenge: the product bought at each of `times`

    def __bool__(self) -> bool:
        return self.count_milli != 0 or bool(self.times)

    def body(self) -> dict[str, object]:
        """As JSON, for whoever keeps it; `Progress.of` reads it."""
        body: dict[str, object] = {}
        if self.count_milli:
            body["count_milli"] = self.count_milli
        if self.times:
            body["times"] = [instant.isoformat() for instant in self.times]
        if self.skus:
            body["skus"] = list(self.skus)
        return body

    @classmethod
    def of(cls, body: Mapping[str, object]) -> Progress:
        """What `body` made."""
        count, times, skus = body.get("count_milli", 0), body.get("times", ()), body.get("skus", ())
        return cls(
            count_milli=count if isinstance(count, int) else 0,
            times=tuple(datetime.fromisoformat(str(one)) for one in times) if isinstance(times, list) else (),
            skus=tuple(str(one) for one in skus) if isinstance(skus, list) else (),
        )


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Something else than a sale that rules answer. `data` is what the reporter sent with it.

    Triggers: member.enrolled, birthday, profile.complete, feedback.given, event.checkin, referral.friend,
    referral.referrer, activity:KIND.
    """

    trigger: str
    occurred_at: datetime
    store: str = ""
    store_group: str = ""
    channel: str = ""
    data: Mapping[str, object] = field(default_factory=dict)


def bucket(member_id: UUID) -> int:
    """The permanent bucket of a member, 0 to 9999, evenly spread: who is in a control group never changes."""
    return int.from_bytes(hashlib.sha256(member_id.bytes).digest()[:8]) % BUCKETS


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of the member at the sale, before it. Derived facts only, never values of a profile."""

    tiers: Mapping[str, str] = field(default_factory=dict)  # group → level, the first group first
    segments: frozenset[str] = frozenset()
    plans: frozenset[str] = frozenset()
    enrolled_at: datetime | None = None
    birthday_month: bool | None = None
    purchases: int = 0
    spend_minor: int = 0
    visits: int = 0
    last_sale_at: datetime | None = None
    attributes: Mapping[str, object] = field(default_factory=dict)
    granted: Mapping[str, Granted] = field(default_factory=dict)  # by rule code and "campaign:CODE"
    carried_minor: Mapping[str, int] = field(default_factory=dict)  # by rule: the money below one step
    progress: Mapping[str, Progress] = field(default_factory=dict)  # by rule: stamps, streaks, challenges
    bucket: int | None = None  # `bucket(member_id)`; None: in no control group

    @property
    def tier(self) -> str | None:
        """The level of the first tier group, None where no level is reached."""
        return next(iter(self.tiers.values()), "") or None
