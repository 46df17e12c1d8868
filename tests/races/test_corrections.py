"""Corrections and their undo while shops go on selling under the same budget: counted exactly, and no deadlock."""

from __future__ import annotations

import time
import uuid
from datetime import timedelta
from functools import partial

import pytest
from django.db import transaction
from django.db.models import Sum

from loyalty import clock, staff, staff_limits
from loyalty.models import Decision, Entry, Kind, Role
from members import enrolment, locks
from members.models import Member
from rewards import corrections
from rewards.earning import states
from rewards.models import Correction, CorrectionPart, RuleState, SharedCounter
from tests.rewards.conftest import apply, settings_with
from tests.size import by_size

from .crowd import assert_books_balance, at_once
from .test_budgets import sell

MEMBERS, EACH, BUDGET = 8, 6, 300
KEY = "campaign:fair"


@pytest.fixture
def shop(committed) -> list[Member]:
    """Gifts of 7 points under a budget of all, beside a second budget whose key sorts before it."""
    apply(
        rules=[],
        settings=settings_with(
            adjustments={"below_zero": "debt", "second_person_over": None, "daily_per_person": None}
        ),
        campaigns=[
            {"code": "fair", "budget": {"points": BUDGET}, "rules": [{"code": "gift", "kind": "fixed", "points": 7}]},
            {"code": "aid", "budget": {"points": 100}, "rules": [{"code": "five", "kind": "fixed", "points": 5}]},
        ],
    )
    return [enrolment.enrol(email=f"ada{number}@example.com", actor="test") for number in range(MEMBERS)]


def hire(email: str = "cleo@staff.example"):
    return staff.create(email=email, role=Role.MARKETER, name="Cleo", password="x" * 14, actor="test")


def begin(user) -> Correction:
    now = clock.now()
    scope = corrections.Scope("gift", now - timedelta(days=1), now + timedelta(days=1))
    key = corrections.look(correction=uuid.uuid4(), scope=scope, user=user).pk
    assert corrections.count(correction=key)
    found = corrections.prepare(correction=key, deed="take_back", reason="Wrong", words={}, user=user)
    return corrections.start(correction=found.pk, content_hash=found.content_hash, user=user)


def undo(found: Correction, user) -> None:
    corrections.undo(correction=found.pk, reason="Right after all", user=user)


def sell_many(member: Member, round_: str) -> int:
    return sum(sell(member, f"R-{round_}-{member.pk}-{turn}") for turn in range(EACH))


def together(members: list[Member], round_: str, *acts) -> None:
    """Every member buys, and the acts run, all at once."""
    results = at_once([*(partial(sell_many, member, round_) for member in members), *acts])
    assert not [result for result in results if isinstance(result, Exception)], results


def finish(found: Correction) -> None:
    while not corrections.work_off(correction=found.pk):
        pass


def sold() -> int:
    """Points that sales gave by the rule."""
    bodies = Decision.objects.filter(kind="sale").values_list("body", flat=True)
    return sum(row["points"] for body in bodies for row in body["rules"] if row["rule"] == "gift")


def net() -> int:
    """The same less what corrections took and did not give back."""
    taken = CorrectionPart.objects.filter(state="done").aggregate(sum=Sum("taken"))["sum"] or 0
    return sold() - taken


