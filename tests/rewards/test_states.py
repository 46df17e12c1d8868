"""What rules remember: caps of a day, of a member, of all; across versions, late sales, and what is taken back."""

from datetime import UTC, date, datetime, timedelta

import pytest

from loyalty import books, policies
from rewards.earning import states
from rewards.models import RuleState, SharedCounter

from .conftest import PROGRAMME, apply

BASE = {"code": "base", "kind": "per_amount", "points": 1, "per": "1"}
NOON = datetime(2026, 11, 20, 17, tzinfo=UTC)  # in New York


def capped(**caps):
    apply(rules=[{**BASE, "caps": caps}])


def earned(till, total="10.00", at=NOON, receipt=None):
    earned.number = getattr(earned, "number", 0) + 1
    reply = till.sell(total, receipt or f"C-{earned.number}", occurred_at=at.isoformat())
    assert reply.status_code == 201, reply.content
    return reply.json()["points"]["earned"]


@pytest.fixture(autouse=True)
def books_balance(db):
    yield
    assert books.check().problems == []


def test_a_cap_of_a_day_holds_for_the_day_of_the_programmes_zone(till):
    capped(per_day=15)
    assert [earned(till), earned(till), earned(till)] == [10, 5, 0]
    midnight = datetime(2026, 11, 21, 5, tzinfo=UTC)
    assert earned(till, at=midnight - timedelta(seconds=1)) == 0
    assert [earned(till, at=midnight), earned(till, at=midnight)] == [10, 5]
    state = RuleState.objects.get()
    assert (state.key, state.day, state.granted_today, state.granted) == ("base", date(2026, 11, 21), 15, 30)


def test_a_late_sale_counts_towards_the_cap_of_its_own_day(till):
    capped(per_day=15)
    assert [earned(till), earned(till, at=NOON + timedelta(days=1))] == [10, 10]
    assert [earned(till), earned(till)] == [5, 0]
    assert earned(till, at=NOON + timedelta(days=1)) == 5
    assert RuleState.objects.get().granted == 30


def test_a_cap_of_a_member_is_for_each_and_one_of_all_is_for_all(till, ada, ben):
    capped(per_member=15, total=22)
    assert [earned(till), earned(till)] == [10, 5]
    till.member = ben
    assert [earned(till), earned(till)] == [7, 0]
    assert SharedCounter.objects.get().granted == 22
    assert {state.member_id: state.granted for state in RuleState.objects.all()} == {ada.pk: 15, ben.pk: 7}


def test_a_quote_says_what_is_left_and_takes_nothing(till):
    capped(total=15)
    assert earned(till) == 10
    for _ in range(2):
        assert till.quote("10.00").json()["points"]["earned"] == 5
    assert SharedCounter.objects.get().granted == 10
    assert earned(till) == 5


def test_a_cap_that_comes_later_counts_what_was_given_before(till, ada):
    apply(rules=[BASE])
    assert earned(till) == 10
    capped(per_member=15, total=100)
    assert till.quote("10.00").json()["points"]["earned"] == 5
    assert earned(till) == 5
    assert (RuleState.objects.get().granted, SharedCounter.objects.get().granted) == (15, 15)
    apply(rules=[BASE])
    assert earned(till) == 10
    capped(per_member=30, total=100)
    assert earned(till) == 5
    assert (RuleState.objects.get().granted, SharedCounter.objects.get().granted) == (30, 30)


def test_a_late_sale_by_older_rules_counts_towards_the_caps_of_today(till):
    apply(rules=[BASE])
    limited = {**PROGRAMME, "rules": [{**BASE, "caps": {"per_member": 15}}]}
    policies.apply(document=limited, actor="test", valid_from=NOON)
    assert earned(till, at=NOON + timedelta(hours=1)) == 10
    assert earned(till, at=NOON - timedelta(hours=1)) == 10
    assert earned(till, at=NOON + timedelta(hours=1)) == 0
    assert RuleState.objects.get().granted == 20


