"""A day's end: in order, once, as of its last instant, whenever it runs; and clocks that jump (FAULTS E4, E5)."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import transaction

from loyalty import books, dayend, due, ledger, tasks
from loyalty.dayend import registry
from loyalty.models import Account, ClosedDay, Entry, Job, Kind
from members import signin
from members.models import SignInCode
from tests.loyalty import clocks
from tests.races.crowd import at_once

START = datetime(2026, 5, 1, 12, tzinfo=UTC)


def grant(account, points, reference, starts=START, ends=None):
    with transaction.atomic():
        ledger.post(
            account=ledger.lock(account.pk)[0],
            kind=Kind.EARN,
            house=ledger.House.ISSUED,
            points=points,
            reference=reference,
            actor="test",
            grants=[ledger.Grant(points, starts, ends)],
        )


@pytest.fixture
def hand(db):
    with clocks.set_by_hand(START) as hand:
        yield hand


@pytest.fixture
def steps(monkeypatch):
    """What ran, in order, with the day; the real steps stay."""
    ran = []
    monkeypatch.setattr(registry, "_steps", dict(registry._steps))

    def note(phase):
        def planted(day):
            ran.append((day.day, phase.name))
            return 1

        planted.__qualname__ = f"planted_{phase.name}"
        dayend.step(phase)(planted)

    for phase in reversed(dayend.Phase):
        note(phase)
    return ran


PHASES = ["ACTIVATION", "REWARDS", "TIERS", "RESET", "EXPIRY", "BALANCE_TIERS", "FOLLOWS"]


def test_skipped_days_are_closed_in_order_and_each_once(hand, steps):
    assert dayend.close_due() == 1 and dayend.close_due() == 0  # a new system begins with yesterday
    hand.forward(days=3)
    assert dayend.days_due() == [date(2026, 5, day) for day in (1, 2, 3)]
    assert dayend.close_due() == 3 and dayend.close_due() == 0
    assert steps == [(date(2026, *day), name) for day in ((4, 30), (5, 1), (5, 2), (5, 3)) for name in PHASES]
    assert ClosedDay.objects.count() == 4
    assert ClosedDay.objects.get(day="2026-05-01").ended_at == datetime(2026, 5, 2, tzinfo=UTC)


def test_a_day_that_is_not_over_cannot_be_closed(hand):
    with pytest.raises(ValueError, match="not over"):
        dayend.close(date(2026, 5, 1))


def test_a_step_that_fails_leaves_the_day_open_and_later_days_wait(hand, steps, monkeypatch):
    dayend.close_due()
    hand.forward(days=2)

    def fails(day):
        raise RuntimeError("planted")

    dayend.step(dayend.Phase.RESET)(fails)
    with pytest.raises(RuntimeError):
        dayend.close_due()
    assert dayend.days_due() == [date(2026, 5, 1), date(2026, 5, 2)]
    registry._steps.pop(f"{fails.__module__}.{fails.__qualname__}")
    assert dayend.close_due() == 2


def test_pending_first_then_what_uses_it_then_expiry_as_of_the_last_instant(hand, monkeypatch):
    """However late: the tier of the day sees points that began to count in it, and those that end with it."""
    monkeypatch.setattr(registry, "_steps", dict(registry._steps))
    seen = []

    def look(day):
        account.refresh_from_db()
        seen.append((account.available, account.pending))
        return 0

    dayend.step(dayend.Phase.TIERS)(look)
    account = Account.objects.create()
    grant(account, 10, "ends tonight", ends=datetime(2026, 5, 2, tzinfo=UTC))
    grant(account, 5, "begins today", starts=START + timedelta(hours=3))
    grant(account, 3, "begins at midnight", starts=datetime(2026, 5, 2, tzinfo=UTC))
    ClosedDay.objects.create(day="2026-04-30", ended_at=START, closed_at=START)
    hand.forward(days=2)
    dayend.close_due()
    assert seen == [(15, 3), (8, 0)]
    expired = Entry.objects.get(kind=Kind.EXPIRE)
    assert (expired.occurred_at, expired.recorded_at) == (datetime(2026, 5, 2, tzinfo=UTC), hand.at)
    assert books.check().problems == []


def test_several_at_once_close_each_day_once(committed):
    with clocks.set_by_hand(START) as hand:
        accounts = [Account.objects.create() for _ in range(20)]
        for account in accounts:
            grant(account, 10, "test", ends=START + timedelta(hours=30))
        dayend.close_due()
        hand.forward(days=3)
        results = at_once([dayend.close_due] * 4)
        assert all(isinstance(one, int) for one in results), results
        assert ClosedDay.objects.count() == 4
        assert Entry.objects.filter(kind=Kind.EXPIRE).count() == len(accounts)
        assert books.check().problems == []


def test_the_job_closes_days_before_it_writes_what_is_due_now(hand, steps):
    dayend.close_due()
    hand.forward(days=1)
    account = Account.objects.create()
    grant(account, 10, "test", ends=hand.at + timedelta(minutes=1))
    hand.forward(minutes=2)
    tasks.write_due_changes()
    assert Entry.objects.filter(kind=Kind.EXPIRE).count() == 1 and ClosedDay.objects.count() == 2
    assert Job.objects.filter(name="loyalty.write_due_changes").exists()


def test_a_clock_that_jumps_back_or_forward_changes_no_order_and_nothing_expires_twice(hand):
    account = Account.objects.create()
    ends = START + timedelta(hours=10)
    grant(account, 10, "first", ends=ends)
    hand.forward(hours=-1)
    grant(account, 20, "an hour earlier", ends=None)
    assert list(Entry.objects.order_by("sequence").values_list("reference", flat=True)) == ["first", "an hour earlier"]
    hand.at = ends + timedelta(days=1)
    due.write_changes()
    hand.at = ends - timedelta(hours=1)  # back before the expiry: what has expired stays so
    grant(account, 5, "back again", ends=ends)
    assert ledger.balance(ledger.current(account.pk))["total"] == 20
    hand.at = ends + timedelta(days=1)
    due.write_changes()
    assert ledger.balance(ledger.current(account.pk))["total"] == 20
    assert sorted(Entry.objects.filter(kind=Kind.EXPIRE).values_list("points", flat=True)) == [-10, -5]
    assert books.check().problems == []


def test_a_code_that_ran_out_does_not_revive_when_the_clock_goes_back(hand):
    code = signin.issue(address="ada@example.com", flow="f")
    hand.forward(minutes=30)
    assert not signin.attempt(address="ada@example.com", flow="f", code=code).right
    hand.forward(minutes=-25)
    assert not signin.attempt(address="ada@example.com", flow="f", code=code).right
    late = signin.issue(address="ben@example.com", flow="f")
    hand.forward(hours=-1)  # a code of a time that has not come yet
    assert not signin.attempt(address="ben@example.com", flow="f", code=late).right
    assert SignInCode.objects.count() == 2
