"""Notices of dates: once for each date and threshold, in the member's language, in inbox and e-mail."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from loyalty import dayend, due, ledger, outbox, reminders
from loyalty.models import Fact, Kind, Lot, Reminder
from members import enrolment
from members.models import Message
from tests.loyalty import clocks
from tests.rewards.conftest import apply, settings_with

START = datetime(2026, 4, 1, 16, tzinfo=UTC)


@pytest.fixture
def hand(db):
    with clocks.set_by_hand(START) as hand:
        apply(settings=settings_with(expiry={"kind": "rolling", "days": 60}))
        yield hand


@pytest.fixture
def ada(hand):
    return enrolment.enrol(name="Ada", email="ada@example.com", language="en", actor="test")


@pytest.fixture
def ben(hand):
    return enrolment.enrol(name="Ben", email="ben@example.com", language="ja", actor="test")


def give(member, points, ends, reference="gift", starts=None):
    with transaction.atomic():
        account = ledger.lock(member.account_id)[0]
        ledger.post(
            account=account,
            kind=Kind.EARN,
            house=ledger.House.ISSUED,
            points=points,
            reference=reference,
            actor="test",
            grants=[ledger.Grant(points, starts or START, ends)],
        )


def told(member, code="points-expiring", channel="inbox"):
    outbox.drain()
    found = Message.objects.filter(member=member, code=code, channel=channel).order_by("created_at", "key")
    return [message.subject for message in found]


ENDS = datetime(2026, 6, 1, 4, tzinfo=UTC)  # midnight in New York after 31 May


def test_thirty_and_seven_days_before_each_once(hand, ada, ben):
    give(ada, 1000, ENDS)
    give(ben, 7, ENDS)
    for day in range(61):
        hand.at = START + timedelta(days=day)
        for _ in range(2):  # jobs that run twice
            due.write_changes()
            reminders.tell_all()
        if told(ada):
            assert day >= 30
    assert told(ada) == ["1,000 points end on 31 May"] * 2
    assert told(ben) == ["5月31日に 7 ポイントの有効期限が来ます"] * 2
    assert told(ada, channel="email") == told(ada)
    texts = Message.objects.filter(member=ada, channel="inbox", code="points-expiring").order_by("created_at")
    assert ["30 days from now" in texts[0].text, "7 days from now" in texts[1].text] == [True, True]
    assert [row.days for row in Reminder.objects.filter(account=ada.account_id).order_by("told_at")] == [30, 7]
    assert [row.told_at.date().isoformat() for row in Reminder.objects.filter(account=ada.account_id)] == [
        "2026-05-01", "2026-05-24",
    ]  # fmt: skip


def test_what_several_thresholds_have_passed_is_told_once(hand, ada):
    hand.at = ENDS - timedelta(days=3)
    give(ada, 50, ENDS)
    assert reminders.tell_all() == 1 and reminders.tell_all() == 0
    assert told(ada) == ["50 points end on 31 May"]


def test_nobody_is_told_of_points_that_are_spent_by_then_or_of_none_that_end(hand, ada, ben):
    give(ada, 50, ENDS)
    give(ben, 50, None)
    hand.at = ENDS - timedelta(days=20)
    assert reminders.tell_all() == 1
    with transaction.atomic():
        ledger.post(
            account=ledger.lock(ada.account_id)[0],
            kind=Kind.REDEEM,
            house=ledger.House.REDEEMED,
            points=-50,
            reference="redemption",
            actor="test",
        )
    assert told(ada) == told(ben) == []


def test_the_programme_says_how_long_before_or_never(hand, ada):
    apply(settings=settings_with(notices={"expiry_days": [3]}))
    give(ada, 50, ENDS)
    hand.at = ENDS - timedelta(days=5)
    assert reminders.tell_all() == 0
    hand.at = ENDS - timedelta(days=2)
    assert reminders.tell_all() == 1
    apply(settings=settings_with(notices={"expiry_days": []}))
    give(ada, 60, ENDS + timedelta(days=1), "more")
    assert reminders.tell_all() == 0


def test_waiting_points_that_now_count_are_told_where_the_programme_wants_it(hand, ada, ben):
    apply(settings=settings_with(notices={"available": True}))
    give(ada, 40, None, starts=START + timedelta(days=14))
    give(ben, 40, None)
    hand.at = START + timedelta(days=13)
    assert reminders.tell_all() == 0
    hand.at = START + timedelta(days=14, hours=1)
    due.write_changes()
    assert reminders.tell_all() == 1 and reminders.tell_all() == 0
    assert told(ada, "points-available") == ["40 points can be used now"] and told(ben, "points-available") == []


def test_without_its_row_a_notice_would_be_recorded_again(hand, ada):
    """The control: what keeps a date from being told twice is the row, which the database holds once."""
    give(ada, 50, ENDS)
    hand.at = ENDS - timedelta(days=20)
    reminders.tell_all()
    Reminder.objects.all().delete()
    reminders.tell_all()
    assert Fact.objects.filter(name="points.expiring").count() == 2
    assert told(ada) == ["50 points end on 31 May"]  # and the message's own key tells nobody twice


def test_many_accounts_are_told_in_chunks(hand, monkeypatch):
    monkeypatch.setattr(reminders, "CHUNK", 3)
    people = [enrolment.enrol(name="Ada", email=f"ada{n}@example.com", actor="test") for n in range(8)]
    for person in people:
        give(person, 5, ENDS)
        give(person, 6, ENDS + timedelta(days=1), "second")
    hand.at = ENDS - timedelta(days=10)
    assert reminders.tell_all() == 16
    assert Reminder.objects.count() == 16 and Lot.objects.count() == 16


def test_the_days_end_tells_too(hand, ada):
    give(ada, 50, ENDS)
    hand.at = ENDS - timedelta(days=20)
    counts = dayend.close(dayend.days_due()[-1])
    assert counts["loyalty.dayend.points.remind"] == 1