def test_what_is_taken_back_may_be_given_again(till, ada):
    capped(per_day=15, total=15)
    assert [earned(till), earned(till), earned(till)] == [10, 5, 0]
    states.take_back(member=ada, granted={"base": 6, "unknown": 3}, day=date(2026, 11, 20))
    state, counter = RuleState.objects.get(key="base"), SharedCounter.objects.get()
    assert (state.granted, state.granted_today, state.taken_back) == (9, 9, 6)
    assert (counter.granted, counter.taken_back) == (9, 6)
    assert [earned(till), earned(till)] == [6, 0]
    states.take_back(member=ada, granted={"base": 100}, day=date(2026, 11, 20))
    assert (RuleState.objects.get(key="base").granted, SharedCounter.objects.get().granted) == (0, 0)


def test_what_is_taken_back_of_a_rule_without_caps_is_remembered_for_later_caps(till, ada):
    apply(rules=[BASE])
    assert earned(till) == 10
    states.take_back(member=ada, granted={"base": 4})
    capped(per_member=15)
    assert earned(till) == 9
    assert RuleState.objects.get().granted == 15


def test_what_was_taken_back_by_mistake_counts_again_day_by_day(till, ada):
    capped(per_day=15, per_member=100, total=25)
    assert [earned(till), earned(till, at=NOON + timedelta(days=1))] == [10, 10]
    before = [list(model.objects.values()) for model in (RuleState, SharedCounter)]
    days = {date(2026, 11, 20): {"base": 7}, date(2026, 11, 21): {"base": 4}}
    states.take_back_days(member=ada, granted=days)
    state, counter = RuleState.objects.get(), SharedCounter.objects.get()
    assert (state.granted, state.granted_today, state.taken_back) == (9, 6, 11)
    assert (counter.granted, counter.taken_back) == (9, 11)
    states.give_back_days(member=ada, granted=days)
    assert [list(model.objects.values()) for model in (RuleState, SharedCounter)] == before
    assert [earned(till, at=NOON + timedelta(days=1)), earned(till)] == [5, 0]


def test_what_is_taken_back_before_a_new_cap_counted_anything_is_not_lost(till, ada):
    apply(rules=[BASE])
    assert earned(till) == 10
    capped(per_member=15, total=17)
    states.take_back(member=ada, granted={"base": 4}, day=NOON.date())
    assert earned(till) == 9  # 15 less the 6 that are left
    assert (RuleState.objects.get().granted, SharedCounter.objects.get().granted) == (15, 15)


def test_what_is_taken_back_while_nobody_counts_is_taken_off_a_later_cap_of_all(till, ada):
    apply(rules=[BASE])
    assert earned(till) == 10
    states.take_back(member=ada, granted={"base": 4}, day=NOON.date())
    capped(total=15)
    assert earned(till) == 9
    counter = SharedCounter.objects.get()
    assert (counter.granted, counter.taken_back) == (15, 4)


def test_the_books_tell_of_a_counter_that_is_wrong(till, ada):
    apply(rules=[{**BASE, "code": "new", "caps": {"per_member": 100, "total": 100}}])
    earned(till)
    RuleState.objects.update(granted=9, granted_today=9)
    SharedCounter.objects.update(granted=11)
    found = {(one.invariant, one.row, one.detail) for one in books.check().problems}
    state = RuleState.objects.get()
    assert found == {
        ("I13", f"rewards_rulestate {state.pk}", "new: 9 counted and 0 taken back, 10 given"),
        ("I13", "rewards_sharedcounter new", "11 counted and 0 taken back, 10 given"),
    }
    RuleState.objects.all().delete()
    SharedCounter.objects.update(granted=10)
    found = {(one.invariant, one.row, one.detail) for one in books.check().problems}
    assert found == {("I13", f"members_member {ada.pk}", "new: 10 given, nothing counted")}
    RuleState.objects.create(member=ada, key="new", day=state.day, granted=10, version=state.version)


def test_carried_money_is_kept_from_sale_to_sale(till):
    apply(
        settings={**PROGRAMME["settings"], "earning": {"remainder": "carry"}},
        rules=[{**BASE, "per": "50"}],
    )
    assert [earned(till, "30.00"), earned(till, "20.00"), earned(till, "49.99"), earned(till, "0.01")] == [0, 1, 0, 1]
    assert RuleState.objects.get().carried_minor == 0
