"""A quote, the sale and the replay of what was stored are one decision: for random programmes and baskets."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty import books, clock, money, policies
from loyalty.models import Decision
from members import tiers
from members.models import Member, Sale
from rewards import rules
from rewards.earning import states
from rewards.earning.facts import facts_for
from rewards.programme import ruleset
from tests.size import by_size

from .conftest import LONG_AGO, PROGRAMME, TIERS
from .rules.randomly import programmes, sales

STORES = [{"code": code, "name": code, "group": group} for code, group in
          (("umeda", "osaka"), ("namba", "osaka"), ("ginza", "tokyo"))]  # fmt: skip


PAST = timedelta(weeks=4)  # so that nothing lies ahead, and weekdays stay


def document_of(programme: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """A random programme of the engine's tests with stores and tiers, and with the policies that only sales read."""
    settings = {**PROGRAMME["settings"], **programme["settings"]}
    settings["earning"] = {**settings.get("earning", {}), **more}
    return {**programme, "loyalty": 1, "name": "Random", "settings": settings, "stores": STORES, "tiers": TIERS}


def body_of(sale: dict[str, Any]) -> dict[str, Any]:
    """A random sale as a till sends it."""
    lines = [{**line, "kind": "fee" if line["kind"] == "gift_card_load" else line["kind"]} for line in sale["lines"]]
    total = sum(Decimal(tender["amount"]) for tender in sale["tenders"])
    tenders = [tender for tender in sale["tenders"] if Decimal(tender["amount"])]
    return {
        "store": sale["store"] or "umeda",
        "occurred_at": sale["at"].isoformat(),
        "lines": lines,
        "discounts": sale["discounts"],
        "tenders": tenders,
        "total": str(total),
    }


def stored_basket(sale: Sale) -> rules.Basket:
    """The basket again, from what was written."""
    return rules.Basket(
        lines=tuple(
            rules.Line(
                number=line.number,
                amount_minor=line.amount_minor,
                tax_minor=line.tax_minor,
                quantity_milli=int(line.quantity * 1000),
                sku=line.sku,
                category=line.category,
                kind=line.kind,
                sold=line.status == "sold",
            )
            for line in sale.lines.order_by("number")
        ),
        occurred_at=sale.occurred_at,
        currency=sale.currency,
        discounts=tuple(
            rules.Discount(one["amount_minor"], tuple(one["lines"])) for one in sale.details.get("discounts", ())
        ),
        tenders=tuple(rules.Tender(one["kind"], one["amount_minor"]) for one in sale.details.get("tenders", ())),
        store=sale.store.code,
        store_group=sale.store.group,
        channel=sale.channel,
    )


def known_of(member: Member, total_minor: int, at: datetime) -> rules.Facts:
    """What the rules may know at a sale, before it."""
    member, programme = Member.objects.get(pk=member.pk), policies.current()
    return facts_for(
        member,
        standings=tiers.standings_of(member.pk),
        birthday=None,
        programme=programme,
        states=states.read(member=member, programme=programme, present=programme, day=clock.day_of(at, programme.zone)),
        at=at,
        spending_minor=total_minor,
    )


@settings(
    max_examples=by_size(25, 100, 200),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    programme=programmes(),
    more=st.fixed_dictionaries(
        {
            "tier_for_sale": st.sampled_from(["before", "after"]),
            "pending": st.sampled_from(["none", {"days": 3}, "return_window"]),
        }
    ),
    bought=st.lists(sales(), min_size=1, max_size=3),
)
def test_a_quote_the_sale_and_its_replay_are_one_decision(till, ada, programme, more, bought):
    document = document_of(programme, more)
    with transaction.atomic():
        policies.apply(document=document, actor="test", valid_from=LONG_AGO)
        for number, drawn in enumerate(bought):
            sale = {**drawn, "at": drawn["at"] - PAST}
            body = body_of(sale)
            facts = known_of(ada, money.minor(body["total"], policies.current().currency), sale["at"])
            quoted = till.quote(**body)
            sold = till.sell(receipt=f"R-{number}", **body)
            assert (quoted.status_code, sold.status_code) == (200, 201), (quoted.content, sold.content)
            asked, done = quoted.json(), sold.json()
            for part in ("points", "balance", "tier", "tier_changed"):
                assert asked[part] == done[part]
            stored, decision = Sale.objects.get(pk=done["id"]), Decision.objects.get(pk=done["decision"]["id"])
            for answer in (asked, done):
                assert without_times(answer["decision"]) == without_times(
                    {
                        "kind": "sale",
                        "programme_version": decision.programme_version,
                        "points": decision.points,
                        **decision.body,
                    }
                )
            again = rules.decide(stored_basket(stored), facts, ruleset(policies.version(decision.programme_version)))
            assert without_times(again.body()) == without_times(decision.body)
        assert books.check().problems == []
        transaction.set_rollback(True)


def without_times(decision: dict[str, Any]) -> dict[str, Any]:
    """A decision without its id, and without the instants of lots: a quote and a sale are some moments apart."""
    lots = [lot["points"] for lot in decision["lots"]]
    return {**{key: value for key, value in decision.items() if key != "id"}, "lots": lots}
