"""Budgets and caps against what was granted: also what was granted while nothing limited it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from loyalty import policies
from members import enrolment
from rewards import drafts, programme_file, rules
from rewards.drafts.refusals import NotACode
from rewards.earning import Receipt, record_sale

from .programmes import LONG_AGO, SMALL, said, small

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
VALUED = {**SMALL["settings"], "point_value": "0.01"}


def shop(*, rule=None, **campaign):
    """The small shop with a campaign of one rule: a point more for each unit of money."""
    more = {"code": "more", "kind": "fixed", "points": 25, **(rule or {})}
    return small(settings=VALUED, campaigns=[{"code": "c", "rules": [more], **campaign}])


def sell(document):
    """Ada buys once under the programme and gets 20 points, and 25 of the campaign."""
    policies.apply(document=document, actor="test", valid_from=LONG_AGO)
    ada = enrolment.enrol(email="ada@example.com", actor="test", occurred_at=LONG_AGO)
    basket = rules.Basket((rules.Line(1, 2000, sku="LP"),), occurred_at=NOON, currency="USD", store="main")
    receipt = Receipt(store=policies.store("main"), number="R-1", basket=basket, total_minor=2000)
    assert record_sale(receipt=receipt, member={"id": ada.pk}, actor="test").decision.points == 45


COUNTED = {"budget": {"points": 1000, "money": "10"}, "caps": {"total": 1000}, "rule": {"caps": {"total": 1000}}}


@pytest.mark.parametrize("before", [{}, COUNTED], ids=["added", "lowered"])
@pytest.mark.parametrize(
    ("limits", "place"),
    [
        ({"budget": {"points": 24}}, "campaigns[0].budget.points"),
        ({"budget": {"money": "0.24"}}, "campaigns[0].budget.money"),
        ({"budget": {"money": "0.24", "points": 25, "at_end": "none"}}, "campaigns[0].budget.money"),
        ({"caps": {"total": 24}}, "campaigns[0].caps.total"),
        ({"rule": {"caps": {"total": 24}}}, "campaigns[0].rules[0].caps.total"),
    ],
)
def test_a_limit_below_what_was_granted_is_refused_whether_or_not_somebody_counted(before, limits, place):
    sell(shop(**before))
    assert said(shop(**limits)) == {place: "below_spent"}
    with pytest.raises(programme_file.ProgrammeRefused, match="25 points were granted already"):
        programme_file.apply(document=shop(**limits), actor="test")


@pytest.mark.parametrize("before", [{}, COUNTED], ids=["added", "lowered"])
def test_what_was_granted_is_enough_for_a_limit(before):
    sell(shop(**before))
    enough = {"budget": {"points": 25, "money": "0.25"}, "caps": {"total": 25}, "rule": {"caps": {"total": 25}}}
    assert said(shop(**enough)) == {}


def test_points_while_a_budget_was_away_count_with_those_before():
    sell(shop(**COUNTED))
    programme_file.apply(document=shop(), actor="test")
    assert said(shop(budget={"points": 24})) == {"campaigns[0].budget.points": "below_spent"}
    assert said(shop(budget={"points": 25})) == {}


def test_the_mend_of_a_budget_of_money_is_the_least_that_covers_it():
    sell(shop())
    [problem] = programme_file.check_document(shop(budget={"money": "0.10"}))
    assert problem.detail == "25 points were granted already, which are worth 0.25; this allows 0.10."
    assert problem.mend == "give at least 0.25, or switch it off with enabled: false"
    worth_less = {**shop(budget={"money": "0.13"}), "settings": {**VALUED, "point_value": "0.005"}}
    assert said(worth_less) == {}
    assert said({**worth_less, "settings": {**VALUED, "point_value": "0.0053"}}) == {
        "campaigns[0].budget.money": "below_spent"
    }


def test_what_is_switched_off_may_keep_its_limit():
    sell(shop())
    assert said(shop(budget={"points": 1}, caps={"total": 1}, rule={"caps": {"total": 1}}, enabled=False)) == {}
    assert said(shop(rule={"caps": {"total": 1}, "enabled": False})) == {}


def test_a_draft_with_such_a_budget_is_not_published():
    sell(shop())
    draft = drafts.start(name="Less", actor="test")
    before, after = (shop(**more)["campaigns"][0] for more in ({}, {"budget": {"money": "0.10"}}))
    seen = drafts.fingerprint(before)
    draft = drafts.change(draft_id=draft.pk, section="campaigns", code="c", part=after, seen=seen, actor="test")
    with pytest.raises(drafts.HasProblems) as caught:
        drafts.publish(draft_id=draft.pk, seen=drafts.fingerprint(draft.document), actor="test")
    assert [one.code for one in caught.value.problems] == ["below_spent"]


@pytest.mark.parametrize("code", [".", "..", "..."])
def test_a_code_of_dots_alone_is_no_code(code):
    part = {"code": code, "kind": "fixed", "points": 1}
    assert said(small(rules=[part])) == {"rules[0].code": "wrong_form"}
    draft = drafts.start(name="Dots", actor="test")
    with pytest.raises(NotACode):
        drafts.change(draft_id=draft.pk, section="rules", code="", part=part, seen="", actor="test")
