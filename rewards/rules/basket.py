"""What a decision is made from: a basket, and what is known of the member. Nothing here reads a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


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
    granted: Mapping[str, Granted] = field(default_factory=dict)  # by rule
    carried_minor: Mapping[str, int] = field(default_factory=dict)  # by rule: the money below one step

    @property
    def tier(self) -> str | None:
        """The level of the first tier group, None where no level is reached."""
        return next(iter(self.tiers.values()), "") or None
