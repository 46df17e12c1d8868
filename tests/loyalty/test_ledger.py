"""The ledger, one account at a time: every number by hand."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction

from loyalty import books, ledger, statements
from loyalty.errors import HoldExpired, InsufficientPoints, RedemptionCancelled, RedemptionSettled
from loyalty.ledger import Grant, House
from loyalty.models import Account, Entry, Kind, Lot

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def ada():
    yield Account.objects.create()
    report = books.check()
    assert report.problems == []


def earn(account, points, reference, *, available=None, expires=None):
    account = ledger.lock(account.pk)[0]
    now = datetime.now(UTC)
    return ledger.post(
        account=account,
        kind=Kind.EARN,
        house=House.ISSUED,
        points=points,
        reference=reference,
        actor="test",
        grants=[Grant(points, available or now, expires)],
    )


def spend(account, points, reference):
    return ledger.post(
        account=ledger.lock(account.pk)[0],
        kind=Kind.REDEEM,
        house=House.REDEEMED,
        points=-points,
        reference=reference,
        actor="test",
    )


def balance(account):
    return ledger.balance(ledger.current(account.pk))


def left(account):
    return dict(Lot.objects.filter(account=account).order_by("sequence").values_list("entry__reference", "remaining"))


def test_earning_raises_total_and_available(ada):
    entry = earn(ada, 121, "sale:1")
    assert (entry.sequence, entry.balance_after) == (1, 121)
    assert balance(ada) == {
        "total": 121, "available": 121, "pending": 0, "held": 0, "debt": 0, "sequence": 1,
    }  # fmt: skip
    assert ledger.current(ada.pk).lifetime_earned == 121


def test_a_reference_counts_once(ada):
    earn(ada, 10, "sale:1")
    with pytest.raises(IntegrityError), transaction.atomic():
        earn(ada, 10, "sale:1")
    assert balance(ada)["total"] == 10


def test_spending_takes_what_expires_first_and_never_expiring_last(ada):
    earn(ada, 100, "never")
    earn(ada, 100, "late", expires=NOON + 60 * DAY)
    earn(ada, 100, "soon", expires=NOON + 10 * DAY)
    spend(ada, 150, "redemption:1")
    assert left(ada) == {"never": 100, "late": 50, "soon": 0}


def test_more_than_available_is_refused_and_changes_nothing(ada):
    earn(ada, 40, "sale:1", available=NOON + DAY)
    earn(ada, 60, "sale:2")
    with pytest.raises(InsufficientPoints) as refusal:
        spend(ada, 61, "redemption:1")
    assert refusal.value.extra == {"needed": 61, "available": 60}
    assert balance(ada)["total"] == 100
    assert Entry.objects.filter(account=ada).count() == 2


def test_pending_points_count_from_their_instant_without_a_job(ada, noon):
    earn(ada, 40, "sale:1", available=NOON + DAY)
    assert balance(ada)["pending"] == 40
    noon.move_to(NOON + DAY - timedelta(microseconds=1))
    assert balance(ada)["available"] == 0
    noon.move_to(NOON + DAY)
    assert balance(ada)["available"] == 40


def test_expired_points_stop_counting_without_a_job_and_leave_an_entry(ada, noon):
    earn(ada, 40, "sale:1", expires=NOON + DAY)
    earn(ada, 5, "sale:2")
    noon.move_to(NOON + 3 * DAY)
    assert balance(ada)["total"] == 5
    expiry = Entry.objects.get(account=ada, kind=Kind.EXPIRE)
    assert (expiry.points, expiry.occurred_at, expiry.house) == (-40, NOON + DAY, "expired")
    assert ledger.current(ada.pk).lifetime_earned == 45


def test_a_late_sale_whose_points_have_expired_earns_and_expires_at_once(ada):
    earn(ada, 40, "sale:1", available=NOON - 20 * DAY, expires=NOON - DAY)
    assert balance(ada)["total"] == 0
    assert list(Entry.objects.filter(account=ada).order_by("sequence").values_list("points", flat=True)) == [40, -40]


def test_held_points_are_set_aside_and_settle_once(ada):
    earn(ada, 100, "sale:1")
    account = ledger.lock(ada.pk)[0]
    held = ledger.hold(account=account, points=60, reference="redemption:1", expires_at=NOON + timedelta(minutes=15))
    assert balance(ada) | {"sequence": 0} == {
        "total": 100, "available": 40, "pending": 0, "held": 60, "debt": 0, "sequence": 0,
    }  # fmt: skip
    entry = ledger.settle(hold=held, account=ledger.lock(ada.pk)[0], reference="redemption:1", actor="test")
    assert (entry.points, balance(ada)["total"], balance(ada)["held"]) == (-60, 40, 0)
    with pytest.raises(RedemptionSettled):
        ledger.release(hold=held, account=ledger.lock(ada.pk)[0])


def test_a_released_hold_gives_its_points_back(ada):
    earn(ada, 100, "sale:1", expires=NOON + DAY)
    held = ledger.hold(
        account=ledger.lock(ada.pk)[0], points=60, reference="r:1", expires_at=NOON + timedelta(minutes=15)
    )
    ledger.release(hold=held, account=ledger.lock(ada.pk)[0])
    assert balance(ada)["available"] == 100
    with pytest.raises(RedemptionCancelled):
        ledger.settle(hold=held, account=ledger.lock(ada.pk)[0], reference="r:1", actor="test")


def test_a_hold_times_out_by_itself(ada, noon):
    earn(ada, 100, "sale:1")
    held = ledger.hold(
        account=ledger.lock(ada.pk)[0], points=60, reference="r:1", expires_at=NOON + timedelta(minutes=15)
    )
    noon.move_to(NOON + timedelta(minutes=15))
    assert balance(ada)["available"] == 100
    with pytest.raises(HoldExpired):
        ledger.settle(hold=held, account=ledger.lock(ada.pk)[0], reference="r:1", actor="test")


def test_held_points_do_not_expire_but_expire_at_once_when_put_back(ada, noon):
    earn(ada, 100, "sale:1", expires=NOON + timedelta(minutes=5))
    held = ledger.hold(
        account=ledger.lock(ada.pk)[0], points=60, reference="r:1", expires_at=NOON + timedelta(minutes=15)
    )
    noon.move_to(NOON + timedelta(minutes=6))
    assert (balance(ada)["total"], balance(ada)["held"]) == (60, 60)
    ledger.release(hold=held, account=ledger.lock(ada.pk)[0])
    assert balance(ada)["total"] == 0
    assert sorted(Entry.objects.filter(account=ada).values_list("points", flat=True)) == [-60, -40, 100]


def test_a_debt_is_paid_by_the_next_points_before_anything_else(ada):
    earn(ada, 50, "sale:1")
    spend(ada, 50, "r:1")
    ledger.post(
        account=ledger.lock(ada.pk)[0], kind=Kind.ADJUST, house=House.ADJUSTED, points=-30,
        reference="adjust:1", actor="test", allow_debt=True,
    )  # fmt: skip
    assert balance(ada)["debt"] == 30
    assert balance(ada)["total"] == -30
    with pytest.raises(InsufficientPoints):
        spend(ada, 1, "r:2")
    earn(ada, 20, "sale:2")
    assert (balance(ada)["debt"], balance(ada)["available"]) == (10, 0)
    earn(ada, 25, "sale:3")
    assert (balance(ada)["debt"], balance(ada)["available"], balance(ada)["total"]) == (0, 15, 15)


def test_pending_points_pay_a_debt_only_when_they_become_available(ada, noon):
    ledger.post(
        account=ledger.lock(ada.pk)[0], kind=Kind.ADJUST, house=House.ADJUSTED, points=-30,
        reference="adjust:1", actor="test", allow_debt=True,
    )  # fmt: skip
    earn(ada, 50, "sale:1", available=NOON + DAY)
    assert (balance(ada)["debt"], balance(ada)["pending"], balance(ada)["total"]) == (30, 50, 20)
    noon.move_to(NOON + DAY)
    assert (balance(ada)["debt"], balance(ada)["available"], balance(ada)["total"]) == (0, 20, 20)


def test_reversing_a_spending_gives_each_lot_its_own_points_back(ada):
    earn(ada, 100, "soon", expires=NOON + 10 * DAY)
    earn(ada, 100, "late", expires=NOON + 60 * DAY)
    spent = spend(ada, 150, "r:1")
    back = ledger.reverse(account=ledger.lock(ada.pk)[0], entry=spent, actor="test")
    assert left(ada) == {"soon": 100, "late": 100}
    assert ledger.reverse(account=ledger.lock(ada.pk)[0], entry=spent, actor="test") == back
    assert balance(ada)["total"] == 200
    with pytest.raises(ValueError, match="cannot be reversed"):
        ledger.reverse(account=ledger.lock(ada.pk)[0], entry=back, actor="test")


def test_a_partial_give_back_leaves_what_a_smaller_spending_would_have_taken(ada):
    earn(ada, 100, "soon", expires=NOON + 10 * DAY)
    earn(ada, 100, "late", expires=NOON + 60 * DAY)
    spent = spend(ada, 150, "r:1")
    give = {"entry": spent, "actor": "test"}
    ledger.give_back(account=ledger.lock(ada.pk)[0], points=70, reference="give_back:r:1:a", **give)
    assert left(ada) == {"soon": 20, "late": 100}
    with pytest.raises(ValueError, match="more than is left"):
        ledger.give_back(account=ledger.lock(ada.pk)[0], points=81, reference="give_back:r:1:b", **give)
    ledger.give_back(account=ledger.lock(ada.pk)[0], points=80, reference="give_back:r:1:c", **give)
    assert left(ada) == {"soon": 100, "late": 100}


def test_points_given_back_after_their_date_live_a_week_once(ada, noon):
    earn(ada, 100, "sale:1", expires=NOON + DAY)
    spent = spend(ada, 100, "r:1")
    noon.move_to(NOON + 5 * DAY)
    ledger.give_back(account=ledger.lock(ada.pk)[0], entry=spent, points=100, reference="give_back:r:1", actor="test")
    expiring = statements.wallet(ada.pk).expiring
    assert [(row.points, row.expires_at) for row in expiring] == [(100, NOON + 12 * DAY)]
    again = spend(ada, 100, "r:2")
    noon.move_to(NOON + 20 * DAY)
    ledger.give_back(account=ledger.lock(ada.pk)[0], entry=again, points=100, reference="give_back:r:2", actor="test")
    assert balance(ada)["total"] == 0


def test_reversing_an_earning_takes_its_own_points_first(ada):
    earn(ada, 100, "other", expires=NOON + DAY)
    earned = earn(ada, 50, "sale:1")
    spend(ada, 20, "r:1")
    ledger.reverse(account=ledger.lock(ada.pk)[0], entry=earned, actor="test")
    assert left(ada) == {"other": 80, "sale:1": 0}
    assert ledger.current(ada.pk).lifetime_earned == 100


def test_reversing_spent_points_leaves_a_debt_only_where_allowed(ada):
    earned = earn(ada, 50, "sale:1")
    spend(ada, 20, "r:1")
    with pytest.raises(InsufficientPoints):
        ledger.reverse(account=ledger.lock(ada.pk)[0], entry=earned, actor="test")
    ledger.reverse(account=ledger.lock(ada.pk)[0], entry=earned, actor="test", allow_debt=True)
    assert (balance(ada)["total"], balance(ada)["debt"]) == (-20, 20)


def test_the_wallet_shows_every_date_and_adds_up(ada):
    earn(ada, 100, "a", expires=NOON + DAY)
    earn(ada, 10, "b", expires=NOON + DAY)
    earn(ada, 7, "c")
    earn(ada, 3, "d", available=NOON + 2 * DAY)
    wallet = statements.wallet(ada.pk)
    assert [(row.expires_at, row.points) for row in wallet.expiring] == [(NOON + DAY, 110), (None, 7)]
    assert [(row.available_at, row.points) for row in wallet.pending] == [(NOON + 2 * DAY, 3)]
    assert wallet.balance["available"] == 117


def test_entries_page_by_sequence(ada):
    for number in range(5):
        earn(ada, 1, f"sale:{number}")
    first = list(statements.entries(ada.pk, limit=2))
    assert [entry.sequence for entry in first] == [5, 4]
    assert [entry.sequence for entry in statements.entries(ada.pk, after=4)] == [3, 2, 1]
    assert [entry.sequence for entry in statements.entries(ada.pk, oldest_first=True, after=3)] == [4, 5]
