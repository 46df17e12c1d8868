"""Mistakes in a programme: each with its place, all at once, and what is only doubtful."""

import pytest

from rewards import rules

from .worked import base, bonus, programme, times, when


def found(document):
    return [(problem.place, problem.code, problem.severity) for problem in rules.problems(document)]


def segment(code, *named):
    return {"code": code, "any": [{"field": "member.segment", "op": "in", "value": list(named)}]}


def campaign(**more):
    return {"code": "camp", "rules": [bonus(1, "gift")], **more}


DEEP = {"all": [{"all": [{"all": [{"all": [{"all": []}]}]}]}]}
# document → place and code of its only mistake
ERRORS = [
    (programme(base(when=DEEP)), "rules[0].when.all[0].all[0].all[0].all[0].all", "too_deep"),
    (programme(times("2")), "rules[0].of", "no_base"),
    (programme(base(), bonus(1), times("2", of=["bonus"])), "rules[2].of", "no_base"),
    (programme(base(), times("2", of=["bse"])), "rules[1].of", "unknown_rule"),
    (programme(base(), times("2", trigger="birthday")), "rules[1].of", "no_base"),
    (programme(base(), base()), "rules[1].code", "duplicate_code"),
    (programme(base(), campaigns=[{"code": "c", "rules": [base()]}]), "campaigns[0].rules[0].code", "duplicate_code"),
    (programme(campaigns=[campaign(), {"code": "camp", "rules": [bonus(1)]}]), "campaigns[1].code", "duplicate_code"),
    (programme(groups=[{"code": "g"}, {"code": "g"}]), "groups[1].code", "duplicate_code"),
    (programme(base(group="promo")), "rules[0].group", "unknown_group"),
    (programme(campaigns=[campaign(group="promo")]), "campaigns[0].group", "unknown_group"),
    (programme(campaigns=[campaign(stores=["umda"])]), "campaigns[0].stores", "unknown_campaign_store"),
    (programme(base(**{"from": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"})), "rules[0].until", "window_empty"),
    (programme(base(**{"from": "2026-02-01T00:00:00Z", "until": "2026-02-01T00:00:00Z"})), "rules[0].until", "window_empty"),
    (
        programme(campaigns=[campaign(window={"from": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"})]),
        "campaigns[0].window.until",
        "window_empty",
    ),
    (programme(campaigns=[campaign(window={"hours": ["09:00", "09:00"]})]), "campaigns[0].window.hours", "window_empty"),
    (programme(campaigns=[campaign(window={"hours": ["9", "10"]})]), "campaigns[0].window.hours", "not_hours"),
    (programme(campaigns=[campaign(window={"hours": ["09:00", "24:01"]})]), "campaigns[0].window.hours", "not_hours"),
    (programme(campaigns=[campaign(window={"hours": "09:00"})]), "campaigns[0].window.hours", "not_hours"),
    (programme(campaigns=[campaign(window={"weekdays": [0]})]), "campaigns[0].window.weekdays", "not_weekdays"),
    (programme(campaigns=[campaign(window={"weekdays": []})]), "campaigns[0].window.weekdays", "not_weekdays"),
    (
        programme(
            campaigns=[
                {
                    "code": "c",
                    "window": {"until": "2026-01-01T00:00:00Z"},
                    "rules": [bonus(1, **{"from": "2026-01-01T00:00:00Z"})],
                }
            ]
        ),
        "campaigns[0].rules[0].from",
        "window_empty",
    ),
    (programme(base(when=when("member.tier", "in", ["goldd"]))), "rules[0].when.all[0].value", "unknown_tier"),
    (programme(base(when=when("member.segment", "=", "x"))), "rules[0].when.all[0].value", "unknown_segment"),
    (programme(base(when=when("member.plan", "=", "x"))), "rules[0].when.all[0].value", "unknown_plan"),
    (programme(base(when=when("sale.store", "in", ["umeda", "x"]))), "rules[0].when.all[0].value", "unknown_store"),
    (programme(base(when=when("sale.store_group", "=", "x"))), "rules[0].when.all[0].value", "unknown_store_group"),
    (programme(base(when=when("sale.tenders", "any_of", ["cheque"]))), "rules[0].when.all[0].value", "unknown_value"),
    (programme(base(when=when("time.weekday", "in", [0]))), "rules[0].when.all[0].value", "unknown_value"),
    (programme(base(when=when("basket.currency", "=", "JPY"))), "rules[0].when.all[0].value", "unknown_value"),
    (programme({"code": "s", "kind": "stamps", "buy": 9, "reward": "cp"}), "rules[0].reward", "unknown_reward"),
    (programme({"code": "s", "kind": "stamps", "buy": 9}), "rules[0].points", "either_or"),
    (programme({"code": "s", "kind": "stamps", "buy": 0, "points": 1}), "rules[0].buy", "out_of_range"),
    (programme({"code": "s", "kind": "streak", "within_days": 9, "points": 1}), "rules[0].times", "required"),
    (
        programme({"code": "s", "kind": "streak", "times": 2, "skus": ["A"], "within_days": 9, "points": 1}),
        "rules[0].times",
        "either_or",
    ),
    (programme({"code": "r", "kind": "referral"}), "rules[0].referrer", "required"),
    (programme({"code": "r", "kind": "referral", "friend": 1, "trigger": "birthday"}), "rules[0].trigger", "not_for_triggers"),
    (programme(bonus(1, trigger="brithday")), "rules[0].trigger", "unknown_trigger"),
    (programme(base(trigger="birthday")), "rules[0].kind", "not_for_triggers"),
    (programme(bonus(1, trigger="birthday", lines={"include": {"skus": ["A"]}})), "rules[0].lines", "not_for_triggers"),
    (
        programme(bonus(1, trigger="birthday", when=when("basket.amount", ">", "1"))),
        "rules[0].when.all[0].field",
        "field_not_here",
    ),
    (programme(base(when=when("activity.km", ">", 1))), "rules[0].when.all[0].field", "field_not_here"),
    (programme(segments=[{"code": "s", **when("basket.amount", ">", "1")}]), "segments[0].all[0].field", "field_not_here"),
    (programme(segments=[{"code": "s", **when("time.hour", ">", 1)}]), "segments[0].all[0].field", "field_not_here"),
    (
        programme(campaigns=[campaign(audience=when("sale.store", "=", "umeda"))]),
        "campaigns[0].audience.all[0].field",
        "field_not_here",
    ),
    (programme(segments=[{"code": "s"}]), "segments[0].all", "required"),
    (programme(segments=[segment("a", "a")]), "segments[0].code", "cyclic"),
    (programme(campaigns=[campaign(control_percent=101)]), "campaigns[0].control_percent", "out_of_range"),
    (programme(campaigns=[campaign(budget={"points": -1})]), "campaigns[0].budget.points", "out_of_range"),
    (programme(campaigns=[campaign(budget={"at_end": "stop", "points": 1})]), "campaigns[0].budget.at_end", "not_a_choice"),
    (programme(campaigns=[campaign(windows={})]), "campaigns[0].windows", "unknown_key"),
    (programme(base(), settings={"point_value": "0"}, campaigns=[campaign(budget={"money": "1"})]), "settings.point_value", "not_money"),
    (programme(base(code="a:b")), "rules[0].code", "not_a_code"),
    (programme(base(lines={"at_least": {"quantity": 0}})), "rules[0].lines.at_least.quantity", "not_a_quantity"),
    ({**programme(), "rules": {"a": 1}}, "rules", "not_a_list"),
    ({**programme(), "rules": ["x"]}, "rules[0]", "not_a_mapping"),
]  # fmt: skip
NEVER_TRUE = {
    "unknown_tier",
    "unknown_segment",
    "unknown_plan",
    "unknown_store",
    "unknown_store_group",
    "unknown_value",
}


@pytest.mark.parametrize(("document", "place", "code"), ERRORS, ids=lambda one: one if isinstance(one, str) else "")
def test_a_mistake_has_its_place(document, place, code):
    problems = rules.problems(document)
    assert [(one.place, one.code, one.severity) for one in problems] == [(place, code, "error")]
    assert all(one.detail and one.mend for one in problems)
    if code in NEVER_TRUE:
        rules.compile(document)
    else:
        with pytest.raises(rules.RuleError) as caught:
            rules.compile(document)
        assert caught.value.place == place


def test_all_mistakes_are_found_at_once():
    document = programme(
        base(per="0", points=0),
        times("2,5", of=["nobody"]),
        bonus(1, when=when("member.shoe", "=", 1), rounding="up"),
        campaigns=[campaign(budget={"points": "many"}, window={"weekdays": [9]})],
    )
    assert found(document) == [
        ("rules[0].points", "out_of_range", "error"),
        ("rules[0].per", "out_of_range", "error"),
        ("rules[1].factor", "not_a_factor", "error"),
        ("rules[1].of", "unknown_rule", "error"),
        ("rules[2].when.all[0].field", "unknown_field", "error"),
        ("rules[2].rounding", "not_a_choice", "error"),
        ("campaigns[0].budget.points", "out_of_range", "error"),
        ("campaigns[0].window.weekdays", "not_weekdays", "error"),
    ]


def test_segments_that_describe_each_other():
    document = programme(segments=[segment("a", "b"), segment("b", "c"), segment("c", "b"), segment("d", "a")])
    assert found(document) == [("segments[1].code", "cyclic", "error"), ("segments[2].code", "cyclic", "error")]


def test_segments_in_any_order_are_worked_out_inner_first():
    document = programme(
        segments=[segment("a", "b"), segment("b", "c"), {"code": "c", **when("member.visits", ">", 1)}]
    )
    assert list(rules.compile(document).segments) == ["c", "b", "a"]


@pytest.mark.parametrize(
    ("document", "place", "code"),
    [
        (programme(base(), times("2", stackable=False)), "rules[1].stackable", "multiplier_alone"),
        (programme(base(lines={"include": {"skus": []}})), "rules[0].lines.include", "include_empty"),
        (programme(base(enabled=False), times("2")), "rules[1].of", "base_disabled"),
        (programme(campaigns=[{"code": "c"}]), "campaigns[0].rules", "required"),
    ],
)
def test_what_is_only_doubtful_is_a_warning(document, place, code):
    assert found(document) == [(place, code, "warning")]
    rules.compile(document)


def test_a_money_budget_needs_the_value_of_a_point():
    document = programme(base(), campaigns=[campaign(budget={"money": "100"})])
    assert found(document) == []
    assert found({**document, "rewards": []}) == [("campaigns[0].budget.money", "no_point_value", "error")]


def test_the_examples_of_the_contract_are_right():
    assert found({}) == []
    assert found(programme(base())) == []


@pytest.mark.parametrize("junk", [None, 1, "x", [], [None], {"a": None}, {"rules": [{"kind": {}}]}, True, 1.5])
@pytest.mark.parametrize("key", ["rules", "campaigns", "groups", "segments", "settings", "stores", "rewards", "tiers"])
def test_no_junk_breaks_the_reader(key, junk):
    for document in ({key: junk}, {key: [junk]}, {"rules": [{"code": "a", "kind": "fixed", key: junk}]}):
        assert isinstance(rules.problems(document), list)
