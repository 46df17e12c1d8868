"""What holds for every sale and every programme, found by Hypothesis against the Decimal oracle."""

from __future__ import annotations

import random
from fractions import Fraction
from math import ceil, floor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rewards import rules
from rewards.rules import numbers
from tests.size import by_size

from .oracle_stages import work_out
from .randomly import ROUNDINGS, members, programmes, sales
from .worked import basket, decide, facts

ROUND = {"floor": floor, "ceil": ceil, "half_up": lambda x: floor(x + Fraction(1, 2))}
pytestmark = pytest.mark.timeout(by_size(600, 1800, 7200))
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


def examples(short: int, more: int, full: int) -> settings:
    return settings(max_examples=by_size(short, more, full), deadline=None, suppress_health_check=SLOW)


def shuffled(document, seed):
    """The same programme with every list of rules, campaigns, groups and segments in another order."""
    order = random.Random(seed)

    def mixed(listed):
        listed = list(listed)
        order.shuffle(listed)
        return listed

    campaigns = [{**one, "rules": mixed(one["rules"])} for one in mixed(document["campaigns"])]
    rest = {key: mixed(document[key]) for key in ("rules", "groups", "segments", "stores")}
    return {**document, **rest, "campaigns": campaigns}


@examples(200, 2_000, 10_000)
@given(document=programmes(), sale=sales(), member=members())
def test_the_engine_and_the_oracle_say_the_same(document, sale, member):
    decision, worked = decide(document, sale, member), work_out(document, sale, member)
    assert {given_.rule.code: given_.total for given_ in decision.given if given_.total} == worked.by_rule
    assert list(decision.line_points().values()) == worked.lines
    assert (decision.points, sorted(decision.rewards)) == (worked.points, worked.rewards)
    after = {rule.code: rule.told(progress)[0] for rule, progress in decision.told}
    assert {code: Fraction(count) for code, count in after.items()} == {
        code: Fraction(count) for code, count in (worked.stamps | worked.visits).items()
    }
    kept = {code: decision.carried_minor.get(code, 0) for code in worked.carried}
    assert kept == {code: int(money * 100) for code, money in worked.carried.items()}


@examples(200, 1_000, 2_000)
@given(document=programmes(), sale=sales(), member=members(), seed=st.integers(0, 1000))
def test_the_order_of_rules_and_of_lines_does_not_matter(document, sale, member, seed):
    lines = list(sale["lines"])
    random.Random(seed).shuffle(lines)
    other = decide(shuffled(document, seed), {**sale, "lines": lines}, member)
    decision = decide(document, sale, member)
    assert other.body() == decision.body()
    assert other.granted == decision.granted
    assert other.progress == decision.progress


@examples(200, 1_000, 2_000)
@given(document=programmes(), sale=sales(), member=members())
def test_points_add_up_and_limits_hold(document, sale, member):
    found, known = rules.compile(document), facts(document, member)
    decision = rules.decide(basket(document, sale), known, found)
    assert rules.decide(basket(document, sale), known, found).body() == decision.body()
    body: dict[str, Any] = decision.body()
    lines = decision.line_points()
    assert sum(lines.values()) == decision.points == sum(given_.total for given_ in decision.given)
    assert min(lines.values()) >= 0
    assert sum(lot.points for lot in decision.lots) == decision.points
    assert all(lot.points > 0 for lot in decision.lots)
    for given_, row in zip(decision.given, body["rules"], strict=True):
        assert sum(part["points"] for part in row["lines"]) == row["points"] == given_.total
        within(given_.rule.caps, decision.granted.get(given_.rule.code, 0), known.granted.get(given_.rule.code))
    for campaign in found.campaigns.values():
        so_far = known.granted.get(campaign.key, rules.Granted())
        points = decision.granted.get(campaign.key, 0)
        within(campaign.caps, points, so_far)
        if campaign.budget_points is not None:
            assert points <= max(campaign.budget_points - so_far.total, 0)
    answered = [row["rule"] for row in body["rules"]] + [row["rule"] for row in body["not_applied"]]
    assert sorted(answered) == sorted(rule.code for rule in found.rules)


def within(caps, points, so_far):
    so_far = so_far or rules.Granted()
    used = {"per_sale": 0, "per_day": so_far.today, "per_member": so_far.member, "total": so_far.total}
    for name, before in used.items():
        limit = getattr(caps, name)
        assert limit is None or points <= max(limit - before, 0)


@examples(300, 1_000, 2_000)
@given(
    amounts=st.lists(st.integers(0, 10**7), min_size=1, max_size=8),
    points=st.integers(1, 50),
    per=st.integers(1, 10**5),
    rounding=ROUNDINGS,
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
