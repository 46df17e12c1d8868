"""Rounding once per sale and sharing out to lines, worked by hand from CONTRACT Meaning 1 to 3."""

import pytest

from .baskets import base, basket, by_rule, decide, line, ruleset, times

# per, points, rounding, currency, amounts → points, points of each line
PER_AMOUNT = [
    ("1", 1, "floor", "USD", ["19.00"], 19, [19]),
    ("1", 1, "floor", "USD", ["19.99"], 19, [19]),
    ("1", 1, "half_up", "USD", ["19.99"], 20, [20]),
    ("1", 1, "ceil", "USD", ["19.01"], 20, [20]),
    ("1", 1, "half_up", "USD", ["19.49"], 19, [19]),
    ("1", 1, "half_up", "USD", ["19.50"], 20, [20]),
    ("1", 1, "ceil", "USD", ["19.00"], 19, [19]),
    ("2", 1, "floor", "USD", ["19.99"], 9, [9]),
    ("2", 1, "half_up", "USD", ["19.99"], 10, [10]),
    ("50", 3, "floor", "USD", ["75"], 4, [4]),  # 4.5
    ("50", 3, "half_up", "USD", ["75"], 5, [5]),
    ("50", 3, "ceil", "USD", ["75"], 5, [5]),
    ("100", 1, "floor", "JPY", ["1200", "580"], 17, [12, 5]),  # 12 + 5.8
    ("100", 1, "half_up", "JPY", ["1200", "580"], 18, [12, 6]),
    ("100", 1, "floor", "JPY", ["150", "150"], 3, [2, 1]),  # 1.5 + 1.5: one left, to the lower line
    ("100", 1, "floor", "JPY", ["50", "50", "50"], 1, [1, 0, 0]),
    ("100", 1, "half_up", "JPY", ["50", "50", "50"], 2, [1, 1, 0]),
    ("100", 1, "ceil", "JPY", ["50", "50", "50"], 2, [1, 1, 0]),
    ("100", 1, "floor", "JPY", ["199", "180", "121"], 5, [2, 2, 1]),  # .99 and .80 before .21
    ("100", 1, "floor", "JPY", ["121", "180", "199"], 5, [1, 2, 2]),
    ("100", 1, "floor", "JPY", ["99"], 0, [0]),
    ("100", 1, "half_up", "JPY", ["49"], 0, [0]),
    ("100", 1, "half_up", "JPY", ["50"], 1, [1]),
    ("100", 1, "ceil", "JPY", ["1"], 1, [1]),
    ("100", 1, "ceil", "JPY", ["1", "1"], 1, [1, 0]),
    ("1000", 1, "floor", "JPY", ["999", "1"], 1, [1, 0]),
    ("1", 1, "floor", "KWD", ["1.999"], 1, [1]),
    ("1", 1, "half_up", "KWD", ["1.500"], 2, [2]),
    ("0.100", 1, "floor", "KWD", ["1.999"], 19, [19]),
    ("0.05", 1, "floor", "USD", ["0.99"], 19, [19]),
    ("1", 1, "floor", "USD", ["0.50", "0.50"], 1, [1, 0]),
    ("1", 1, "floor", "USD", ["0.49", "0.50"], 0, [0, 0]),
    ("1", 1, "ceil", "USD", ["0.49", "0.50"], 1, [0, 1]),
    ("3", 1, "floor", "USD", ["1", "1", "1"], 1, [1, 0, 0]),  # three thirds are one, exactly
    ("3", 1, "half_up", "USD", ["1"], 0, [0]),
    ("3", 2, "half_up", "USD", ["1"], 1, [1]),
    ("1", 1, "floor", "USD", ["0"], 0, [0]),
    ("1", 1, "ceil", "USD", ["0"], 0, [0]),
    ("1", 1, "ceil", "USD", ["0", "0.01"], 1, [0, 1]),
    ("7", 10, "floor", "USD", ["10", "20", "40"], 100, [14, 29, 57]),  # 14.28 + 28.57 + 57.14
    ("1", 7, "floor", "USD", ["0.13", "0.14"], 1, [0, 1]),  # 0.91 + 0.98
    ("0.01", 1, "floor", "USD", ["123456789.01"], 12345678901, [12345678901]),
]


