"""The order of rules, what counts, and why a rule did not apply."""

from datetime import UTC, datetime, timedelta

import pytest

from rewards import rules

from .baskets import SUNDAY, base, basket, by_rule, decide, line, ruleset, times, why_not

GOLD = {"all": [{"field": "member.tier", "op": "in", "value": ["gold"]}]}


def test_the_contracts_example_to_the_letter():
    found = ruleset(
        base("100"),
        times("2", code="gold-double", of=["base"], when=GOLD, rounding="floor"),
        {
            "code": "tuesday",
            "kind": "fixed",
            "points": 5,
            "when": {"all": [{"field": "time.weekday", "op": "in", "value": [2]}]},
        },
        currency="JPY",
        zone="Asia/Tokyo",
        exclude={"categories": ["gift_card"]},
    )
    sold = basket(
        line(1, "1200", "JPY"),
        line(2, "580", "JPY"),
        line(3, "3000", "JPY", category="gift_card"),
        currency="JPY",
    )
    decision = decide(found, sold, tiers={"status": "gold"})
    assert decision.points == 34
    assert decision.body() == {
        "tier_used": "gold",
        "facts": {},
        "basis": {
            "amount": "1780",
            "lines": [
                {"line": 1, "amount": "1200"},
                {"line": 2, "amount": "580"},
                {"line": 3, "amount": "0", "why": "excluded_category"},
            ],
        },
        "rules": [
            {
                "rule": "base",
                "version": 1,
                "points": 17,
                "exact": "17.8",
                "rounding": "floor",
                "lines": [{"line": 1, "points": 12}, {"line": 2, "points": 5}],
            },
            {
                "rule": "gold-double",
                "version": 1,
                "points": 17,
                "exact": "17",
                "rounding": "floor",
                "factor": "2",
                "lines": [{"line": 1, "points": 12}, {"line": 2, "points": 5}],
            },
        ],
        "lines": [{"line": 1, "points": 24}, {"line": 2, "points": 10}, {"line": 3, "points": 0}],
        "lots": [{"points": 34, "available_at": "2026-11-22T10:00:00+09:00", "expires_at": None}],
        "carried": "0",
        "not_applied": [{"rule": "tuesday", "why": "weekday", "wanted": "tue", "was": "sun"}],
        "caps": [],
    }


def test_a_bonus_is_not_multiplied_unless_it_says_so():
    bonus = {"code": "bonus", "kind": "fixed", "points": 5}
    assert decide(ruleset(base(), bonus, times("2")), basket("10")).points == 25
    early = {**bonus, "before_multipliers": True}
    assert decide(ruleset(base(), early, times("2")), basket("10")).points == 30


def test_without_a_member_nothing_is_earned_and_every_rule_says_so():
    found = ruleset(base(), times("2"))
    decision = rules.decide(basket("10"), None, found)
    assert (decision.points, decision.lots, decision.tier_used) == (0, [], None)
    assert why_not(decision) == {"base": "no_member", "times": "no_member"}


def test_a_rule_without_a_tier_says_what_was_wanted():
    decision = decide(ruleset(base(), times("2", when=GOLD)), basket("10"), tiers={"status": "silver"})
    assert decision.not_applied == [{"rule": "times", "why": "tier", "wanted": "gold", "was": "silver"}]
    assert decision.points == 10


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (base(**{"from": "2026-11-22T02:00:00+00:00"}), "not_started"),
        (base(until="2026-11-22T01:00:00+00:00"), "ended"),
        (base(lines={"include": {"skus": ["OTHER"]}}), "no_line"),
        (base(lines={"exclude": {"skus": ["SKU1"]}}), "no_line"),
    ],
)
def test_why_a_rule_did_not_apply(rule, why):
    decision = decide(ruleset(rule), basket("10"))
    assert decision.points == 0
    assert why_not(decision) == {"base": why}


def test_a_rule_applies_from_its_first_instant_until_before_its_last():
    rule = base(**{"from": "2026-11-22T01:00:00+00:00", "until": "2026-11-22T01:00:01+00:00"})
    assert decide(ruleset(rule), basket("10")).points == 10
    late = basket("10", occurred_at=SUNDAY + timedelta(seconds=1))
    assert decide(ruleset(rule), late).points == 0


