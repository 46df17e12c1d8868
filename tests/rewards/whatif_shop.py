"""Histories for what-if: sales of several members under a programme, recorded through earning as a till would."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction

from loyalty import policies
from members.enrolment import enrol
from members.models import Member, Sale
from rewards import rules, whatif
from rewards.earning import Receipt, record_sale
from rewards.models import WhatIf

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
FIRST = datetime(2026, 3, 2, 9, tzinfo=UTC)
SKUS = ("BEANS", "LATTE", "CUP", "CAKE")


@dataclass(frozen=True)
class Visit:
    """One sale to come: who (by place), when, where, and its lines (sku, category, amount, quantity)."""

    member: int
    at: datetime
    store: str
    lines: tuple[tuple[str, str, int, int], ...]


def visits(
    seed: int,
    *,
    members: int,
    sales: int,
    stores: Sequence[str] = ("main",),
    begins: datetime = FIRST,
    gap: int = 3_000,
) -> list[Visit]:
    """A history by chance, in order of time, with at most `gap` minutes between two sales."""
    chance = random.Random(seed)
    found, at = [], begins
    for _ in range(sales):
        at += timedelta(minutes=chance.randrange(1, gap))
        lines = []
        for _ in range(chance.randint(1, 3)):
            sku = chance.choice(SKUS)
            amount = chance.choice([0, 99, 100, 999, chance.randrange(1, 9_000)])
            lines.append((sku, "coffee" if sku in ("BEANS", "LATTE") else "other", amount, chance.randint(1, 12)))
        found.append(Visit(chance.randrange(members), at, chance.choice(stores), tuple(lines)))
    return found


def join(count: int, joined: datetime = FIRST - timedelta(days=40)) -> list[Member]:
    """Members who joined before the first sale."""
    return [enrol(name=f"Ada {number}", actor="test", occurred_at=joined) for number in range(count)]


def sell(people: Sequence[Member], history: Iterable[Visit], *, receipts: str = "W") -> None:
    """Record the sales one after the other."""
    for number, visit in enumerate(history):
        lines = tuple(
            rules.Line(number=n, sku=sku, category=category, amount_minor=amount, quantity_milli=1000 * quantity)
            for n, (sku, category, amount, quantity) in enumerate(visit.lines, start=1)
        )
        store = policies.store(visit.store)
        basket = rules.Basket(
            lines=lines, occurred_at=visit.at, currency="USD", store=store.code, store_group=store.group
        )
        receipt = Receipt(store, f"{receipts}-{number}", basket, sum(line.amount_minor for line in lines))
        with transaction.atomic():
            record_sale(receipt=receipt, member={"id": people[visit.member].pk}, actor="key:Till")


def earned(receipts: str = "W") -> dict[str, int]:
    """Points that the stored decisions gave, by member."""
    found: dict[str, int] = {}
    for sale in Sale.objects.filter(receipt__startswith=receipts).select_related("decision"):
        found[str(sale.member_id)] = found.get(str(sale.member_id), 0) + sale.decision.points
    return found


def ask(document: Mapping[str, Any], **more: Any) -> WhatIf:
    """Start a run and do all its work here."""
    run = whatif.start(document=document, name="Draft", actor="test", **{"since": None, "until": None, **more})
    while whatif.work():
        pass
    run.refresh_from_db()
    return run
