"""Trying a sale: what a basket earns under the programme as it is, and under a draft. Pure but for reading."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from loyalty import clock
from loyalty.models import Store
from members.models import Member, Sale, SaleLine
from rewards import rules

from . import audience

RECENT = 200  # sales looked through for samples
SUGGESTED = 3_000  # lines looked through for suggestions


@dataclass(frozen=True)
class Sample:
    """A real sale and what it would earn before and after."""

    sale: Sale
    before: int
    after: int


@dataclass(frozen=True)
class Seen:
    """What was sold lately: what may be chosen for lines."""

    skus: list[str]
    categories: list[str]
    labels: list[str]


def as_if_running(document: Mapping[str, Any], campaign: str = "") -> dict[str, Any]:
    """The document without the dates of one campaign, so that past sales can be tried under it."""
    changed = copy.deepcopy(dict(document))
    for one in changed.get("campaigns", []):
        if one.get("code") == campaign:
            window = {key: value for key, value in one.get("window", {}).items() if key not in ("from", "until")}
            one["window"] = window
            one.pop("enabled", None)
            one["control_percent"] = 0
    return changed


def basket_of(sale: Sale, lines: list[SaleLine] | None = None) -> rules.Basket:
    """A stored sale as the rules saw it."""
    rows = list(sale.lines.all()) if lines is None else lines
    return rules.Basket(
        lines=tuple(
            rules.Line(
                number=row.number,
                amount_minor=row.amount_minor,
                tax_minor=row.tax_minor,
                quantity_milli=int(row.quantity * 1000),
                sku=row.sku,
                category=row.category,
                labels=tuple(row.labels),
                kind=row.kind,
                sold=row.status == "sold",
                name=row.name,
            )
            for row in rows
        ),
        occurred_at=sale.occurred_at,
        currency=sale.currency,
        discounts=tuple(
            rules.Discount(**{**one, "lines": tuple(one.get("lines", ()))}) for one in _rows(sale, "discounts")
        ),
        tenders=tuple(rules.Tender(**one) for one in _rows(sale, "tenders")),
        store=sale.store.code,
        store_group=sale.store.group,
        channel=sale.channel,
    )


def _rows(sale: Sale, key: str) -> list[dict[str, Any]]:
    return list(sale.details.get(key, []))


def facts_for(member: Member | None, ruleset: rules.Ruleset, at: datetime) -> rules.Facts | None:
    """What the rules know of one member now."""
    if member is None:
        return None
    return next((facts for _, facts in audience.facts_of(Member.objects.filter(pk=member.pk), ruleset, at)), None)


def recent() -> Iterator[Sale]:
    """The newest sales of members, with lines and stores."""
    rows = Sale.objects.filter(member__isnull=False, status=Sale.Status.SOLD).select_related("store")
    yield from rows.prefetch_related("lines").order_by("-occurred_at")[:RECENT]


def samples(*, before: rules.Ruleset, after: rules.Ruleset, most: int = 3) -> list[Sample]:
    """Recent sales for which the draft makes a difference, newest first; else some for which it makes none."""
    found: list[Sample] = []
    same: list[Sample] = []
    sales = list(recent())
    at = clock.now()
    members = Member.objects.filter(pk__in={sale.member_id for sale in sales})
    facts = dict(audience.facts_of(members, after, at))
    for sale in sales:
        basket, who = basket_of(sale), facts.get(sale.member_id)  # type: ignore[arg-type]
        if basket.currency != after.currency:
            continue
        sample = Sample(sale, rules.decide(basket, who, before).points, rules.decide(basket, who, after).points)
        (found if sample.before != sample.after else same).append(sample)
        if len(found) == most:
            break
    return (found + same)[:most]


def seen() -> Seen:
    """SKUs, categories and labels of recent lines, in order of the alphabet."""
    rows = SaleLine.objects.order_by("-id").values_list("sku", "category", "labels")[:SUGGESTED]
    skus, categories, labels = set(), set(), set()
    for sku, category, marks in rows:
        skus.add(sku)
        categories.add(category)
        labels.update(marks)
    return Seen(sorted(skus - {""})[:200], sorted(categories - {""})[:100], sorted(labels - {""})[:100])


def open_stores() -> list[Store]:
    """Where the programme runs now."""
    return list(Store.objects.filter(retired_at=None))


def at_time(basket: rules.Basket, at: datetime) -> rules.Basket:
    """The same basket at another instant."""
    return replace(basket, occurred_at=at)