def test_a_budget_stays_exact_through_correction_and_undo_among_sales(shop):
    user = hire()
    for member in shop[: MEMBERS // 2]:
        sell_many(member, "first")
    for round_ in range(by_size(1, 4, 20)):
        found = begin(user)
        worker = partial(finish, found)
        together(shop, f"take-{round_}", worker, worker)
        counter = SharedCounter.objects.get(key=KEY)
        assert counter.granted == net() <= BUDGET
        taken = found.parts.aggregate(sum=Sum("taken"))["sum"]
        undo(found, user)
        together(shop, f"undo-{round_}", worker, worker)
        counter = SharedCounter.objects.get(key=KEY)
        assert (counter.granted, counter.taken_back) == (sold(), 0)
        assert counter.granted <= BUDGET + taken
        found.refresh_from_db()
        assert found.state == "undone"
    reasons = Entry.objects.filter(kind__in=[Kind.ADJUST, Kind.REINSTATE])
    assert reasons.aggregate(sum=Sum("points"))["sum"] == 0
    assert_books_balance()


def test_without_the_lock_the_count_is_lost(shop, monkeypatch):
    """The control: counters that are read without being locked."""
    monkeypatch.setattr(states, "LOCK", states.LOCK.replace("FOR NO KEY UPDATE", ""))
    user, wrong = hire(), False
    for round_ in range(10):
        for member in shop:
            sell(member, f"R-{round_}-{member.pk}")
        found = begin(user)
        worker = partial(finish, found)
        at_once([*(partial(sell_many, member, f"take-{round_}") for member in shop), worker, worker])
        wrong = SharedCounter.objects.get(key=KEY).granted != net()
        if wrong:
            break
    assert wrong


def test_days_of_several_campaigns_lock_their_counters_in_one_order(shop):
    """Two corrections of members who got the points of two campaigns on two days, in opposite order: no deadlock."""
    user_days = [
        ({"campaign:fair": 1}, {"campaign:aid": 1}),
        ({"campaign:aid": 1}, {"campaign:fair": 1}),
    ]
    for member in shop:
        sell(member, f"R-{member.pk}")
    today = clock.now().date()

    def take(member: Member, first: dict[str, int], second: dict[str, int]) -> None:
        days = {today - timedelta(days=1): first, today: second}
        with transaction.atomic():
            locks.lock(id=member.pk)
            states.take_back_days(member=member, granted=days)
            states.give_back_days(member=member, granted=days)

    for _ in range(by_size(3, 10, 50)):
        results = at_once([partial(take, member, *user_days[n % 2]) for n, member in enumerate(shop)])
        assert results == [None] * MEMBERS, results
    assert set(RuleState.objects.values_list("granted", "taken_back")) == {(0, 0)}  # nobody counts them by member
    assert SharedCounter.objects.get(key=KEY).granted == 7 * MEMBERS


def test_of_two_starts_at_once_only_what_the_day_allows_begins(shop, monkeypatch):
    """One person starts four corrections of 7 points at once; 20 are allowed alone, so two begin. Then the control."""
    apply_limits(20)
    begun = []
    for lock in (staff_limits.locked, slow_and_unlocked):
        monkeypatch.setattr(staff_limits, "locked", lock)
        user = hire(f"{len(begun)}@staff.example")
        found = [questioned(user, member) for member in shop[:4]]
        at_once(
            [partial(corrections.start, correction=one.pk, content_hash=one.content_hash, user=user) for one in found]
        )
        begun.append(Correction.objects.filter(pk__in=[one.pk for one in found], state="running").count())
    assert begun[0] == 2 and begun[1] > 2


def apply_limits(alone: int) -> None:
    apply(
        rules=[{"code": "gift", "kind": "fixed", "points": 7}],
        settings=settings_with(adjustments={"below_zero": "debt", "second_person_over": alone}),
    )


def slow_and_unlocked(actor: str) -> staff_limits.Today:
    """The control: what is allowed, read without the person's lock."""
    allowed = staff_limits.today(actor)
    time.sleep(0.3)
    return allowed


def questioned(user, member: Member) -> Correction:
    """A correction of what one member has, prepared."""
    now = clock.now()
    sell(member, f"R-{uuid.uuid4()}")
    scope = corrections.Scope("gift", now, clock.now() + timedelta(seconds=1))
    key = corrections.look(correction=uuid.uuid4(), scope=scope, user=user).pk
    assert corrections.count(correction=key)
    found = corrections.prepare(correction=key, deed="take_back", reason="Wrong", words={}, user=user)
    assert found.points == 7
    return found
