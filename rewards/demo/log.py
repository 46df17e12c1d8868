"""The purchases of the CDNOW sample, in the order in which they happened (SOURCE.md)."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from loyalty import money
from rewards import rules

FILE = Path(__file__).parent / "cdnow_transactions.csv"
CURRENCY = "USD"
OPENS_AT, OPEN_MINUTES = 10, 10 * 60
JOINS_AT, JOIN_MINUTES = 9, 60  # on the morning of the first purchase
STORES = ("main", "harbour", "online")
OF_TEN = "mmmmhhhooo"  # how many of ten customers buy where


@dataclass(frozen=True)
class Purchase:
    """Something that somebody bought."""

    customer: int
    receipt: str
    occurred_at: datetime
    store: str

    @property
    def amount_minor(self) -> int:
        """What it cost."""
        raise NotImplementedError

    @property
    def channel(self) -> str:
        """Where it was bought."""
        return "online" if self.store == "online" else "store"

    def basket(self) -> rules.Basket:
        """What was in it, as a till reports it."""
        raise NotImplementedError


@dataclass(frozen=True)
class Row(Purchase):
    """One row of the sample. The day is real; time of day and store are made of the customer's number."""

    units: int
    cost_minor: int

    @property
    def amount_minor(self) -> int:
        """As the sample says."""
        return self.cost_minor

    def basket(self) -> rules.Basket:
        """So many discs: the sample says no more."""
        line = rules.Line(
            number=1,
            sku="CD",
            name="Compact discs",
            category="music",
            quantity_milli=self.units * 1000,
            amount_minor=self.amount_minor,
        )
        return rules.Basket(
            lines=(line,),
            occurred_at=self.occurred_at,
            currency=CURRENCY,
            store=self.store,
            channel=self.channel,
        )


@dataclass(frozen=True)
class Joining:
    """The first time somebody is seen."""

    customer: int
    occurred_at: datetime
    store: str


Event = Joining | Purchase


def chance(customer: int, about: str, sides: int) -> int:
    """A number from 0 to sides − 1, always the same for this customer and matter."""
    digest = hashlib.sha256(f"{about}:{customer}".encode()).digest()
    return int.from_bytes(digest[:8]) % sides


def store_of(customer: int) -> str:
    """Where this customer always buys."""
    initial = OF_TEN[chance(customer, "store", len(OF_TEN))]
    return next(code for code in STORES if code.startswith(initial))


def purchases(file: Path = FILE) -> list[Row]:
    """Every purchase in the file's order: by customer, then by day."""
    with file.open(newline="") as text:
        rows = list(csv.DictReader(text))
    found = []
    for number, row in enumerate(rows, start=1):
        customer = int(row["customer_id"])
        minute = chance(customer, f"minute:{row['date']}", OPEN_MINUTES - 60) + number % 60
        opening = datetime.combine(date.fromisoformat(row["date"]), time(OPENS_AT), UTC)
        found.append(
            Row(
                customer=customer,
                receipt=f"CD-{number:06d}",
                occurred_at=opening + timedelta(minutes=minute),
                store=store_of(customer),
                units=int(row["units"]),
                cost_minor=money.minor(row["amount"], CURRENCY),
            )
        )
    return found


def events(bought: Sequence[Purchase]) -> list[Event]:
    """Everything that happened, oldest first; each customer joins on the morning of the first purchase."""
    first: dict[int, Purchase] = {}
    for purchase in sorted(bought, key=lambda p: (p.occurred_at, p.receipt)):
        first.setdefault(purchase.customer, purchase)
    joined: list[Event] = [_joining(purchase) for purchase in first.values()]
    return sorted([*joined, *bought], key=lambda e: (e.occurred_at, getattr(e, "receipt", ""), e.customer))


def _joining(first: Purchase) -> Joining:
    minutes = chance(first.customer, "joining", JOIN_MINUTES)
    morning = datetime.combine(first.occurred_at.date(), time(JOINS_AT), UTC)
    joins = morning + timedelta(minutes=minutes)
    if joins >= first.occurred_at:  # a shop that opens early, or far from Greenwich
        joins = first.occurred_at - timedelta(minutes=1 + minutes % 10)
    return Joining(first.customer, joins, first.store)
