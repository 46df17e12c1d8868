"""Levels by lifetime spend: reached at the sale that reaches them, and the same when worked out again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty import books, policies
from loyalty.models import Decision, Fact
from members import enrolment, locks, recount, tiers
from members.models import Member, Sale, TierStanding
from tests.members.conftest import PROGRAMME, TIERS
from tests.members.selling import sell

DAY = datetime(2026, 3, 10, 2, tzinfo=UTC)  # still 9 March in New York


def standing(member) -> TierStanding:
    return TierStanding.objects.get(member=member)


def block(member, language="en") -> dict:
    """The wallet's tier block of the first group."""
    fresh = Member.objects.get(pk=member.pk)
    [first] = tiers.explain(
        member=fresh,
        policies=policies.current(),
        standings=tiers.standings_of(member.pk),
        language=language,
    )
    return first


LEVELS = [tiers.Level(code, threshold, code) for code, threshold in (("a", 10), ("b", 20), ("c", 40))]


@pytest.mark.parametrize(
    ("metric", "code"),
    [(-5, None), (0, None), (9, None), (10, "a"), (19, "a"), (20, "b"), (39, "b"), (40, "c"), (10**15, "c")],
)
def test_the_highest_level_whose_threshold_is_reached_is_held(metric, code):
    reached = tiers.level_for(metric, LEVELS)
    assert (reached.code if reached else None) == code


@given(st.integers(-100, 100), st.lists(st.integers(0, 100), max_size=6, unique=True))
def test_the_level_is_the_one_that_a_plain_search_finds(metric, thresholds):
    levels = [tiers.Level(str(threshold), threshold, "") for threshold in sorted(thresholds)]
    reached = tiers.level_for(metric, levels)
    assert (reached.threshold if reached else None) == max((t for t in thresholds if t <= metric), default=None)


def test_one_cent_short_is_bronze_and_the_next_cent_silver(ada):
    _, qualified = sell(ada, "R-1", minor=24_999, at=DAY)
    assert (standing(ada).level, qualified.changes) == ("bronze", [])
    sale, qualified = sell(ada, "R-2", minor=1, at=DAY, points=0)
    [change] = qualified.changes
    assert (change.before, change.after, change.at) == ("bronze", "silver", DAY)
    stored = standing(ada)
    assert (stored.level, stored.since, stored.until) == ("silver", DAY, None)
    decision = Decision.objects.get(kind="tier")
    assert (decision.subject, decision.points, decision.account_id) == (sale.pk, 0, ada.account_id)
    assert decision.body == {
        "group": "status",
        "before": "bronze",
        "after": "silver",
        "metric": "spend",
        "value": "250.00",
        "from": "250.00",
    }
    fact = Fact.objects.get(name="tier.changed")
    assert (fact.account, fact.occurred_at) == (ada.account_id, DAY)
    assert fact.payload == {
        "member": str(ada.pk),
        "group": "status",
        "before": "bronze",
        "after": "silver",
        "decision": str(decision.pk),
    }


def test_a_level_may_be_skipped(ada):
    _, qualified = sell(ada, "R-1", minor=100_000, at=DAY)
    assert [(change.before, change.after) for change in qualified.changes] == [("bronze", "gold")]
    assert [one.level for one in qualified.standings] == ["gold"]


def test_a_late_sale_counts_at_its_own_date(ada):
    sell(ada, "R-1", minor=30_000, at=DAY)
    _, qualified = sell(ada, "R-0", minor=15_000, at=DAY - timedelta(days=30))
    assert (qualified.changes, standing(ada).since) == ([], DAY)
    _, qualified = sell(ada, "R-2", minor=10_000, at=DAY - timedelta(days=20))
    [change] = qualified.changes
    assert (change.before, change.after, change.at) == ("silver", "gold", DAY)
    member = Member.objects.get(pk=ada.pk)
    assert (member.first_sale_at, member.last_sale_at) == (DAY - timedelta(days=30), DAY)