def test_a_rule_that_is_not_enabled_is_not_there():
    decision = decide(ruleset(base(enabled=False)), basket("10"))
    assert (decision.points, decision.not_applied) == (0, [])


def test_lines_are_included_then_excluded():
    lines = {"include": {"categories": ["food"]}, "exclude": {"labels": ["red"]}}
    sold = basket(
        line(1, "10", category="food"),
        line(2, "10", category="food", labels=("red", "new")),
        line(3, "10", category="tea"),
    )
    assert decide(ruleset(base(lines=lines)), sold).line_points() == {1: 10, 2: 0, 3: 0}


@pytest.mark.parametrize(
    ("earning", "points", "why"),
    [
        ({}, [10, 0, 0, 0, 0], [None, "shipping", "fee", "gift_card_load", "voided"]),
        ({"basis": "order"}, [10, 3, 2, 0, 0], [None, None, None, "gift_card_load", "voided"]),
        (
            {"exclude": {"skus": ["SKU1"]}},
            [0, 0, 0, 0, 0],
            ["excluded_sku", "shipping", "fee", "gift_card_load", "voided"],
        ),
    ],
)
def test_which_kinds_of_line_earn(earning, points, why):
    sold = basket(
        line(1, "10"),
        line(2, "3", kind="shipping"),
        line(3, "2", kind="fee"),
        line(4, "50", kind="gift_card_load"),
        line(5, "9", sold=False),
    )
    decision = decide(ruleset(base(), **earning), sold)
    assert list(decision.line_points().values()) == points
    assert decision.basis.why == why


# discounts setting, discounts → what counts of lines of 60 and 40
DISCOUNTS = [
    ("reduce", [rules.Discount(1000)], [5400, 3600]),
    ("reduce", [rules.Discount(1000, (1,))], [5000, 4000]),
    ("reduce", [rules.Discount(1000), rules.Discount(1000, (2,))], [5333, 2667]),
    ("targeted", [rules.Discount(1000)], [6000, 4000]),
    ("targeted", [rules.Discount(1000, (1,)), rules.Discount(500)], [5000, 4000]),
    ("ignore", [rules.Discount(1000, (1,))], [6000, 4000]),
    ("reduce", [rules.Discount(1)], [5999, 4000]),
]


@pytest.mark.parametrize(("setting", "discounts", "amounts"), DISCOUNTS)
def test_discounts_of_the_till(setting, discounts, amounts):
    sold = basket("60", "40", discounts=tuple(discounts))
    assert decide(ruleset(base(), discounts=setting), sold).basis.amounts == amounts


@pytest.mark.parametrize(("tax", "amounts"), [("included", [1100, 1000]), ("excluded", [1000, 926])])
def test_tax(tax, amounts):
    sold = basket(line(1, "11.00", tax="1.00"), line(2, "10.00", tax="0.74"))
    assert decide(ruleset(base(), tax=tax), sold).basis.amounts == amounts


@pytest.mark.parametrize(
    ("earning", "tenders", "points"),
    [
        ({}, [("cash", 6000), ("points", 4000)], 60),
        ({"points_payment": "earn"}, [("cash", 6000), ("points", 4000)], 100),
        ({}, [("gift_card", 10000)], 100),
        ({"gift_card_payment": "no_earn"}, [("gift_card", 2500), ("stored_value", 2500), ("card", 5000)], 50),
        ({}, [("points", 10000)], 0),
    ],
)
def test_what_was_paid_without_money(earning, tenders, points):
    sold = basket("60", "40", tenders=tuple(rules.Tender(*tender) for tender in tenders))
    assert decide(ruleset(base(), **earning), sold).points == points


def test_of_a_group_the_best_counts():
    found = [base(group="promo"), {"code": "flat", "kind": "per_visit", "points": 15, "group": "promo"}]
    groups = [{"code": "promo", "pick": "best"}]
    small = decide(ruleset(*found, groups=groups), basket("10"))
    assert (by_rule(small), why_not(small)) == ({"flat": 15}, {"base": "group"})
    assert by_rule(decide(ruleset(*found, groups=groups), basket("20"))) == {"base": 20}


