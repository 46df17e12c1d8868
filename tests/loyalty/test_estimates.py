"""Ageing and breakage: worked by hand, tied to the ledger, and never beyond what is out."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty import clock, ledger
from loyalty.ledger import Grant, House
from loyalty.liability import ageing, behaviour, book, breakage, cohorts
from loyalty.liability.cohorts import Cohort
from loyalty.models import Account, Entry, Kind

from .test_daybook import at
from .test_daybook import post as posted

JAN, FEB, MAR = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)


NOW = [at(1, 1)]


def then_is(instant: datetime) -> None:
    """Move the clock on; it never goes back."""
    NOW[0] = max(NOW[0], instant)


@pytest.fixture
def then(monkeypatch):
    """Set the clock, which stands at 1 January 2026 and goes on with what happens."""
    NOW[0] = at(1, 1)
    monkeypatch.setattr(clock, "now", lambda: NOW[0])
    return then_is


def open_account() -> Account:
    return Account.objects.create(as_of=clock.now(), opened_at=clock.now())


def post(account, kind, house, points, reference, when, **more):
    then_is(when)
    return posted(account, kind, house, points, reference, when, **more)


def earn(account, points, when, expires=None, reference=""):
    grants = [Grant(points, when, expires)]
    return post(account, Kind.EARN, House.ISSUED, points, reference or f"sale:{when:%m%d%H}", when, grants=grants)


def test_the_triangle_worked_by_hand():
    """January: 1,000 issued, 100 redeemed in it, 180 of the 900 left in February, 72 expired in March.
    February: 2,000 issued, 200 redeemed in it, 360 in March. March: 1,000 issued, 100 redeemed.

    Age 0: 400 of 4,000. Age 1: 540 of 2,700. Age 2: none of 720 redeemed, 72 expired (a tenth).
    """
    found = [
        Cohort(JAN, 1_000, redeemed={0: 100, 1: 180}, expired={2: 72}),
        Cohort(FEB, 2_000, redeemed={0: 200, 1: 360}),
        Cohort(MAR, 1_000, redeemed={0: 100}),
    ]
    for one in found:
        one.redeemed, one.expired = type(one.gone)(one.redeemed), type(one.gone)(one.expired)
    triangle = breakage.chain_ladder(found, MAR)
    assert [(link.out, link.redeemed, link.expired) for link in triangle.links] == [
        (4_000, Fraction(1, 10), 0),
        (2_700, Fraction(1, 5), 0),
        (720, 0, Fraction(1, 10)),
    ]
    # January's 648 are as old as anything seen: all counted as redeemed. February's 1,440: a tenth expires. March's
    # 900: a fifth is redeemed (180), of the 720 left a tenth expires, 648 are beyond what was seen.
    assert [(one.later, one.unknown) for one in triangle.cohorts] == [(648, 648), (1_296, 1_296), (828, 648)]
    assert triangle.outstanding == 648 + 1_440 + 900 and triangle.breakage == 0 + 144 + 72
    assert triangle.rate == Fraction(940 + 648 + 1_296 + 828, 4_000)


def test_without_any_history_everything_is_expected_to_be_redeemed():
    assert breakage.chain_ladder([], JAN).rate == 1
    fresh = breakage.chain_ladder([Cohort(JAN, 500)], JAN)
    assert (fresh.later, fresh.breakage, fresh.rate) == (500, 0, 1)


counts = st.dictionaries(st.integers(0, 11), st.integers(0, 400), max_size=8)


@given(st.lists(st.tuples(st.integers(0, 3_000), counts, counts, counts), min_size=1, max_size=12))
def test_nothing_is_projected_beyond_what_is_out(shapes):
    found = []
    for number, (issued, *parts) in enumerate(shapes):
        cohort, left = Cohort(date(2025, 1 + number, 1), issued), issued
        for age in range(len(shapes) - number):
            for counted, part in zip((cohort.redeemed, cohort.expired, cohort.gone), parts, strict=True):
                taken = min(part.get(age, 0), left)
                counted[age] += taken
                left -= taken
        found.append(cohort)
    triangle = breakage.chain_ladder(found, date(2025, len(shapes), 1))
    for one in triangle.cohorts:
        assert 0 <= one.later <= one.cohort.outstanding and one.unknown >= 0
    for link in triangle.links:
        assert link.redeemed >= 0 and link.expired >= 0 and link.redeemed + link.expired <= 1
    assert 0 <= triangle.rate <= 1 and triangle.later + triangle.breakage == triangle.outstanding


def test_months_of_issue_keep_what_became_of_their_points(db, then):
    ada = open_account()
    first = earn(ada, 100, at(5, 1), at(10, 3))
    then(at(20, 2))
    earn(ada, 50, at(20, 2))
    spent = post(ada, Kind.REDEEM, House.REDEEMED, -60, "redemption:1", at(20, 2))
    then(at(20, 3))
    (account,) = ledger.lock(ada.pk)  # 40 of January expire on 10 March
    ledger.give_back(account=account, entry=spent, points=10, reference="give_back:1", actor="test")
    then(at(28, 3))
    ledger.lock(ada.pk)  # those 10 were in a lot of 7 days
    end = datetime(2026, 4, 1, tzinfo=UTC)
    found = cohorts.of(end)
    assert [(one.month, one.issued, dict(one.redeemed), dict(one.expired)) for one in found] == [
        (JAN, 100, {1: 60, 2: -10}, {2: 50}),
        (FEB, 50, {}, {}),
    ]
    assert [one.outstanding for one in found] == [0, 50] and first.points == 100
    assert sum(one.outstanding for one in found) == book.of(JAN, date(2026, 4, 1)).whole.closing


def test_a_return_counts_as_never_issued(db, then):
    ada = open_account()
    earn(ada, 100, at(5, 1))
    post(ada, Kind.RETURN, House.ISSUED, -30, "return:1", at(6, 1))
    (one,) = cohorts.of(at(1, 2))
    assert (one.issued, one.net, one.outstanding, dict(one.gone)) == (100, 70, 70, {0: 30})


def test_ageing_by_month_adds_up_to_the_book_at_any_instant(db, then):
    ada, ben = open_account(), open_account()
    earn(ada, 100, at(5, 1), datetime(2026, 3, 1, tzinfo=UTC))  # the last day that counts is in February
    earn(ada, 40, at(6, 1), datetime(2026, 3, 1, 1, tzinfo=UTC))
    earn(ben, 20, at(7, 1))
    post(ben, Kind.RETURN, House.ISSUED, -50, "return:1", at(8, 1), allow_debt=True)
    pending = Grant(9, at(1, 2), None)
    post(ada, Kind.EARN, House.ISSUED, 9, "sale:9", at(9, 1), grants=[pending])
    found = ageing.of(at(10, 1))
    assert [(one.month, one.points, one.pending) for one in found.buckets] == [
        (FEB, 100, 0),
        (MAR, 40, 0),
        (None, 9, 9),
    ]
    assert (found.overdue, found.debt, found.total) == (0, 30, 119)
    assert ageing.of(at(6, 1, 11)).total == 100  # before the others
    later = ageing.of(at(2, 3))
    assert (later.overdue, [one.points for one in later.buckets]) == (140, [9])
    then(at(3, 3))
    ledger.lock(ada.pk, ben.pk)
    written = ageing.of(at(3, 3, 13))
    assert (written.overdue, written.total) == (0, -21)
    assert written.total == sum(Entry.objects.values_list("points", flat=True))
    assert ageing.of(at(10, 1)) == found  # the past stays what it was


def test_a_debt_paid_when_points_become_available_is_seen_on_its_day(db, then):
    ada = open_account()
    earn(ada, 10, at(2, 1))
    post(ada, Kind.RETURN, House.ISSUED, -30, "return:1", at(3, 1), allow_debt=True)
    post(ada, Kind.EARN, House.ISSUED, 50, "sale:9", at(4, 1), grants=[Grant(50, at(1, 2), None)])
    assert (ageing.of(at(5, 1)).debt, ageing.of(at(5, 1)).total) == (20, 30)
    then(at(3, 2))
    ledger.lock(ada.pk)
    assert (ageing.of(at(5, 2)).debt, [b.points for b in ageing.of(at(5, 2)).buckets]) == (0, [30])


def test_held_points_are_still_out(db, then):
    ada = open_account()
    earn(ada, 10, at(2, 1))
    (account,) = ledger.lock(ada.pk)
    ledger.hold(account=account, points=4, reference="r:1", expires_at=at(9, 1))
    assert ageing.of(at(3, 1)).total == 10


def test_behaviour_worked_by_hand(db, then):
    """A year ago: Ada and Ben had been quiet for 2 months, with 300 and 100; Ada came back. Cleo is new."""
    ada, ben, cleo = open_account(), open_account(), open_account()
    now = datetime(2026, 10, 1, 12, tzinfo=UTC)
    year = now - timedelta(days=365)
    earn(ada, 300, year - timedelta(days=60))
    earn(ben, 100, year - timedelta(days=70))
    earn(ada, 20, year + timedelta(days=30), reference="sale:back")
    earn(cleo, 80, now - timedelta(days=50))
    earn(cleo, 1, now, reference="sale:later")  # not before `now`
    found = {(one.since, one.until): one for one in behaviour.by_behaviour(now).buckets}
    quiet = found[1, 3]
    assert (quiet.accounts, quiet.points, quiet.held, quiet.back) == (1, 80, 400, 300)
    assert quiet.rate == Fraction(3, 4) and quiet.later == 60
    assert (found[6, 12].points, found[6, 12].known, found[6, 12].later) == (320, False, 320)
    assert (found[12, 24].points, found[24, None].points, found[0, 1].points) == (100, 0, 0)
    whole = behaviour.by_behaviour(now)
    assert (whole.outstanding, whole.later, whole.breakage) == (500, 480, 20)
