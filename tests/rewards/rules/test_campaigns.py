"""What a campaign adds to a decision: why its rules did not apply, its key, its cuts."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from rewards import rules

from .worked import base, bonus, buy, decide, programme, times, when, yen

DOUBLE = times("2", "double")
SILVER = {"any": [{"field": "member.tier", "op": "in", "value": ["silver", "gold"]}]}


def with_campaign(**more):
    return yen(base("100"), campaigns=[{"code": "camp", "rules": [DOUBLE], **more}])


# what the campaign says, the member, the sale → why, wanted, was
WHY = [
    ({"enabled": False}, {}, {}, ("paused", None, None)),
    (
        {"window": {"from": "2026-12-01T00:00:00+09:00"}},
        {},
        {},
        ("campaign_window", "2026-12-01T00:00:00+09:00", "2026-11-22T10:00:00+09:00"),
    ),
    (
        {"window": {"until": "2026-11-01T00:00:00Z"}},
        {},
        {},
        ("campaign_window", "2026-11-01T09:00:00+09:00", "2026-11-22T10:00:00+09:00"),
    ),
    ({"window": {"weekdays": [2, 4]}}, {}, {}, ("weekday", "tue, thu", "sun")),
    ({"window": {"hours": ["11:00", "13:30"]}}, {}, {}, ("hours", "11:00–13:30", "10:00")),
    ({"stores": ["umeda", "namba"]}, {}, {"store": "ginza"}, ("store", "namba, umeda", "ginza")),
    ({"audience": SILVER}, {"tiers": ["bronze"]}, {}, ("audience", "gold, silver", "bronze")),
    ({"control_percent": 10}, {"bucket": 5}, {}, ("control_group", None, None)),
    ({"budget": {"points": 50}}, {"granted": {"campaign:camp": (0, 0, 50)}}, {}, ("budget", "50", "50")),
    ({"enabled": False, "stores": ["umeda"]}, {}, {}, ("paused", None, None)),
]


@pytest.mark.parametrize(("says", "member", "sale", "told"), WHY)
def test_why_a_campaign_did_not_apply(says, member, sale, told):
    decision = decide(with_campaign(**says), buy("1000", **sale), member)
    (row,) = decision.not_applied
    assert (row["rule"], row["campaign"], row["why"], row.get("wanted"), row.get("was")) == ("double", "camp", *told)
    assert decision.points == 10
    assert row.get("field") == ("member.tier" if told[0] == "audience" else None)


def test_what_a_campaign_granted_stands_under_its_key_and_on_the_rules_row():
    decision = decide(with_campaign(budget={"points": 4}), buy("600", "400"), {})
    assert decision.granted == {"base": 10, "double": 4, "campaign:camp": 4}
    assert decision.caps == [{"campaign": "camp", "cap": "budget", "limit": 4, "cut": 6}]
    rows = decision.body()["rules"]
    assert [row.get("campaign") for row in rows] == [None, "camp"]
    assert decision.line_points() == {1: 10, 2: 4}


def test_which_state_a_programme_needs():
    found = rules.compile(
        programme(
            base(caps={"per_day": 1}),
            bonus(1, "capped", caps={"total": 9}),
            bonus(1, "plain", caps={"per_sale": 9}),
            {"code": "card", "kind": "stamps", "buy": 2, "points": 1},
            {"code": "often", "kind": "streak", "times": 2, "within_days": 2, "points": 1},
            campaigns=[
                {"code": "a", "budget": {"points": 9}, "rules": [bonus(1, "in-a")]},
                {"code": "b", "caps": {"per_member": 9}, "rules": [bonus(1, "in-b")]},
                {"code": "c", "caps": {"total": 9}, "rules": [bonus(1, "in-c")]},
                {"code": "d", "rules": [bonus(1, "in-d")]},
            ],
        )
    )
    assert found.stateful == {"base", "card", "often", "campaign:b"}
    assert found.shared == {"capped", "campaign:a", "campaign:c"}
    assert found.campaigns["a"].budget_points == 9
    assert rules.compile(programme(base(), remainder="carry")).stateful == {"base"}


def test_only_what_is_asked_for_is_needed():
    regulars = {"code": "regulars", "all": [{"field": "member.purchases", "op": ">", "value": 3}]}
    idle = {"code": "idle", "all": [{"field": "member.birthday_month", "op": "=", "value": True}]}
    asked = bonus(1, when=when("member.segment", "in", ["regulars"]))
    found = rules.compile(programme(asked, segments=[regulars, idle]))
    assert found.needs == {"member.segment", "member.purchases"}
    assert set(found.segments) == {"regulars", "idle"} and set(found.asked_segments) == {"regulars"}


def test_a_value_of_an_attribute_is_not_told():
    document = programme(bonus(1, when=when("member.attribute.allergy", "=", "none")))
    decision = decide(document, buy("1"), {"attributes": {"allergy": "nuts"}})
    assert decision.not_applied == [{"rule": "bonus", "why": "allergy", "wanted": "none", "was": ""}]


def test_a_lot_for_each_pair_of_dates_and_never_more_than_was_earned():
    half = times("0.5", pending={"days": 3})
    decision = decide(programme(base(), half), buy("20"), {})
    assert decision.points == 10 and [lot.points for lot in decision.lots] == [10]


@pytest.mark.parametrize(
    ("pending", "available"),
    [
        ("none", datetime(2026, 11, 22, 1, tzinfo=UTC)),
        ({"days": 14}, datetime(2026, 12, 5, 15, tzinfo=UTC)),  # midnight in Tokyo that begins 6 December
        ("return_window", datetime(2026, 12, 21, 15, tzinfo=UTC)),
    ],
)
def test_when_points_become_available(pending, available):
    document = yen(base("100"), settings={"returns": {"window_days": 30}}, pending=pending)
    (lot,) = decide(document, buy("100"), {}).lots
    assert (lot.points, lot.available_at) == (1, available)


@pytest.mark.parametrize("value", [None, {"days": 0}])
def test_no_days_are_no_waiting(value):
    document = yen(base("100"), pending=value) if value else yen(base("100"))
    (lot,) = decide(document, buy("100"), {}).lots
    assert lot.available_at == datetime(2026, 11, 22, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("key", "instant", "told"),
    [
        ("from", "2026-12-01T00:00:00Z", ("not_started", "2026-12-01T09:00:00+09:00", "2026-11-22T10:00:00+09:00")),
        ("until", "2026-11-01T00:00:00-05:00", ("ended", "2026-11-01T14:00:00+09:00", "2026-11-22T10:00:00+09:00")),
    ],
)
def test_times_are_told_in_the_programme_s_zone(key, instant, told):
    (row,) = decide(yen(base("100", **{key: instant})), buy("1000"), {}).not_applied
    assert (row["why"], row["wanted"], row["was"]) == told


def test_the_end_of_earning_is_told_in_the_programme_s_zone():
    closing = {"earning_until": "2026-11-01T00:00:00Z", "redeeming_until": "2027-01-01T00:00:00Z"}
    (row,) = decide({**yen(base("100")), "closing": closing}, buy("1000"), {}).not_applied
    assert (row["wanted"], row["was"]) == ("2026-11-01T09:00:00+09:00", "2026-11-22T10:00:00+09:00")


@pytest.mark.parametrize(
    ("field", "value", "wanted", "was"),
    [
        ("basket.quantity", "2.5", ">= 2.5", "0.35"),
        ("basket.quantity", 3, ">= 3", "0.35"),
        ("member.purchases", "0.125", ">= 0.125", "0"),
    ],
)
def test_numbers_are_told_as_decimals(field, value, wanted, was):
    (row,) = decide(programme(base(when=when(field, ">=", value))), buy(("10", {"quantity": "0.350"})), {}).not_applied
    assert (row["wanted"], row["was"]) == (wanted, was)


def test_what_is_carried_is_that_of_the_rules_of_this_sale():
    only = [base("100", code=code, lines={"include": {"skus": [sku]}}) for code, sku in (("a", "SKU1"), ("b", "X"))]
    member = {"carried": {"a": Decimal(70), "b": Decimal(40), "gone": Decimal(9)}}
    decision = decide(programme(*only, bonus(1), remainder="carry"), buy("150.50"), member)
    body = decision.body()
    assert body["carried"] == "20.50"
    assert [(row["rule"], row.get("carried")) for row in body["rules"]] == [("a", "20.50"), ("bonus", None)]
    assert decision.carried_minor["b"] == 4000  # kept, and not told here
