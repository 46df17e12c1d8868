"""A quote, the sale and the replay of what was stored are one decision: for random programmes and baskets."""

from __future__ import annotations

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

from .conftest import PROGRAMME, TIERS, apply
from .rules.test_properties import baskets, kinds

limits = st.fixed_dictionaries(
    {},
    optional={name: st.integers(0, 400) for name in ("per_sale", "per_day", "per_member", "total")},
)
remembering = st.one_of(
    kinds,
    st.fixed_dictionaries({"kind": st.just("stamps"), "buy": st.integers(1, 5), "points": st.integers(1, 50)}),
    st.fixed_dictionaries(
        {
            "kind": st.just("streak"),
            "times": st.integers(1, 3),
            "within_days": st.integers(1, 9),
            "points": st.integers(1, 50),
        }
    ),
)


@st.composite
def programmes(draw) -> dict[str, Any]:
    """Sections of a document: rules and campaigns of all kinds with limits, and every policy that earning reads."""
    found = [
        {**rule, "code": f"r{i}", "caps": draw(limits)}
        for i, rule in enumerate(draw(st.lists(remembering, max_size=5)))
    ]
    inner = [{**rule, "code": f"c{i}"} for i, rule in enumerate(draw(st.lists(remembering, min_size=1, max_size=3)))]
    budget = {"points": draw(st.integers(1, 600)), "at_end": draw(st.sampled_from(["partial", "none"]))}
    choose = {
        "basis": ["items", "order"],
        "tax": ["included", "excluded"],
        "discounts": ["reduce", "targeted", "ignore"],
        "rounding": ["floor", "half_up", "ceil"],
        "remainder": ["drop", "carry"],
        "multipliers": ["multiply", "add", "highest"],
        "tier_for_sale": ["before", "after"],
        "pending": ["none", {"days": 3}],
    }
    earning = {name: draw(st.sampled_from(values)) for name, values in choose.items()}
    return {
        "settings": {**PROGRAMME["settings"], "earning": earning},
        "tiers": TIERS,
        "groups": [{"code": "g", "pick": draw(st.sampled_from(["best", "newest", "priority"]))}],
        "rules": [{"code": "base", "kind": "per_amount", "points": 1, "per": "1", "caps": draw(limits)}, *found],
        "campaigns": [{"code": "c", "budget": budget, "caps": draw(limits), "rules": inner}],
    }


def body_of(basket: rules.Basket) -> dict[str, Any]:
    """The basket as a till sends it."""
    total = sum(line.amount_minor for line in basket.lines if line.sold)
    total -= sum(discount.amount_minor for discount in basket.discounts)
    return {
        "lines": [
            {
                "line": line.number,
                "amount": money.text(line.amount_minor, "USD"),
                "tax": money.text(line.tax_minor, "USD"),
                "quantity": f"{line.quantity_milli // 1000}.{line.quantity_milli % 1000:03}",
                "category": line.category,
                "kind": line.kind,
                "status": "sold" if line.sold else "voided",
            }
            for line in basket.lines
        ],
        "discounts": [{"amount": money.text(discount.amount_minor, "USD")} for discount in basket.discounts],
        "total": money.text(total, "USD"),
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
                category=line.category,
                kind=line.kind,
                sold=line.status == "sold",
            )
            for line in sale.lines.order_by("number")
        ),
        occurred_at=sale.occurred_at,
        currency=sale.currency,
        discounts=tuple(rules.Discount(one["amount_minor"]) for one in sale.details.get("discounts", ())),
        store=sale.store.code,
        channel=sale.channel,
    )


def known_of(member: Member, total_minor: int) -> rules.Facts:
    """What the rules may know just now."""
    member = Member.objects.get(pk=member.pk)
    programme, now = policies.current(), clock.now()
    return facts_for(
        member,
        standings=tiers.standings_of(member.pk),
        birthday=None,
        programme=programme,
        states=states.read(
            member=member, programme=programme, present=programme, day=clock.day_of(now, programme.zone)
        ),
        at=now,
        spending_minor=total_minor,
    )


@settings(
    max_examples=by_size(25, 100, 200),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(document=programmes(), bought=st.lists(baskets(), min_size=1, max_size=3))
def test_a_quote_the_sale_and_its_replay_are_one_decision(till, ada, document, bought):
    with transaction.atomic():
        apply(**document)
        for number, basket in enumerate(bought):
            body = body_of(basket)
            facts = known_of(ada, money.minor(body["total"], "USD"))
            quoted = till.quote(**body)
            sold = till.sell(receipt=f"R-{number}", **body)
            assert (quoted.status_code, sold.status_code) == (200, 201), (quoted.content, sold.content)
            asked, done = quoted.json(), sold.json()
            for part in ("points", "balance", "tier", "tier_changed"):
                assert asked[part] == done[part]
            sale, decision = Sale.objects.get(pk=done["id"]), Decision.objects.get(pk=done["decision"]["id"])
            for answer in (asked, done):
                assert without_times(answer["decision"]) == without_times(
                    {
                        "kind": "sale",
                        "programme_version": decision.programme_version,
                        "points": decision.points,
                        **decision.body,
                    }
                )
            again = rules.decide(stored_basket(sale), facts, ruleset(policies.version(decision.programme_version)))
            assert without_times(again.body()) == without_times(decision.body)
        assert books.check().problems == []
        transaction.set_rollback(True)


def without_times(decision: dict[str, Any]) -> dict[str, Any]:
    """A decision without its id, and without the instants of lots: a quote and a sale are some moments apart."""
    lots = [lot["points"] for lot in decision["lots"]]
    return {**{key: value for key, value in decision.items() if key != "id"}, "lots": lots}
