"""Every value of every setting that earning reads, through the real sale."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from loyalty import books
from loyalty.models import Lot
from rewards.models import RuleState

from .conftest import GOLD, PROGRAMME, apply, balance

NOW = datetime(2026, 11, 20, 17, tzinfo=UTC)  # noon in New York
BASE = {"code": "base", "kind": "per_amount", "points": 1, "per": "1"}
DOUBLE = {"code": "double", "kind": "multiplier", "factor": "2"}
TRIPLE = {"code": "triple", "kind": "multiplier", "factor": "3"}


@pytest.fixture(autouse=True)
def noon(db):
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock
    assert books.check().problems == []


def use(rules=(BASE,), *, returns=None, groups=(), **earning):
    settings = {**PROGRAMME["settings"], "earning": earning, **({"returns": returns} if returns else {})}
    apply(settings=settings, rules=list(rules), groups=list(groups))


def points(till, total="10.00", receipt="R-1", status=201, **more):
    reply = till.sell(total, receipt, **more)
    assert reply.status_code == status, reply.content
    return reply.json()["points"]["earned"] if status == 201 else reply.json()["code"]


@pytest.mark.parametrize(
    ("pending", "returns", "available_at"),
    [
        ("none", None, NOW),
        ({"days": 14}, None, datetime(2026, 12, 4, 5, tzinfo=UTC)),
        ("return_window", {"window_days": 30}, datetime(2026, 12, 20, 5, tzinfo=UTC)),
        ("return_window", {"window_days": None}, NOW),
    ],
)
def test_points_wait_as_long_as_the_programme_says(till, ada, pending, returns, available_at, noon):
    use(pending=pending, returns=returns)
    reply = till.sell("10.00").json()
    waits = available_at > NOW
    assert reply["points"] == {"earned": 10, "pending": 10 if waits else 0}
    assert (reply["balance"]["available"], reply["balance"]["pending"]) == ((0, 10) if waits else (10, 0))
    assert Lot.objects.get().available_at == available_at
    noon.move_to(available_at)
    assert balance(ada)["available"] == 10


@pytest.mark.parametrize(("value", "earned", "level"), [("before", 600, "bronze"), ("after", 1200, "gold")])
def test_the_tier_for_the_sale_is_the_one_before_it_or_the_one_it_reaches(till, value, earned, level):
    use([BASE, {**DOUBLE, "when": GOLD}], tier_for_sale=value)
    reply = till.sell("600.00").json()
    assert (reply["points"]["earned"], reply["decision"]["tier_used"]) == (earned, level)
    assert (reply["tier"]["code"], reply["tier_changed"]) == ("gold", True)


@pytest.mark.parametrize("value", ["before", "after"])
def test_the_tier_for_a_late_sale_is_that_of_its_time(till, value):
    use([BASE, {**DOUBLE, "when": GOLD}], tier_for_sale=value)
    points(till, "600.00", "R-1", occurred_at="2026-11-19T10:00:00-05:00")
    assert points(till, "10.00", "R-2", occurred_at="2026-11-18T10:00:00-05:00") == 10
    assert points(till, "10.00", "R-3") == 20


@pytest.mark.parametrize(
    ("late_days", "ago", "said"), [(None, 4000, 10), (30, 30, 10), (30, 31, "too_old"), (0, 0, 10), (0, 1, "too_old")]
)
def test_late_sales_are_accepted_for_so_many_days(till, late_days, ago, said):
    use(late_days=late_days)
    at = (NOW - timedelta(days=ago)).isoformat()
    assert points(till, occurred_at=at, status=201 if said == 10 else 422) == said


@pytest.mark.parametrize(
    ("minutes", "ahead", "said"), [(None, 5, 10), (None, 6, "in_the_future"), (60, 59, 10), (0, 1, "in_the_future")]
)
def test_clocks_may_be_ahead_by_so_many_minutes(till, minutes, ahead, said):
    use(**({} if minutes is None else {"future_minutes": minutes}))
    at = (NOW + timedelta(minutes=ahead)).isoformat()
    assert points(till, occurred_at=at, status=201 if said == 10 else 422) == said


@pytest.mark.parametrize(("rounding", "earned"), [("floor", 28), ("half_up", 29), ("ceil", 29)])
def test_rounding_is_once_a_sale_by_the_setting_and_a_rules_own_goes_first(till, rounding, earned):
    use([BASE, {**DOUBLE, "factor": "1.5"}], rounding=rounding)
    assert points(till, "19.00") == earned
    use([BASE, {**DOUBLE, "factor": "1.5", "rounding": "ceil"}], rounding=rounding)
    assert points(till, "19.00", "R-2") == 29


@pytest.mark.parametrize(("remainder", "earned"), [("drop", [0, 0, 1, 0]), ("carry", [0, 1, 1, 1])])
def test_what_is_below_one_step_is_dropped_or_carried_to_the_next_sale(till, remainder, earned):
    use([{**BASE, "per": "50", "rounding": "floor"}], remainder=remainder)
    assert [points(till, total, f"R-{total}") for total in ("30.00", "20.00", "75.00", "25.00")] == earned
    assert RuleState.objects.filter(carried_minor__gt=0).count() == 0


MIXED = {
    "lines": [
        {"line": 1, "amount": "10.00", "tax": "1.00"},
        {"line": 2, "amount": "4.00", "kind": "shipping", "tax": "0.40"},
        {"line": 3, "amount": "6.00", "category": "toys", "labels": ["red"], "sku": "T"},
        {"line": 4, "amount": "99.00", "status": "voided"},
    ],
}


@pytest.mark.parametrize(
    ("earning", "earned"),
    [
        ({}, 16),
        ({"basis": "order"}, 20),
        ({"basis": "items", "tax": "excluded"}, 15),
        ({"basis": "order", "tax": "excluded"}, 18),  # 9 + 3.60 + 6
        ({"exclude": {"categories": ["toys"]}}, 10),
        ({"exclude": {"skus": ["T"]}}, 10),
        ({"exclude": {"labels": ["red"]}}, 10),
    ],
)
def test_what_of_a_sale_counts(till, earning, earned):
    use(**earning)
    assert points(till, "20.00", **MIXED) == earned


@pytest.mark.parametrize(("discounts", "earned"), [("reduce", 14), ("targeted", 18), ("ignore", 20)])
def test_discounts_of_the_till_lower_points_or_not(till, discounts, earned):
    use(discounts=discounts)
    lines = [{"line": 1, "amount": "10.00"}, {"line": 2, "amount": "10.00"}]
    given = [{"amount": "2.00", "lines": [1]}, {"amount": "4.00"}]
    assert points(till, "14.00", lines=lines, discounts=given) == earned


@pytest.mark.parametrize(
    ("earning", "earned"),
    [
        ({}, 7),  # points no, gift card yes
        ({"points_payment": "earn"}, 10),
        ({"gift_card_payment": "no_earn"}, 5),
        ({"points_payment": "earn", "gift_card_payment": "no_earn"}, 8),
    ],
)
def test_what_is_paid_with_points_or_a_gift_card_earns_or_not(till, earning, earned):
    use(**earning)
    tenders = [
        {"kind": "points", "amount": "3.00"},
        {"kind": "gift_card", "amount": "2.00"},
        {"kind": "cash", "amount": "5.00"},
    ]
    assert points(till, "10.00", tenders=tenders) == earned


@pytest.mark.parametrize(("multipliers", "earned"), [("multiply", 60), ("add", 40), ("highest", 30)])
def test_several_multipliers_multiply_add_or_the_highest_counts(till, multipliers, earned):
    use([BASE, DOUBLE, TRIPLE], multipliers=multipliers)
    assert points(till) == earned


def test_rules_add_up_unless_one_stands_alone_by_priority(till):
    bonus = {"code": "bonus", "kind": "fixed", "points": 7}
    use([BASE, DOUBLE, bonus])
    assert points(till, receipt="R-1") == 27
    use([BASE, DOUBLE, {**bonus, "stackable": False}])
    assert points(till, receipt="R-2") == 7
    use(
        [
            BASE,
            {**bonus, "stackable": False},
            {**bonus, "code": "more", "points": 9, "stackable": False, "priority": -1},
        ]
    )
    assert points(till, receipt="R-3") == 7


@pytest.mark.parametrize(("pick", "earned"), [("best", 9), ("newest", 5), ("priority", 7)])
def test_of_a_group_one_rule_counts(till, pick, earned):
    one = {"kind": "fixed", "group": "promo"}
    use(
        [
            {"code": "best", "points": 9, "from": "2026-01-01T00:00:00Z", **one},
            {"code": "newest", "points": 5, "from": "2026-06-01T00:00:00Z", **one},
            {"code": "first", "points": 7, "priority": 3, **one},
        ],
        groups=[{"code": "promo", "pick": pick}],
    )
    assert points(till) == earned


@pytest.mark.parametrize(
    ("caps", "earned"), [({"per_sale": 4}, [4, 4]), ({"per_day": 14}, [10, 4]), ({"per_member": 12}, [10, 2])]
)
def test_a_cap_ends_it(till, caps, earned):
    use([{**BASE, "caps": caps}])
    assert [points(till, receipt=f"R-{number}") for number in range(2)] == earned


@pytest.mark.parametrize(("at_end", "earned"), [("partial", [10, 4, 0]), ("none", [10, 0, 0])])
def test_a_budget_ends_with_what_is_left_or_with_nothing(till, at_end, earned):
    apply(rules=[], campaigns=[{"code": "c", "budget": {"points": 14, "at_end": at_end}, "rules": [BASE]}])
    assert [points(till, receipt=f"R-{number}") for number in range(3)] == earned


def test_a_money_budget_is_counted_in_points_of_their_value(till):
    apply(
        settings={**PROGRAMME["settings"], "point_value": "0.01"},
        rules=[],
        campaigns=[{"code": "c", "budget": {"money": "0.14"}, "rules": [BASE]}],
    )
    assert [points(till, receipt=f"R-{number}") for number in range(3)] == [10, 4, 0]