@pytest.mark.parametrize(("pick", "winner"), [("priority", "flat"), ("newest", "base"), ("best", "base")])
def test_how_a_group_picks(pick, winner):
    found = [
        base(group="promo", **{"from": "2026-02-01T00:00:00Z"}),
        {
            "code": "flat",
            "kind": "per_visit",
            "points": 15,
            "group": "promo",
            "priority": 9,
            "from": "2026-01-01T00:00:00Z",
        },
    ]
    assert set(by_rule(decide(ruleset(*found, groups=[{"code": "promo", "pick": pick}]), basket("20")))) == {winner}


def test_of_grouped_multipliers_the_best_counts_and_others_multiply():
    found = [base(), times("2", code="a", group="g"), times("3", code="b", group="g"), times("1.5", code="c")]
    assert by_rule(decide(ruleset(*found, groups=[{"code": "g"}]), basket("10"))) == {"base": 10, "b": 20, "c": 15}


def test_a_rule_that_does_not_stack_counts_alone():
    alone = {"code": "alone", "kind": "fixed", "points": 7, "stackable": False}
    decision = decide(ruleset(base(), times("2"), alone), basket("10"))
    assert by_rule(decision) == {"alone": 7}
    assert why_not(decision) == {"base": "not_stackable", "times": "not_stackable"}


def test_of_several_that_do_not_stack_the_highest_priority_counts_without_multipliers():
    one = {"code": "one", "kind": "fixed", "points": 70, "stackable": False}
    found = ruleset(base(stackable=False, priority=5), times("2"), one)
    assert by_rule(decide(found, basket("10"))) == {"base": 10}
    assert by_rule(decide(found, basket("0.50"))) == {"one": 70}  # the base earns nothing here


def test_caps_cut_the_last_line_first():
    found = ruleset(base(caps={"per_sale": 15}))
    decision = decide(found, basket("10", "10", "2"))
    assert decision.line_points() == {1: 10, 2: 5, 3: 0}
    assert decision.caps == [{"rule": "base", "cap": "per_sale", "limit": 15, "cut": 7}]
    assert [lot.points for lot in decision.lots] == [15]


@pytest.mark.parametrize(
    ("caps", "granted", "points"),
    [
        ({"per_day": 12}, rules.Granted(today=5), 7),
        ({"per_member": 12}, rules.Granted(member=12), 0),
        ({"total": 12}, rules.Granted(total=20), 0),
        ({"per_day": 12, "per_sale": 3}, rules.Granted(today=5), 3),
        ({"per_day": 12}, rules.Granted(), 10),
    ],
)
def test_caps_count_what_was_granted_before(caps, granted, points):
    assert decide(ruleset(base(caps=caps)), basket("10"), granted={"base": granted}).points == points


def test_rules_with_their_own_dates_make_their_own_lots():
    found = ruleset(
        base(),
        {
            "code": "bonus",
            "kind": "fixed",
            "points": 5,
            "pending": {"days": 2},
            "expiry": {"kind": "rolling", "days": 30},
        },
        settings={"expiry": {"kind": "rolling", "months": 1}},
    )
    assert decide(found, basket("10")).body()["lots"] == [
        {
            "points": 10,
            "available_at": "2026-11-22T01:00:00+00:00",
            "expires_at": "2026-12-23T00:00:00+00:00",
        },
        {"points": 5, "available_at": "2026-11-24T00:00:00+00:00", "expires_at": "2026-12-25T00:00:00+00:00"},
    ]


def test_rules_for_other_triggers_do_not_answer_sales():
    found = ruleset(base(), {"code": "welcome", "trigger": "member.enrolled", "kind": "fixed", "points": 200})
    assert decide(found, basket("10")).points == 10
    assert [rule.code for rule in found.triggered["member.enrolled"]] == ["welcome"]


def row(field, op, value):
    return {"all": [{"field": field, "op": op, "value": value}]}


