"""Histories that never were: who bought what in the shops of the programme templates.

Always the same for the same shop and last day: every choice is a hash of what it is about. Some people come often and
most now and then, as everywhere; each has a shop that they go to and comes on the days that the shop is open.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import accumulate

from loyalty import clock
from rewards import rules
from rewards.demo.log import Purchase, chance
from rewards.demo.shops import ENGLISH, JAPANESE, Product, Shop

OFTEN = (1, 1, 1, 1, 1, 3, 3, 3, 6, 12)  # how often each of ten customers comes, beside the others
TWO_OF_TEN = 2


@dataclass(frozen=True)
class Invented(Purchase):
    """One sale of an invented shop."""

    currency: str
    lines: tuple[rules.Line, ...]

    @property
    def amount_minor(self) -> int:
        """The sum of its lines."""
        return sum(line.amount_minor for line in self.lines)

    def basket(self) -> rules.Basket:
        """As a till reports it."""
        return rules.Basket(
            lines=self.lines,
            occurred_at=self.occurred_at,
            currency=self.currency,
            store=self.store,
            channel=self.channel,
        )


def purchases(shop: Shop, *, until: datetime) -> list[Invented]:
    """All sales of a shop in its days before the day of `until`."""
    last_day = clock.day_of(until, shop.zone)
    weights = [OFTEN[chance(customer, f"{shop.code}:often", 10)] for customer in range(1, shop.customers + 1)]
    found = []
    for number in range(1, shop.sales + 1):
        # the first sales are one of each customer, so that everybody comes at least once
        customer = number if number <= shop.customers else 1 + _weighed(number, f"{shop.code}:who", weights)
        day = last_day - timedelta(days=1 + chance(number, f"{shop.code}:day", shop.days))
        minute = chance(number, f"{shop.code}:minute", shop.open_hours * 60)
        opening = datetime.combine(day, time(shop.opens_at), shop.zone)
        language = JAPANESE if customer % 2 == 0 else ENGLISH
        found.append(
            Invented(
                customer=customer,
                receipt=f"{shop.code[:2].upper()}-{number:06d}",
                occurred_at=opening + timedelta(minutes=minute),
                store=_store(shop, customer, number),
                currency=shop.currency,
                lines=_lines(shop, number, language),
            )
        )
    return found


def _store(shop: Shop, customer: int, number: int) -> str:
    """Where this customer goes most of the time."""
    codes, weights = list(shop.stores), list(shop.stores.values())
    if chance(number, f"{shop.code}:elsewhere", 10) < TWO_OF_TEN:
        return codes[_weighed(number, f"{shop.code}:store", weights)]
    return codes[_weighed(customer, f"{shop.code}:store", weights)]


def _lines(shop: Shop, number: int, language: str) -> tuple[rules.Line, ...]:
    weights = [product.often for product in shop.products]
    count = 1 + chance(number, f"{shop.code}:lines", shop.most_lines)
    chosen: dict[str, tuple[Product, int]] = {}
    for at in range(count):
        product = shop.products[_weighed(number, f"{shop.code}:line:{at}", weights)]
        chosen[product.sku] = (product, chosen.get(product.sku, (product, 0))[1] + 1)
    return tuple(
        rules.Line(
            number=at,
            sku=product.sku,
            name=product.name[language],
            category=product.category,
            labels=product.labels,
            quantity_milli=units * 1000,
            amount_minor=units * product.price_minor,
            tax_minor=units * product.price_minor * shop.tax_percent // (100 + shop.tax_percent),
        )
        for at, (product, units) in enumerate(chosen.values(), start=1)
    )


def _weighed(number: int, about: str, weights: Sequence[int]) -> int:
    """A position, the likelier the heavier it weighs."""
    sums = list(accumulate(weights))
    return bisect_right(sums, chance(number, about, sums[-1]))
