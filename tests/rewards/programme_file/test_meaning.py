"""What a programme says against itself, or against what is stored."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from loyalty import policies
from members import enrolment
from rewards import programme_file, rules
from rewards.earning import Receipt, record_sale
from rewards.models import SharedCounter

from .programmes import LONG_AGO, SMALL, said, small

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
BASE = SMALL["rules"][0]
EARLY, LATE = "2026-12-01T00:00:00+00:00", "2027-01-01T00:00:00+00:00"


def rule(**more):
    return {"code": "extra", "kind": "fixed", "points": 5, **more}


def tier_is(code):
    return {"all": [{"field": "member.tier", "op": "in", "value": [code]}]}


ROW = {"field": "basket.amount", "op": ">", "value": "1"}
DEEP = {"all": [{"any": [{"all": [{"any": [{"all": [ROW]}]}]}]}]}


def campaign(**more):
    return {"code": "c", "rules": [rule()], **more}


def reward(**more):
    return {"code": "r", "kind": "amount_off", "amount": "5", "points": 100, **more}


def ladder(metric="spend", *levels, **more):
    return {
        "group": "status",
        "metric": metric,
        "levels": [{"code": f"l{i}", "from": x} for i, x in enumerate(levels)],
        **more,
    }


CASES = [
    # settings
    ({"settings": {"timezone": "Moon/Base"}}, "settings.timezone", "zone_unknown"),
    ({"settings": {"timezone": "../../etc/passwd"}}, "settings.timezone", "zone_unknown"),
    ({"settings": {"currency": "XQQ"}}, "settings.currency", "currency_unknown"),
    ({"settings": {"expiry": {"kind": "rolling", "days": 1, "months": 1}}}, "settings.expiry.months", "either_or"),
    ({"settings": {"expiry": {"kind": "fixed", "dates": ["02-30"]}}}, "settings.expiry.dates", "not_a_day"),
    # codes
    ({"stores": [{"code": "a"}, {"code": "a"}]}, "stores[1].code", "doubled_code"),
    ({"rules": [BASE, rule(code="base")]}, "rules[1].code", "doubled_code"),
    ({"campaigns": [campaign(rules=[rule(code="base")])]}, "campaigns[0].rules[0].code", "doubled_code"),
    ({"tiers": [ladder("spend", "1"), ladder("spend", "2", group="other")]}, "tiers[1].levels[0].code", "doubled_code"),
    ({"rewards": [reward(), reward()]}, "rewards[1].code", "doubled_code"),
    # references
    ({"rules": [BASE, rule(when=tier_is("glod"))]}, "rules[1].when.all[0].value[0]", "unknown_reference"),
    ({"rules": [BASE, rule(group="nobody")]}, "rules[1].group", "unknown_reference"),
    (
        {"rules": [BASE, {"code": "s", "kind": "stamps", "buy": 9, "reward": "cup"}]},
        "rules[1].reward",
        "unknown_reference",
    ),
    (
        {"rules": [BASE, {"code": "m", "kind": "multiplier", "factor": "2", "of": ["bse"]}]},
        "rules[1].of[0]",
        "unknown_reference",
    ),
    ({"campaigns": [campaign(stores=["nowhere"])]}, "campaigns[0].stores[0]", "unknown_reference"),
    ({"campaigns": [campaign(audience=tier_is("x"))]}, "campaigns[0].audience.all[0].value[0]", "unknown_reference"),
    ({"rewards": [reward(tiers=["x"])]}, "rewards[0].tiers[0]", "unknown_reference"),
    ({"rewards": [reward(excludes=["x"])]}, "rewards[0].excludes[0]", "unknown_reference"),
    ({"rewards": [reward(stock={"nowhere": 1})]}, "rewards[0].stock.nowhere", "unknown_reference"),
    ({"rules": [BASE, rule(trigger="birthdays")]}, "rules[1].trigger", "unknown_trigger"),
    # multipliers
    ({"rules": [{"code": "m", "kind": "multiplier", "factor": "2"}]}, "rules[0].of", "no_base"),
    (
        {"rules": [rule(), {"code": "m", "kind": "multiplier", "factor": "2", "of": ["extra"]}]},
        "rules[1].of",
        "no_base",
    ),
    (
        {"rules": [{**BASE, "enabled": False}, {"code": "m", "kind": "multiplier", "factor": "2"}]},
        "rules[1].of",
        "base_disabled",
    ),
    # windows
    ({"rules": [BASE, rule(**{"from": LATE, "until": EARLY})]}, "rules[1].until", "contradictory_window"),
    (
        {"campaigns": [campaign(window={"from": LATE, "until": LATE})]},
        "campaigns[0].window.until",
        "contradictory_window",
    ),
    (
        {"campaigns": [campaign(window={"hours": ["09:00", "09:00"]})]},
        "campaigns[0].window.hours",
        "contradictory_window",
    ),
    (
        {"campaigns": [campaign(window={"until": EARLY}, rules=[rule(**{"from": LATE})])]},
        "campaigns[0].rules[0].from",
        "window_empty",
    ),
    (
        {
            "campaigns": [
                campaign(
                    window={"weekdays": [2]},
                    rules=[rule(when={"all": [{"field": "time.weekday", "op": "in", "value": [4]}]})],
                )
            ]
        },
        "campaigns[0].rules[0].when.all[0].value",
        "contradictory_window",
    ),
    ({"rewards": [reward(window={"from": LATE, "until": EARLY})]}, "rewards[0].window.until", "contradictory_window"),
    ({"rules": [BASE, rule(**{"from": "2026-02-30T00:00:00+00:00"})]}, "rules[1].from", "not_a_time"),
    # conditions
    (
        {"segments": [{"code": "s", "all": [{"field": "member.segment", "op": "in", "value": ["s"]}]}]},
        "segments[0].code",
        "cyclic",
    ),
    ({"rules": [BASE, rule(when=DEEP)]}, "rules[1].when.all[0].any[0].all[0].any[0].all", "too_deep"),
    ({"rewards": [reward(when={"field": "basket.nothing", "value": 1})]}, "rewards[0].when.field", "unknown_field"),
    # money
    ({"rewards": [reward(amount="5.001")]}, "rewards[0].amount", "too_many_decimals"),
    ({"rules": [{**BASE, "per": "1.001"}]}, "rules[0].per", "too_many_decimals"),
    ({"campaigns": [campaign(budget={"money": "100"})]}, "campaigns[0].budget.money", "no_point_value"),
    # tiers
    ({"tiers": [ladder("spend", "500", "100")]}, "tiers[0].levels[1].from", "not_ascending"),
    ({"tiers": [ladder("spend", "100", "100.00")]}, "tiers[0].levels[1].from", "not_ascending"),
    ({"tiers": [ladder("visits", "1.5")]}, "tiers[0].levels[0].from", "not_an_integer"),
    ({"tiers": [ladder("spend", 100)]}, "tiers[0].levels[0].from", "not_quoted"),
    ({"tiers": [ladder("visits", 3)]}, "tiers[0]", "not_worked_out"),
    # a balance that an automatic reward takes away
    (
        {"tiers": [ladder("balance", 50, 200)], "rewards": [reward(automatic=True)]},
        "tiers[0].levels[1].from",
        "unreachable_tier",
    ),
    # plans, messages, closing
    ({"plans": [{"code": "p", "length": {"days": 0}}]}, "plans[0].length", "out_of_range"),
    (
        {"messages": [{"code": "m", "trigger": "balance.reached", "channels": ["inbox"], "text": "x"}]},
        "messages[0].at",
        "required",
    ),
    ({"closing": {"earning_until": LATE, "redeeming_until": EARLY}}, "closing.redeeming_until", "contradictory_window"),
]
WARNINGS = {"currency_unknown", "base_disabled", "not_worked_out", "unreachable_tier"}


@pytest.mark.parametrize(("changes", "place", "code"), CASES, ids=[f"{place}-{code}" for _, place, code in CASES])
def test_what_contradicts_itself_is_named_once_with_a_mend(changes, place, code):
    found = [problem for problem in programme_file.check_document(small(**changes)) if problem.place == place]
    assert [problem.code for problem in found] == [code], programme_file.check_document(small(**changes))
    assert found[0].mend and found[0].detail
    assert found[0].severity == ("warning" if code in WARNINGS else "error")


def test_a_sound_programme_has_no_problem():
    assert said(small()) == {}
    assert said(small(tiers=[ladder("balance", 50)], rewards=[reward(automatic=True)])) == {
        "tiers[0]": "not_worked_out",
        "tiers[0].metric": "balance_falls",
    }
    sometimes = reward(automatic=True, limit={"per_member": 1})
    assert "tiers[0].levels[0].from" not in said(small(tiers=[ladder("balance", 200)], rewards=[sometimes]))


@pytest.fixture
def sold():
    """Ada bought one LP."""
    policies.apply(document=SMALL, actor="test", valid_from=LONG_AGO)
    ada = enrolment.enrol(email="ada@example.com", actor="test", occurred_at=LONG_AGO)
    basket = rules.Basket((rules.Line(1, 2000, sku="LP"),), occurred_at=NOON, currency="USD", store="main")
    receipt = Receipt(store=policies.store("main"), number="R-1", basket=basket, total_minor=2000)
    record_sale(receipt=receipt, member={"id": ada.pk}, actor="test")


def test_the_currency_stays_once_something_was_sold(sold):
    other = small(settings={"currency": "JPY"})
    assert said(other)["settings.currency"] == "currency_change"
    with pytest.raises(programme_file.ProgrammeRefused, match="USD"):
        programme_file.apply(document=other, actor="test")


def test_another_currency_is_free_while_nothing_was_sold():
    policies.apply(document=SMALL, actor="test", valid_from=LONG_AGO)
    assert said(small(settings={"currency": "JPY"})) == {}


def test_a_sku_that_was_never_sold_is_doubtful_and_told_once(sold):
    lines = {"include": {"skus": ["LP", "CD"]}}
    found = programme_file.check_document(
        small(rules=[BASE, rule(lines=lines), rule(code="more", lines={"exclude": {"skus": ["CD"]}})])
    )
    assert [(one.place, one.code, one.severity) for one in found] == [
        ("rules[1].lines.include.skus[1]", "sku_unseen", "warning")
    ]


def test_a_budget_below_what_is_spent_is_refused():
    SharedCounter.objects.create(key="campaign:c", granted=120)
    SharedCounter.objects.create(key="extra", granted=30)
    tight = campaign(budget={"points": 119}, caps={"total": 119}, rules=[rule(caps={"total": 29})])
    assert said(small(campaigns=[tight])) == {
        "campaigns[0].budget.points": "below_spent",
        "campaigns[0].caps.total": "below_spent",
        "campaigns[0].rules[0].caps.total": "below_spent",
    }
    enough = campaign(budget={"points": 120}, caps={"total": 120}, rules=[rule(caps={"total": 30})])
    assert said(small(campaigns=[enough])) == {}