FACTS = {
    "tiers": {"status": "gold"},
    "segments": frozenset({"regulars"}),
    "birthday_month": True,
    "purchases": 4,
    "spend_minor": 10001,
    "last_sale_at": datetime(2026, 11, 20, 12, tzinfo=UTC),
    "enrolled_at": datetime(2026, 11, 1, tzinfo=UTC),
    "attributes": {"shoe": 42, "likes": ["tea"], "vip": True},
}
CONDITIONS = [
    (row("basket.amount", ">=", "100"), True),
    (row("basket.amount", ">", "100"), False),
    (row("basket.amount", "=", "100.00"), True),
    (row("basket.amount_without_tax", "<", "100"), False),
    (row("basket.quantity", ">=", 2), True),
    (row("basket.skus", "any_of", ["SKU2", "X"]), True),
    (row("basket.skus", "all_of", ["SKU2", "X"]), False),
    (row("basket.skus", "all_of", []), False),
    (row("basket.categories", "in", ["x"]), False),
    (row("basket.categories", "not_in", ["x"]), True),
    (row("basket.currency", "=", "USD"), True),
    (row("sale.store", "in", ["umeda"]), True),
    (row("sale.store", "in", []), False),
    (row("sale.store_group", "!=", "osaka"), False),
    (row("sale.channel", "=", "store"), True),
    (row("sale.tenders", "any_of", ["cash"]), False),
    (row("time.weekday", "in", [7]), True),
    (row("time.hour", "<", 2), True),
    (row("time.date", "=", "2026-11-22"), True),
    (row("time.date", "<", "2026-11-22"), False),
    (row("member.tier", "=", "gold"), True),
    (row("member.tier", "!=", "gold"), False),
    (row("member.segment", "in", ["regulars"]), True),
    (row("member.plan", "not_in", ["club"]), True),
    (row("member.age_days", ">=", 21), True),
    (row("member.age_days", ">", 21), False),
    (row("member.birthday_month", "=", True), True),
    (row("member.purchases", "=", 4), True),
    (row("member.spend", ">", "100"), True),
    (row("member.average_basket", ">", "25"), True),
    (row("member.average_basket", ">", "25.01"), False),
    (row("member.last_sale_days", "<=", 2), True),
    (row("member.visits", "=", 0), True),
    (row("member.attribute.shoe", "=", 42), True),
    (row("member.attribute.shoe", "=", "42"), False),
    (row("member.attribute.likes", "any_of", ["tea"]), True),
    (row("member.attribute.vip", "=", True), True),
    (row("member.attribute.none", "=", "x"), False),
    (row("member.attribute.none", "!=", "x"), True),
    ({"any": [*row("sale.store", "=", "x")["all"], *row("sale.store", "=", "umeda")["all"]]}, True),
    ({"any": []}, False),
    ({"all": []}, True),
    ({"all": row("sale.store", "=", "umeda")["all"], "any": row("sale.store", "=", "x")["all"]}, False),
]


@pytest.mark.parametrize(("when", "holds"), CONDITIONS)
def test_conditions(when, holds):
    sold = basket("60", "40", store="umeda", store_group="osaka")
    assert bool(decide(ruleset(base(when=when)), sold, **FACTS).points) is holds


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        ({"code": "x", "kind": "magic"}, "rules[0].kind"),
        (base(per="0"), "rules[0].per"),
        (base(per=1), "rules[0].per"),
        (base(per="0.001"), "rules[0].per"),
        (base(points=0), "rules[0].points"),
        (base(points=True), "rules[0].points"),
        (base(ponts=1), "rules[0].ponts"),
        (base(rounding="up"), "rules[0].rounding"),
        (base(**{"from": "2026-01-01"}), "rules[0].from"),
        (base(when={"all": [{"field": "member.shoe", "op": "=", "value": 1}]}), "rules[0].when.all[0].field"),
        (base(when=row("time.hour", "~", 1)), "rules[0].when.all[0].op"),
        (base(when=row("time.hour", "=", "late")), "rules[0].when.all[0].value"),
        (base(when=row("member.tier", "in", "gold")), "rules[0].when.all[0].value"),
        (
            base(when={"all": [{"all": [{"all": [{"all": [{"all": []}]}]}]}]}),
            "rules[0].when.all[0].all[0].all[0].all[0].all",
        ),
        (times("1,5"), "rules[0].factor"),
        (times("2", of=["nobody"]), "rules[0].of"),
        (base(expiry={"kind": "rolling"}), "rules[0].expiry.months"),
        (base(expiry={"kind": "fixed", "dates": ["02-30"]}), "rules[0].expiry.dates"),
    ],
)
def test_a_mistake_is_named_by_its_place(rule, place):
    with pytest.raises(rules.RuleError) as caught:
        ruleset(rule)
    assert caught.value.place == place


def test_a_code_is_given_once():
    with pytest.raises(rules.RuleError, match=r"rules\[1\]\.code"):
        ruleset(base(), base())