@pytest.mark.parametrize(("per", "points", "rounding", "currency", "amounts", "total", "lines"), PER_AMOUNT)
def test_money_becomes_points_once_per_sale(per, points, rounding, currency, amounts, total, lines):
    found = ruleset(base(per, points, rounding=rounding), currency=currency)
    decision = decide(found, basket(*amounts, currency=currency))
    assert decision.points == total
    assert list(decision.line_points().values()) == lines


# factor, rounding, base amounts at 1 per 1 → base, added, lines of both
MULTIPLIED = [
    ("1.5", "floor", ["19"], 19, 9, [28]),
    ("1.5", "half_up", ["19"], 19, 10, [29]),
    ("1.5", "ceil", ["19"], 19, 10, [29]),
    ("2", "floor", ["19.99"], 19, 19, [38]),
    ("1", "floor", ["19"], 19, 0, [19]),
    ("1.1", "floor", ["9"], 9, 0, [9]),
    ("1.1", "half_up", ["9"], 9, 1, [10]),
    ("1.1", "floor", ["5", "5"], 10, 1, [6, 5]),
    ("1.25", "half_up", ["2"], 2, 1, [3]),  # 0.5
    ("1.25", "floor", ["3", "7"], 10, 2, [4, 8]),  # 0.75 + 1.75
    ("3", "floor", ["0.99"], 0, None, [0]),
    ("10", "floor", ["1", "2"], 3, 27, [10, 20]),
    ("1.333333", "floor", ["3"], 3, 0, [3]),
    ("0.5", "floor", ["19"], 19, -10, [9]),
    ("0.5", "half_up", ["19"], 19, -9, [10]),
    ("0", "floor", ["19"], 19, -19, [0]),
]


@pytest.mark.parametrize(("factor", "rounding", "amounts", "first", "added", "lines"), MULTIPLIED)
def test_a_multiplier_adds_what_its_factor_is_above_one(factor, rounding, amounts, first, added, lines):
    decision = decide(ruleset(base(), times(factor, rounding=rounding)), basket(*amounts))
    given = by_rule(decision)
    assert given["base"] == first
    assert given.get("times") == added
    assert list(decision.line_points().values()) == lines


# how, factors, amount → total
SEVERAL = [
    ("multiply", ["2", "3"], "10", 60),
    ("add", ["2", "3"], "10", 40),
    ("highest", ["2", "3"], "10", 30),
    ("multiply", ["1.5", "1.5"], "3", 6),  # 3 + 1 = 4, then 4 + 2
    ("add", ["1.5", "1.5"], "3", 5),
    ("highest", ["1.5", "1.5"], "3", 4),
    ("multiply", ["2", "1.5", "3"], "1", 9),  # 2, 3, 9
    ("add", ["2", "1.5", "3"], "1", 4),  # 1 + 1 + 0 + 2
    ("highest", ["2", "1.5", "3"], "1", 3),
]


@pytest.mark.parametrize(("how", "factors", "amount", "total"), SEVERAL)
def test_several_multipliers_on_the_same_points(how, factors, amount, total):
    found = [times(factor, code=f"m{i}") for i, factor in enumerate(factors)]
    assert decide(ruleset(base(), *found, multipliers=how), basket(amount)).points == total


def test_multipliers_apply_by_priority_then_by_code():
    late = times("1.5", code="a", priority=1)
    early = times("3", code="z", priority=2)
    given = by_rule(decide(ruleset(base(), late, early), basket("3")))
    assert given == {"base": 3, "z": 6, "a": 4}  # 9 × 0.5 rounded down, not 3 × 0.5


def test_the_highest_factor_is_found_for_each_line():
    found = [
        times("2", code="all"),
        times("3", code="tea", lines={"include": {"categories": ["tea"]}}),
    ]
    sold = basket(line(1, "10", category="tea"), line(2, "10"))
    decision = decide(ruleset(base(), *found, multipliers="highest"), sold)
    assert by_rule(decision) == {"base": 20, "all": 10, "tea": 20}
    assert decision.line_points() == {1: 30, 2: 20}


