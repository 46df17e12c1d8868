"""Points that end through inactivity: what a member does moves the date of what is left, and the ledger says why."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError, IntegrityError

from loyalty import books, clock, due, statements
from loyalty.api import auth
from loyalty.models import Entry, Kind, Lot, Renewal
from members import transfers
from rewards.portal import lots
from tests.loyalty import clocks

from .conftest import PROGRAMME, Till, apply, balance, settings_with

START = datetime(2026, 1, 15, 17, tzinfo=UTC)  # noon in New York
IDLE = {"kind": "inactivity", "months": 6, "reset_by": ["sale", "redemption"]}


@pytest.fixture
def hand(db):
    with clocks.set_by_hand(START) as hand:
        apply(settings=settings_with(expiry=IDLE))
        yield hand


@pytest.fixture
def programme(hand):
    """In force, with the clock in the hand."""


@pytest.fixture(autouse=True)
def right(hand):
    yield
    assert books.check().problems == []


def dates(member):
    """(last day, points) of what is available."""
    zone = clock.ZoneInfo("America/New_York")
    wallet = statements.wallet(member.account_id)
    return [(str(clock.last_day(row.expires_at, zone)), row.points) for row in wallet.expiring if row.expires_at]


def test_a_sale_moves_the_date_of_what_is_left_at_once(till, ada, hand):
    first = till.sell("100.00", "R-1").json()["id"]
    assert dates(ada) == [("2026-07-15", 100)]
    hand.forward(days=60)
    second = till.sell("10.00", "R-2").json()["id"]
    assert dates(ada) == [("2026-09-16", 110)]  # no job has run
    renewal = Renewal.objects.get()
    lot = Lot.objects.get(entry__reference=f"sale:{first}")
    assert (lot.renewal, renewal.reference, renewal.at) == (renewal, f"sale:{second}", hand.at)
    assert clock.last_day(lot.granted_until, clock.ZoneInfo("America/New_York")).isoformat() == "2026-07-15"
    assert Lot.objects.get(entry__reference=f"sale:{second}").renewal is None
    hand.at = lot.granted_until
    assert due.write_changes() == 1 and balance(ada)["total"] == 110  # the old date comes and does nothing
    hand.at = lot.expires_at - timedelta(seconds=1)
    assert balance(ada)["total"] == 110
    hand.at = lot.expires_at
    assert balance(ada)["total"] == 0
    assert Entry.objects.filter(kind=Kind.EXPIRE).count() == 2


def test_the_portal_says_what_moves_the_dates(till, ada, hand):
    assert lots.moved_by(ada.account_id) == ""
    till.sell("100.00", "R-1")
    assert lots.moved_by(ada.account_id) == "These dates move when you do one of these: buy something, use points."


def test_a_second_sale_of_the_same_day_writes_no_reason(till, ada, hand):
    for number in range(3):
        till.sell("10.00", f"R-{number}")
    assert not Renewal.objects.exists() and len({lot.expires_at for lot in Lot.objects.all()}) == 1


def test_a_redemption_moves_it_when_it_is_settled_not_when_it_is_held(till, ada, hand):
    till.sell("100.00", "R-1")
    hand.forward(days=30)
    held = till.redeem(10).json()["id"]
    assert dates(ada) == [("2026-07-15", 90)]
    till.post(f"/api/v1/redemptions/{held}/cancel")
    assert dates(ada) == [("2026-07-15", 100)]
    held = till.redeem(10).json()["id"]
    till.post(f"/api/v1/redemptions/{held}/settle")
    assert dates(ada) == [("2026-08-14", 90)]
    assert Renewal.objects.get().reference == f"redemption:{held}"


def test_points_that_are_held_meanwhile_move_too(till, ada, hand):
    apply(settings=settings_with(expiry=IDLE, redeeming={"hold_minutes": 525600}))
    till.sell("100.00", "R-1")
    held = till.redeem(100).json()["id"]
    hand.forward(days=60)
    till.sell("1.00", "R-2")
    hand.at = START + timedelta(days=183)  # past the date of the first sale
    till.post(f"/api/v1/redemptions/{held}/cancel")
    assert balance(ada)["available"] == 101


def test_only_what_the_terms_name_moves_it_and_a_lots_terms_are_those_it_was_granted_under(till, ada, hand):
    bike = {"code": "cycling", "trigger": "activity:bike", "kind": "fixed", "points": 5}
    fixed = {"kind": "rolling", "days": 365}
    apply(settings=settings_with(expiry=IDLE), rules=[*PROGRAMME["rules"], bike | {"expiry": fixed}])
    till.sell("100.00", "R-1")
    sensor = Till(auth.issue(name="sensor", scopes=["activity"])[1])
    hand.forward(days=30)
    body = {"kind": "bike", "reference": "V-1", "member": {"id": str(ada.pk)}}
    assert sensor.post("/api/v1/activity", body, key=None).status_code == 200
    assert dates(ada) == [("2026-07-15", 100), ("2027-02-14", 5)]
    apply(settings=settings_with(expiry=IDLE | {"months": 1, "reset_by": ["bike"]}), rules=[*PROGRAMME["rules"], bike])
    till.sell("1.00", "R-2")  # the first lot by its own six months; the new one by one month
    assert dates(ada) == [("2026-03-14", 1), ("2026-08-14", 100), ("2027-02-14", 5)]
    hand.forward(days=10)
    sensor.post("/api/v1/activity", body | {"reference": "V-2"}, key=None)
    assert dates(ada) == [("2026-03-24", 6), ("2026-08-14", 100), ("2027-02-14", 5)]
    assert set(Lot.objects.values_list("idle", flat=True)) == {"6m redemption sale", "1m bike", ""}


def test_a_late_sale_moves_by_its_own_day_and_wakes_nothing_that_has_ended(till, ada, hand):
    till.sell("100.00", "R-1")
    hand.forward(days=100)
    till.sell("1.00", "R-2", occurred_at=(hand.at - timedelta(days=40)).isoformat())
    assert dates(ada) == [("2026-09-16", 101)]
    till.sell("1.00", "R-3", occurred_at=(hand.at - timedelta(days=60)).isoformat())  # earlier: nothing moves back
    assert dates(ada) == [("2026-08-24", 1), ("2026-09-16", 101)]
    hand.at = START + timedelta(days=400)
    till.sell("1.00", "R-4", occurred_at=(START + timedelta(days=120)).isoformat())
    assert balance(ada)["total"] == 0


def test_pending_points_have_a_clock_of_their_own(till, ada, hand):
    apply(settings=settings_with(expiry=IDLE, earning={"pending": {"days": 30}}))
    till.sell("100.00", "R-1")
    hand.forward(days=10)
    till.sell("1.00", "R-2")
    assert not Renewal.objects.exists()  # the days of pending come first, and end later than ten days from now
    hand.forward(days=40)
    assert dates(ada) == [("2026-08-14", 100), ("2026-08-24", 1)]


def test_points_that_are_sent_take_their_terms_along(till, ada, ben, hand):
    till.sell("100.00", "R-1")
    with transaction.atomic():
        transfers.transfer(sender=ada.pk, receiver=ben.pk, points=30, actor="test")
    assert dates(ben) == [("2026-07-15", 30)]
    hand.forward(days=30)
    till.member = ben
    till.sell("1.00", "R-2")
    assert dates(ben) == [("2026-08-14", 31)] and dates(ada) == [("2026-07-15", 70)]


def test_a_date_that_moves_without_a_reason_is_refused_and_a_reason_never_changes(till, ada, hand):
    till.sell("100.00", "R-1")
    hand.forward(days=40)
    till.sell("1.00", "R-2")
    for statement in (
        "UPDATE loyalty_lot SET expires_at = expires_at + interval '1 day'",
        "UPDATE loyalty_lot SET expires_at = NULL",
        "UPDATE loyalty_lot SET available_at = available_at - interval '1 day'",
        "UPDATE loyalty_lot SET idle = ''",
        "UPDATE loyalty_lot SET renewal_id = NULL WHERE renewal_id IS NOT NULL",
        "UPDATE loyalty_renewal SET until = until + interval '1 day'",
        "DELETE FROM loyalty_renewal",
    ):
        with pytest.raises(DatabaseError) as refused, transaction.atomic(), connection.cursor() as cursor:  # noqa: PT012
            cursor.execute(statement)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        assert isinstance(refused.value, IntegrityError) or "permission denied" in str(refused.value), statement


def test_the_books_name_a_lot_whose_date_has_no_reason(till, ada, hand):
    till.sell("100.00", "R-1")
    hand.forward(days=40)
    till.sell("1.00", "R-2")
    lot = Lot.objects.filter(renewal__isnull=False).get()
    with connection.cursor() as cursor, transaction.atomic():
        save = transaction.savepoint()
        cursor.execute(
            "INSERT INTO loyalty_renewal (id, account_id, idle, reference, at, until, sequence, recorded_at)"
            " SELECT loyalty_uuid7(), account_id, idle, 'sale:forged', at, until + interval '9 days', 9, recorded_at"
            "   FROM loyalty_renewal"
        )
        found = [problem.row for problem in books.check().problems]
        transaction.savepoint_rollback(save)
    assert f"lot {lot.pk}" in found