def test_a_late_sale_may_show_that_a_level_was_reached_before(ada):
    sell(ada, "R-1", minor=25_000, at=DAY)
    _, qualified = sell(ada, "R-0", minor=24_000, at=DAY - timedelta(days=30))
    assert (qualified.changes, standing(ada).since) == ([], DAY)
    sell(ada, "R-2", minor=999, at=DAY - timedelta(days=20), points=0)
    assert standing(ada).since == DAY
    _, qualified = sell(ada, "R-3", minor=1, at=DAY - timedelta(days=10), points=0)
    assert [(change.after, change.at) for change in qualified.changes] == [("gold", DAY)]


def test_since_moves_back_where_a_late_sale_alone_would_have_reached_the_level(ada):
    sell(ada, "R-1", minor=10_000, at=DAY)
    sell(ada, "R-2", minor=15_000, at=DAY + timedelta(days=9))
    assert standing(ada).since == DAY + timedelta(days=9)
    _, qualified = sell(ada, "R-0", minor=20_000, at=DAY - timedelta(days=30))
    assert (qualified.changes, standing(ada).since) == ([], DAY)


MOMENTS = st.integers(0, 20).map(lambda days: DAY + timedelta(days=days))


@pytest.mark.django_db
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(MOMENTS, st.integers(0, 30_000)), max_size=7))
def test_in_whatever_order_sales_arrive_level_and_since_are_those_of_their_own_order(programme, sales):
    ada = enrolment.enrol(actor="test")
    for number, (at, minor) in enumerate(sales):
        sell(ada, f"{ada.pk}-{number}", minor=minor, at=at, points=0)
    spend, level, since = 0, "bronze", ada.enrolled_at
    for at, minor in sorted(sales):
        spend += minor
        reached = "gold" if spend >= 50_000 else "silver" if spend >= 25_000 else "bronze"
        if reached != level:
            level, since = reached, at
    assert (standing(ada).level, standing(ada).since) == (level, since)
    assert recount.recompute(member_id=ada.pk).changes == []
    assert (standing(ada).level, standing(ada).since) == (level, since)


def test_the_wallet_says_what_is_held_since_when_and_what_is_needed(ada):
    assert block(ada)["next"] == {"code": "silver", "metric": "spend", "needed": "250.00"}
    sell(ada, "R-1", minor=30_050, at=DAY)
    assert block(ada, "ja") == {
        "group": "status",
        "code": "silver",
        "name": "シルバー",
        "since": "2026-03-09",
        "until": None,
        "floor": None,
        "next": {"code": "gold", "metric": "spend", "needed": "199.50"},
        "keep": {"metric": "spend", "needed": "0.00"},
    }
    sell(ada, "R-2", minor=19_950, at=DAY)
    assert (block(ada)["code"], block(ada)["next"]) == ("gold", None)


def test_below_the_lowest_level_there_is_no_tier_but_a_way_to_one(programme):
    document = {**PROGRAMME, "tiers": [{**TIERS[0], "levels": TIERS[0]["levels"][1:]}]}
    policies.apply(document=document, actor="test", valid_from=datetime(2020, 1, 1, tzinfo=UTC))
    ada = enrolment.enrol(email="ada@example.com", actor="test")
    assert (standing(ada).level, standing(ada).since) == ("", None)
    assert block(ada) == {
        "group": "status",
        "code": None,
        "name": None,
        "since": None,
        "until": None,
        "floor": None,
        "next": {"code": "silver", "metric": "spend", "needed": "250.00"},
        "keep": None,
    }
    _, qualified = sell(ada, "R-1", minor=25_000, at=DAY)
    assert [(change.before, change.after) for change in qualified.changes] == [("", "silver")]


def test_a_programme_without_tiers_has_none(programme, ada):
    policies.apply(document={**PROGRAMME, "tiers": []}, actor="test", valid_from=datetime(2020, 1, 1, tzinfo=UTC))
    _, qualified = sell(ada, "R-1", minor=100_000)
    assert (qualified.standings, qualified.changes) == ([], [])
    assert tiers.shown(policies.current(), tiers.standings_of(ada.pk), "en") is None