def test_a_multiplier_sees_only_its_own_bases_in_what_others_added():
    found = [
        base(),
        base(code="extra", lines={"include": {"skus": ["SKU2"]}}),
        times("2", code="a", priority=2),
        times("2", code="b", priority=1, of=["extra"]),
    ]
    decision = decide(ruleset(*found), basket("10", "5"))
    # base 15 and extra 5; a adds 20; b doubles the 5 of extra and the 5 that a added to them.
    assert by_rule(decision) == {"base": 15, "extra": 5, "a": 20, "b": 10}
    assert decision.line_points() == {1: 20, 2: 30}


# Points that belong to the order or to units
ORDERS = [
    ({"kind": "per_visit", "points": 10}, ["30", "60", "10"], 10, [3, 6, 1]),
    ({"kind": "per_visit", "points": 10}, ["1", "1", "1"], 10, [4, 3, 3]),
    ({"kind": "per_visit", "points": 5}, ["0", "0"], 5, [3, 2]),
    ({"kind": "per_visit", "points": 5}, ["0", "9.99"], 5, [0, 5]),
    ({"kind": "fixed", "points": 200}, ["100", "300"], 200, [50, 150]),
    ({"kind": "fixed", "points": 1}, ["1", "2"], 1, [0, 1]),
    ({"kind": "fixed", "points": 7, "each": "line"}, ["1", "2", "3"], 21, [7, 7, 7]),
    ({"kind": "fixed", "points": 7, "each": "unit"}, ["1", "2"], 14, [7, 7]),
    ({"kind": "per_unit", "points": 3}, ["1", "2"], 6, [3, 3]),
]


@pytest.mark.parametrize(("rule", "amounts", "total", "lines"), ORDERS)
def test_points_of_the_order_belong_to_lines(rule, amounts, total, lines):
    decision = decide(ruleset({"code": "x", **rule}), basket(*amounts))
    assert decision.points == total
    assert list(decision.line_points().values()) == lines


@pytest.mark.parametrize(
    ("rounding", "quantities", "total", "lines"),
    [
        ("floor", [350, 350], 2, [1, 1]),  # 1.05 + 1.05 at 3 a unit
        ("half_up", [500], 2, [2]),
        ("floor", [500], 1, [1]),
        ("ceil", [1], 1, [1]),
        ("floor", [2000, 1500], 10, [6, 4]),
    ],
)
def test_parts_of_a_unit_count_exactly(rounding, quantities, total, lines):
    sold = basket(*[line(i, "1", quantity_milli=q) for i, q in enumerate(quantities, start=1)])
    decision = decide(ruleset({"code": "x", "kind": "per_unit", "points": 3, "rounding": rounding}), sold)
    assert (decision.points, list(decision.line_points().values())) == (total, lines)


@pytest.mark.parametrize(
    ("amounts", "points", "lines"),
    [(["75"], 3, [3]), (["49.99"], 0, [0]), (["100"], 6, [6]), (["30", "45"], 3, [1, 2])],
)
def test_whole_steps_leave_the_rest_of_a_step_out(amounts, points, lines):
    decision = decide(ruleset(base("50", 3, whole_steps=True)), basket(*amounts))
    assert (decision.points, list(decision.line_points().values())) == (points, lines)


def test_each_rule_rounds_for_itself():
    found = ruleset(base("1", code="a"), base("2", code="b"))
    assert by_rule(decide(found, basket("19.99"))) == {"a": 19, "b": 9}


def test_the_programme_rounds_where_a_rule_does_not():
    found = ruleset(base(), base(code="own", rounding="floor"), rounding="ceil")
    assert by_rule(decide(found, basket("1.01"))) == {"base": 2, "own": 1}


def test_carried_money_fills_the_next_step():
    found = ruleset(base("50"), remainder="carry")
    first = decide(found, basket("30"))
    assert (first.points, first.carried_minor) == (0, {"base": 3000})
    second = decide(found, basket("20"), carried_minor=first.carried_minor)
    assert (second.points, second.carried_minor) == (1, {"base": 0})
