"""Giving expired points back: with a reason, once, within the limits, never to oneself."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django.db.utils import IntegrityError

from loyalty import audit, books, ledger, staff_limits
from loyalty.errors import InvalidBody, NotFound, OwnAccount
from loyalty.models import AuditRecord, Entry, Kind, User
from members import enrolment, reinstating
from members.models import Reinstatement
from tests.loyalty import clocks
from tests.rewards.conftest import apply, settings_with

START = datetime(2026, 4, 1, 16, tzinfo=UTC)
LATER = START + timedelta(days=100)


@pytest.fixture
def hand(db):
    with clocks.set_by_hand(START) as hand:
        apply(settings=settings_with(adjustments={"second_person_over": 500, "daily_per_person": 1000}))
        yield hand


@pytest.fixture
def ada(hand):
    return enrolment.enrol(name="Ada", email="ada@example.com", actor="test")


@pytest.fixture
def cleo(db):
    return User.objects.create_user("cleo@example.com", "a password of hers", is_staff=True)


@pytest.fixture
def dan(db):
    return User.objects.create_user("dan@example.com", "a password of his", is_staff=True)


def expired(member, points, hand, reference="gift"):
    """An expiry of so many points, a day ago."""
    with transaction.atomic():
        ledger.post(
            account=ledger.lock(member.account_id)[0],
            kind=Kind.EARN,
            house=ledger.House.ISSUED,
            points=points,
            reference=reference,
            actor="test",
            grants=[ledger.Grant(points, hand.at, hand.at + timedelta(days=1))],
        )
    hand.forward(days=2)
    ledger.current(member.account_id)
    return Entry.objects.filter(account=member.account_id, kind=Kind.EXPIRE).latest("sequence")


def give_back(entry, user, until=LATER, reason="The shop was closed"):
    return reinstating.reinstate(entry=entry.pk, until=until, reason=reason, user=user)


def test_below_the_limit_it_is_done_at_once_with_a_date_of_its_own(ada, hand, cleo):
    entry = expired(ada, 100, hand)
    row = give_back(entry, cleo)
    back = Entry.objects.get(kind=Kind.REINSTATE)
    assert (row.state, back.reference, back.points, back.house, back.actor) == (
        "done", f"reinstate:{row.pk}", 100, "expired", f"staff:{cleo.pk}",
    )  # fmt: skip
    account = ledger.current(ada.account_id)
    assert (account.available, account.lifetime_earned) == (100, 100)
    record = AuditRecord.objects.latest("sequence")
    assert (record.action, record.reason, record.data["points"]) == ("reinstatement.done", "The shop was closed", 100)
    hand.at = LATER
    assert ledger.current(ada.account_id).total == 0  # they end again, and that can be undone again
    again = Entry.objects.filter(kind=Kind.EXPIRE).latest("sequence")
    assert give_back(again, cleo, until=hand.at + timedelta(days=3)).state == "done"
    assert books.check().problems == [] and audit.verify().holds


def test_once_for_each_expiry(ada, hand, cleo, dan):
    entry = expired(ada, 100, hand)
    give_back(entry, cleo)
    for user in (cleo, dan):
        with pytest.raises(reinstating.ReinstatedBefore):
            give_back(entry, user)
    with pytest.raises(ValueError, match="before"), transaction.atomic():  # also past the operation
        ledger.restore(
            account=ledger.lock(ada.account_id)[0], entry=entry, reference="reinstate:x", actor="test", until=None
        )
    with pytest.raises(IntegrityError), transaction.atomic():  # also past everything
        Reinstatement.objects.create(
            member=ada, entry=entry.pk, points=1, until=LATER, reason="x", content_hash="", asked_by="test"
        )
    assert ledger.current(ada.account_id).total == 100


def test_over_the_limit_another_person_agrees_to_exactly_this_within_a_day(ada, hand, cleo, dan):
    entry = expired(ada, 600, hand)
    row = give_back(entry, cleo)
    assert row.state == "waiting" and ledger.current(ada.account_id).total == 0
    with pytest.raises(reinstating.SecondPersonNeeded):
        reinstating.approve(reinstatement=row.pk, content_hash=row.content_hash, user=cleo)
    with pytest.raises(reinstating.ContentChanged):
        reinstating.approve(reinstatement=row.pk, content_hash="0" * 64, user=dan)
    Reinstatement.objects.filter(pk=row.pk).update(points=601)  # changed behind the second person's back
    with pytest.raises(reinstating.ContentChanged):
        reinstating.approve(reinstatement=row.pk, content_hash=row.content_hash, user=dan)
    Reinstatement.objects.filter(pk=row.pk).update(points=600)
    hand.forward(hours=23)
    reinstating.approve(reinstatement=row.pk, content_hash=row.content_hash, user=dan)
    assert ledger.current(ada.account_id).total == 600
    with pytest.raises(reinstating.NotNow):
        reinstating.approve(reinstatement=row.pk, content_hash=row.content_hash, user=dan)
    assert books.check().problems == []


def test_after_a_day_it_lapses_and_can_be_asked_again(ada, hand, cleo, dan):
    entry = expired(ada, 600, hand)
    row = give_back(entry, cleo)
    with pytest.raises(reinstating.ReinstatedBefore):
        give_back(entry, dan)
    hand.forward(hours=24)
    with pytest.raises(reinstating.NotNow):
        reinstating.approve(reinstatement=row.pk, content_hash=row.content_hash, user=dan)
    second = give_back(entry, dan)
    reinstating.refuse(reinstatement=second.pk, user=cleo)
    assert sorted(Reinstatement.objects.values_list("state", flat=True)) == ["lapsed", "refused"]
    assert give_back(entry, cleo).state == "waiting"


def test_nobody_gives_back_more_than_so_much_a_day(ada, hand, cleo, dan):
    entries = [expired(ada, 400, hand, f"gift {n}") for n in range(3)]
    assert give_back(entries[0], cleo).state == "done"
    assert give_back(entries[1], cleo).state == "waiting"  # 800 together: what is cut into small ones counts as one
    with pytest.raises(staff_limits.DailyLimit):
        give_back(entries[2], cleo)
    assert give_back(entries[2], dan).state == "done"
    fourth = expired(ada, 400, hand, "gift 4")  # two days later
    assert give_back(fourth, cleo).state == "done"


def test_nobody_acts_on_their_own_membership(hand, cleo, dan):
    own = enrolment.enrol(name="Cleo", email="cleo@example.com", actor="test")
    entry = expired(own, 600, hand)
    with pytest.raises(OwnAccount):
        give_back(entry, cleo)
    row = give_back(entry, dan)
    with pytest.raises(OwnAccount):
        reinstating.approve(reinstatement=row.pk, content_hash=row.content_hash, user=cleo)


@pytest.mark.parametrize(
    ("more", "field"),
    [({"reason": " "}, "reason"), ({"reason": "x" * 301}, "reason"), ({"until": START}, "until"),
     ({"until": START + timedelta(days=4000)}, "until")],
)  # fmt: skip
def test_it_needs_a_reason_and_a_day_to_come(ada, hand, cleo, more, field):
    entry = expired(ada, 100, hand)
    with pytest.raises(InvalidBody) as refused:
        give_back(entry, cleo, **more)
    assert refused.value.errors[0].field == field


def test_only_an_expiry_can_be_given_back(ada, hand, cleo):
    expired(ada, 100, hand)
    with pytest.raises(NotFound):
        give_back(Entry.objects.get(kind=Kind.EARN), cleo)


def test_a_debt_is_paid_first(ada, hand, cleo):
    entry = expired(ada, 100, hand)
    with transaction.atomic():
        ledger.post(
            account=ledger.lock(ada.account_id)[0],
            kind=Kind.RETURN,
            house=ledger.House.ISSUED,
            points=-30,
            reference="return:1",
            actor="test",
            allow_debt=True,
        )
    give_back(entry, cleo)
    account = ledger.current(ada.account_id)
    assert (account.total, account.available, account.debt) == (70, 70, 0)
    assert books.check().problems == []