@pytest.mark.parametrize(
    "other", [{"metric": "visits"}, {"window": {"kind": "calendar", "period": "year"}}, {"metric": "points_earned"}]
)
def test_a_ladder_that_is_not_worked_out_yet_has_nobody_on_it_and_stops_nothing(programme, ada, other):
    sell(ada, "R-1", minor=60_000, at=DAY)
    document = {**PROGRAMME, "tiers": [{**TIERS[0], **other}]}
    policies.apply(document=document, actor="test", valid_from=datetime(2020, 1, 1, tzinfo=UTC))
    assert recount.recompute_all() == 1
    sell(ada, "R-2", minor=60_000, at=DAY)
    assert standing(ada).level == ""
    assert {name: block(ada)[name] for name in ("code", "next", "keep")} == {"code": None, "next": None, "keep": None}
    assert tiers.shown(policies.current(), tiers.standings_of(ada.pk), "en") is None
    assert books.check().problems == []


def test_the_books_name_a_member_whose_counter_or_level_does_not_follow_from_the_sales(ada, ben):
    sell(ada, "R-1", minor=30_000, at=DAY)
    assert books.check().problems == []
    Member.objects.filter(pk=ben.pk).update(spend_minor=5)
    TierStanding.objects.filter(member=ada).update(level="gold")
    found = [(problem.invariant, problem.row, problem.detail) for problem in books.check().problems]
    assert found == [
        ("I11", f"member {ben.pk}", "5, 0 on record, 0, 0 by the sales"),
        ("I11", f"member {ada.pk}", "gold on record in status, silver by the sales"),
    ]


def test_recomputing_sets_counters_and_level_to_what_the_sales_say(ada):
    sell(ada, "R-1", minor=30_000, at=DAY)
    Member.objects.filter(pk=ada.pk).update(spend_minor=1, purchases=9, last_sale_at=None)
    TierStanding.objects.filter(member=ada).update(level="gold")
    qualified = recount.recompute(member_id=ada.pk)
    assert [(change.before, change.after) for change in qualified.changes] == [("gold", "silver")]
    fresh = locks.lock(id=ada.pk).member
    assert (fresh.spend_minor, fresh.purchases, fresh.last_sale_at) == (30_000, 1, DAY)
    assert books.check().problems == []


def test_recomputing_what_is_right_changes_nothing(ada):
    sell(ada, "R-1", minor=30_000, at=DAY)
    before = (Fact.objects.count(), Decision.objects.count())
    assert recount.recompute(member_id=ada.pk).changes == []
    assert (Fact.objects.count(), Decision.objects.count()) == before


def test_after_new_thresholds_everyone_whom_they_move_is_moved_and_nobody_else(ada, ben):
    sell(ada, "R-1", minor=30_000, at=DAY)
    levels = [{**level, "from": {"silver": "400"}.get(level["code"], level["from"])} for level in TIERS[0]["levels"]]
    policies.apply(
        document={**PROGRAMME, "tiers": [{**TIERS[0], "levels": levels}]},
        actor="test",
        valid_from=datetime(2020, 1, 1, tzinfo=UTC),
    )
    assert [problem.row for problem in books.check().problems] == [f"member {ada.pk}"]
    assert recount.recompute_all() == 1
    assert (standing(ada).level, standing(ben).level) == ("bronze", "bronze")
    assert books.check().problems == []
    assert recount.recompute_all() == 0


def test_a_voided_sale_does_not_count(ada):
    sale, _ = sell(ada, "R-1", minor=30_000, at=DAY)
    Sale.objects.filter(pk=sale.pk).update(status="voided")
    recount.recompute(member_id=ada.pk)
    assert Member.objects.get(pk=ada.pk).spend_minor == 0
    assert standing(ada).level == "bronze"
