"""Budgets and caps of all members under fire (FAULTS A10): never exceeded, never less than there was, no deadlock."""

from __future__ import annotations

from functools import partial

import pytest
from django.db import transaction

from loyalty import clock, money, policies
from loyalty.models import Decision, Entry
from members import enrolment
from members.models import Member
from rewards import earning, rules
from rewards.earning import Receipt, states
from rewards.models import SharedCounter
from tests.rewards.conftest import apply
from tests.size import by_size

from .crowd import assert_books_balance, at_once

MEMBERS, EACH = 20, 10  # 200 earns at once, in as many threads as members


def programme(budget: int) -> None:
    """Two promotions of 7 and 5 points a sale, each with a budget of its own, and a cap of all on the base rule."""
    apply(
        rules=[{"code": "base", "kind": "fixed", "points": 3, "caps": {"total": budget // 2}}],
        campaigns=[
            {"code": "z", "budget": {"points": budget}, "rules": [{"code": "seven", "kind": "fixed", "points": 7}]},
            {"code": "a", "budget": {"points": budget}, "rules": [{"code": "five", "kind": "fixed", "points": 5}]},
        ],
    )


@pytest.fixture
def crowd(committed) -> list[Member]:
    apply()
    return [enrolment.enrol(email=f"ada{number}@example.com", actor="test") for number in range(MEMBERS)]


def sell(member: Member, name: str) -> int:
    """One sale of a member in its transaction; the points it earned."""
    line = rules.Line(1, 1000)
    basket = rules.Basket(lines=(line,), occurred_at=clock.now(), currency="USD", store="main")
    receipt = Receipt(store=policies.store("main"), number=name, basket=basket, total_minor=money.minor("10.00", "USD"))
    with transaction.atomic():
        return earning.record_sale(receipt=receipt, member={"id": member.pk}, actor="test").decision.points


def sell_many(member: Member, round_: int) -> int:
    return sum(sell(member, f"R-{round_}-{member.pk}-{turn}") for turn in range(EACH))


def granted_by(code: str) -> int:
    """Points that decisions gave by a rule."""
    rows = (row for body in Decision.objects.values_list("body", flat=True) for row in body.get("rules", ()))
    return sum(row["points"] for row in rows if row["rule"] == code)


def run(crowd: list[Member], round_: int) -> None:
    results = at_once([partial(sell_many, member, round_) for member in crowd])
    assert all(isinstance(result, int) for result in results), results


def test_200_parallel_earns_at_the_end_of_two_budgets(crowd):
    given = {"base": 0, "seven": 0, "five": 0}
    for round_ in range(by_size(1, 5, 50)):
        budget = 600 * (round_ + 1) + round_  # 200 sales would take 600, 1,400 and 1,000 more
        programme(budget)
        run(crowd, round_)
        given = {code: granted_by(code) for code in given}
        assert given == {"base": budget // 2, "seven": budget, "five": budget}
        counted = dict(SharedCounter.objects.values_list("key", "granted"))
        assert counted == {"base": budget // 2, "campaign:z": budget, "campaign:a": budget}
    assert sum(Entry.objects.values_list("points", flat=True)) == sum(given.values())
    assert_books_balance()


def test_without_the_lock_the_budget_is_exceeded(crowd, monkeypatch):
    """The control: reading the counter without locking it. One budget, since two would be written in no order."""
    monkeypatch.setattr(states, "LOCK", states.LOCK.replace("FOR NO KEY UPDATE", ""))
    exceeded = False
    for round_ in range(10):
        budget = 600 * (round_ + 1)
        seven = {"code": "seven", "kind": "fixed", "points": 7}
        apply(rules=[], campaigns=[{"code": "z", "budget": {"points": budget}, "rules": [seven]}])
        run(crowd, round_)
        exceeded = granted_by("seven") > budget
        if exceeded:
            break
    assert exceeded
