"""What holds for every basket and every programme, found by Hypothesis against a plain Fraction oracle."""

from __future__ import annotations

import random
from fractions import Fraction
from math import ceil, floor
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rewards import rules
from rewards.rules import numbers

from .baskets import SUNDAY, base, ruleset

ROUND = {"floor": floor, "ceil": ceil, "half_up": lambda x: floor(x + Fraction(1, 2))}
roundings = st.sampled_from(list(ROUND))
selections = st.fixed_dictionaries({}, optional={"categories": st.lists(st.sampled_from("abc"), max_size=2)})
common = {
    "rounding": roundings,
    "priority": st.integers(0, 3),
    "stackable": st.sampled_from([True, True, True, False]),
    "lines": st.fixed_dictionaries({}, optional={"include": selections, "exclude": selections}),
    "group": st.sampled_from([None, None, "g"]),
    "caps": st.fixed_dictionaries({}, optional={"per_sale": st.integers(0, 500)}),
}
kinds = st.one_of(
    st.fixed_dictionaries(
        {
            "kind": st.just("per_amount"),
            "points": st.integers(1, 9),
            "per": st.sampled_from(["1", "3", "0.07", "50"]),
            "whole_steps": st.booleans(),
            **common,
        }
    ),
    st.fixed_dictionaries({"kind": st.sampled_from(["per_unit", "per_visit"]), "points": st.integers(1, 99), **common}),
    st.fixed_dictionaries(
        {
            "kind": st.just("fixed"),
            "points": st.integers(1, 99),
            "each": st.sampled_from(["sale", "line", "unit"]),
            "before_multipliers": st.booleans(),
            **common,
        }
    ),
    st.fixed_dictionaries(
        {
            "kind": st.just("multiplier"),
            "factor": st.sampled_from(["0", "0.5", "1", "1.1", "1.5", "2", "3"]),
            **common,
        }
    ),
)
programmes = st.builds(
    lambda found, how, discounts, tax: ruleset(
        base(),
        *[{"code": f"r{i}", **rule} for i, rule in enumerate(found)],
        groups=[{"code": "g"}],
        multipliers=how,
        discounts=discounts,
        tax=tax,
    ),
    st.lists(kinds, min_size=1, max_size=6),
    st.sampled_from(["multiply", "add", "highest"]),
    st.sampled_from(["reduce", "targeted", "ignore"]),
    st.sampled_from(["included", "excluded"]),
)


@st.composite
def baskets(draw):
    amounts = draw(st.lists(st.integers(0, 20_000), min_size=1, max_size=6))
    lines = tuple(
        rules.Line(
            number=i,
            amount_minor=amount,
            tax_minor=amount // draw(st.integers(5, 20)),
            quantity_milli=draw(st.sampled_from([1000, 2000, 350])),
            category=draw(st.sampled_from("abc")),
            kind=draw(st.sampled_from(["item", "item", "item", "shipping"])),
            sold=draw(st.sampled_from([True, True, True, False])),
        )
        for i, amount in enumerate(amounts, start=1)
    )
    sold = sum(line.amount_minor for line in lines if line.sold)
    discounts = (rules.Discount(draw(st.integers(0, sold))),) if draw(st.booleans()) else ()
    return rules.Basket(lines=lines, occurred_at=SUNDAY, currency="USD", discounts=discounts)


@settings(max_examples=400, deadline=None)
@given(basket=baskets(), programme=programmes)
def test_points_add_up_however_they_are_looked_at(basket, programme):
    decision = rules.decide(basket, rules.Facts(), programme)
    body: dict[str, Any] = decision.body()
    lines = decision.line_points()
    assert sum(lines.values()) == decision.points == sum(given.total for given in decision.given)
    assert min(lines.values()) >= 0
    assert sum(lot.points for lot in decision.lots) == decision.points
    for given_, row in zip(decision.given, body["rules"], strict=True):
        assert sum(part["points"] for part in row["lines"]) == row["points"] == given_.total
    answered = [row["rule"] for row in body["rules"]] + [row["rule"] for row in body["not_applied"]]
    assert sorted(answered) == sorted(rule.code for rule in programme.rules)


@settings(max_examples=200, deadline=None)
@given(basket=baskets(), programme=programmes, seed=st.integers(0, 1000))
def test_the_order_of_lines_does_not_matter(basket, programme, seed):
    shuffled = list(basket.lines)
    random.Random(seed).shuffle(shuffled)
    other = rules.Basket(lines=tuple(shuffled), occurred_at=SUNDAY, currency="USD", discounts=basket.discounts)
    assert rules.decide(other, rules.Facts(), programme).body() == rules.decide(basket, rules.Facts(), programme).body()


@settings(max_examples=300, deadline=None)
@given(
    amounts=st.lists(st.integers(0, 10**7), min_size=1, max_size=8),
    points=st.integers(1, 50),
    per=st.integers(1, 10**5),
    rounding=roundings,
)
def test_money_becomes_points_as_the_oracle_says(amounts, points, per, rounding):
    exact = [Fraction(amount * points, per) for amount in amounts]
    total = ROUND[rounding](sum(exact))
    found = numbers.shared_out(
        numbers.rounded(sum(amounts) * points, per, rounding), [amount * points for amount in amounts], per
    )
    assert sum(found) == total
    assert all(floor(share) <= got <= ceil(share) for share, got in zip(exact, found, strict=True))
    fractions = [share - floor(share) for share in exact]
    up = {i for i, share in enumerate(exact) if found[i] > floor(share)}
    assert all((fractions[i], -i) > (fractions[j], -j) for i in up for j in range(len(exact)) if j not in up)


@given(total=st.integers(0, 10**9), weights=st.lists(st.integers(0, 10**9), min_size=1, max_size=20))
def test_money_is_spread_to_the_last_minor_unit(total, weights):
    parts = numbers.spread(total, weights)
    assert sum(parts) == total
    assert min(parts) >= 0
