"""Days, midnights and months (FAULTS E1, E2, E3): when points end, in zones that have 23 h, 25 h and no midnight."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction

from loyalty import books, clock, due, ledger
from loyalty.errors import InsufficientPoints
from loyalty.models import Account, Entry, Kind, Lot
from rewards.rules.lots import Expiry
from tests.loyalty import clocks

SECOND = timedelta(seconds=1)


def grant(account, points, available_at, expires_at):
    with transaction.atomic():
        ledger.post(
            account=ledger.lock(account.pk)[0],
            kind=Kind.EARN,
            house=ledger.House.ISSUED,
            points=points,
            reference=f"test:{expires_at}:{points}",
            actor="test",
            grants=[ledger.Grant(points, available_at, expires_at)],
        )


def spend(account, points, reference):
    with transaction.atomic():
        ledger.post(
            account=ledger.lock(account.pk)[0],
            kind=Kind.REDEEM,
            house=ledger.House.REDEEMED,
            points=-points,
            reference=reference,
            actor="test",
        )


# zone, last day, the instant in UTC at which points of that day no longer count
MIDNIGHTS = [
    ("Asia/Tokyo", date(2027, 2, 28), "2027-02-28T15:00:00"),
    ("America/New_York", date(2026, 11, 1), "2026-11-02T05:00:00"),  # a day of 25 hours
    ("America/New_York", date(2026, 3, 8), "2026-03-09T04:00:00"),  # of 23
    ("Europe/London", date(2026, 3, 28), "2026-03-29T00:00:00"),
    ("Africa/Cairo", date(2026, 4, 23), "2026-04-23T22:00:00"),  # the next day begins at 01:00
    ("America/Santiago", date(2026, 9, 5), "2026-09-06T04:00:00"),  # so does this one
    ("Asia/Kathmandu", date(2026, 7, 1), "2026-07-01T18:15:00"),
    ("Pacific/Apia", date(2011, 12, 29), "2011-12-30T10:00:00"),  # the 30th never came
]


@pytest.mark.django_db
@pytest.mark.parametrize(("zone", "last", "ends"), MIDNIGHTS)
def test_points_count_through_the_last_second_of_the_local_day(zone, last, ends):
    expires_at = Expiry("rolling", days=1).expires_at(
        clock.start_of(last - timedelta(days=1), ZoneInfo(zone)) + timedelta(hours=9), ZoneInfo(zone)
    )
    assert expires_at == datetime.fromisoformat(ends).replace(tzinfo=UTC)
    assert clock.day_of(expires_at - SECOND, ZoneInfo(zone)) == last
    assert clock.day_of(expires_at, ZoneInfo(zone)) > last
    with clocks.set_by_hand(expires_at - timedelta(days=1)) as hand:
        account = Account.objects.create()
        grant(account, 100, hand.at, expires_at)
        hand.at = expires_at - SECOND
        spend(account, 1, "a second before")
        hand.at = expires_at
        with pytest.raises(InsufficientPoints):
            spend(account, 1, "at once")
        hand.at = expires_at + SECOND
        assert ledger.balance(ledger.current(account.pk))["total"] == 0
    gone = Entry.objects.get(account=account, kind=Kind.EXPIRE)
    assert (gone.points, gone.occurred_at) == (-99, expires_at)
    assert books.check().problems == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("zone", "first", "hours"),
    [
        ("America/New_York", date(2026, 3, 7), [24, 23, 24]),
        ("America/New_York", date(2026, 10, 31), [24, 25, 24]),
        ("Africa/Cairo", date(2026, 4, 23), [24, 23, 24]),
    ],
)
def test_each_lot_expires_once_and_in_its_hour_where_days_have_23_or_25(zone, first, hours):
    where = ZoneInfo(zone)
    days = [first + timedelta(days=number) for number in range(3)]
    lengths = [(clock.end_of(day, where) - clock.start_of(day, where)) / timedelta(hours=1) for day in days]
    assert lengths == hours
    with clocks.set_by_hand(clock.start_of(first, where)) as hand:
        account = Account.objects.create()
        for number, day in enumerate(days, start=1):
            grant(account, number, hand.at, clock.end_of(day, where))
        written: dict[str, datetime] = {}
        end = clock.end_of(days[-1], where) + timedelta(hours=2)
        while hand.at < end:
            for _ in range(2):
                due.write_changes()
            for entry in Entry.objects.filter(account=account, kind=Kind.EXPIRE).exclude(reference__in=written):
                written[entry.reference] = hand.at
            hand.forward(hours=1)
    ends = {f"expire:{lot.pk}": lot.expires_at for lot in Lot.objects.filter(account=account)}
    assert set(written) == set(ends)  # each once: a reference is unique
    for reference, at in written.items():
        assert timedelta() <= at - ends[reference] < timedelta(hours=1)


MONTHS = [  # from, how, last day
    ("2027-08-31", {"months": 12}, "2028-08-31"),
    ("2028-02-29", {"months": 12}, "2029-02-28"),
    ("2028-02-29", {"months": 48}, "2032-02-29"),
    ("2027-01-31", {"months": 1}, "2027-02-28"),
    ("2028-01-31", {"months": 1}, "2028-02-29"),
    ("2027-01-25", {"months": 1}, "2027-02-25"),
    ("2027-11-30", {"months": 1}, "2027-12-30"),
    ("2027-02-28", {"months": 1}, "2027-03-28"),
    ("2027-10-31", {"months": 4}, "2028-02-29"),
    ("2027-03-31", {"months": 6}, "2027-09-30"),
    ("2027-05-15", {"months": 0}, "2027-05-15"),
    ("2027-12-31", {"days": 1}, "2028-01-01"),
    ("2028-02-28", {"days": 1}, "2028-02-29"),
    ("2027-02-28", {"days": 366}, "2028-02-29"),
    ("2027-01-31", {"months": 1, "round_up_to": "month"}, "2027-02-28"),
    ("2027-01-10", {"months": 3, "round_up_to": "quarter"}, "2027-06-30"),
    ("2027-07-01", {"months": 6, "round_up_to": "half_year"}, "2028-06-30"),
    ("2027-12-31", {"months": 0, "round_up_to": "year"}, "2027-12-31"),
    ("2028-02-01", {"days": 28, "round_up_to": "month"}, "2028-02-29"),
    ("2027-06-30", {"months": 0, "round_up_to": "half_year"}, "2027-06-30"),
]


@pytest.mark.parametrize(("start", "span", "last"), MONTHS)
@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/New_York"])
def test_ends_of_months_and_the_29th_of_february(start, span, last, zone):
    where = ZoneInfo(zone)
    for hour in (0, 12, 23):  # the time of day makes no difference
        at = clock.start_of(date.fromisoformat(start), where) + timedelta(hours=hour)
        ends = Expiry("rolling", **span).expires_at(at, where)
        assert clock.last_day(ends, where) == date.fromisoformat(last)
        assert Expiry("inactivity", **{k: v for k, v in span.items() if k != "round_up_to"}).expires_at(at, where)
