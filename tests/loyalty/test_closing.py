"""A closed month never changes; what is recorded into it later stands beside it; the journal ties to the book."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty import audit, books, clock, ledger
from loyalty.ledger import Grant, House
from loyalty.liability import book, closing, daybook, journal, naming
from loyalty.liability.reporting import Inputs
from loyalty.models import Account, AuditRecord, ClosedMonth, ClosedSum, Kind, Store

from .test_daybook import DECEMBER, NOVEMBER, OCTOBER, at, post

SEPTEMBER, JANUARY = date(2026, 9, 1), date(2027, 1, 1)
INPUTS = Inputs(rate=Fraction(97, 100), point_minor=Fraction(1), method="own", note="As agreed with the auditors")
SALES = {OCTOBER: 100_000, NOVEMBER: 50_000}


@pytest.fixture
def today(monkeypatch):
    """The clock, which a test sets; it stands at the end of the year."""
    now = [datetime(2027, 1, 10, tzinfo=UTC)]
    monkeypatch.setattr(clock, "now", lambda: now[0])
    return now


@pytest.fixture
def shop(db, today):
    """Ada: 10,000 in October; 4,500 spent in November; a store for all but the expiry."""
    main, ada = Store.objects.get(code="main"), Account.objects.create()
    post(ada, Kind.EARN, House.ISSUED, 10_000, "sale:1", at(3), main, grants=[Grant(10_000, at(3), None)])
    post(ada, Kind.REDEEM, House.REDEEMED, -4_500, "redemption:1", at(2, 11), main)
    return ada


def close(month, *, inputs=INPUTS, sales=SALES):
    return closing.close(month=month, inputs=inputs, sales=sales, actor="staff:cleo", reason="Month end")


def refused(month) -> list[str]:
    return [hindrance.code for hindrance in closing.preview(month=month, inputs=INPUTS, sales=SALES).hindrances]


def test_a_closed_month_says_what_the_preview_said(shop):
    ready = closing.preview(month=OCTOBER, inputs=INPUTS, sales=SALES)
    assert ready.hindrances == [] and not ClosedMonth.objects.exists()
    closed = close(OCTOBER)
    assert closed.figures == ready.figures
    assert closed.figures["book"] == {
        "opening": 0,
        "rows": {"issued": 10_000},
        "closing": 10_000,
        "entries": 1,
        "recorded_later": 0,
    }
    assert closed.figures["stores"]["main"]["closing"] == 10_000
    assert closed.figures["ageing"]["buckets"] == [["", 10_000, 0]] and closed.figures["ageing"]["total"] == 10_000
    record = AuditRecord.objects.get(action="month.closed")
    assert record.data == {"month": "2026-10", "closing": 10_000, "fingerprint": closed.fingerprint}
    assert (record.actor, record.reason) == ("staff:cleo", "Month end") and audit.verify().holds
    assert closing.holds(ClosedMonth.objects.get()) and books.check().balanced


def test_revenue_follows_the_worked_case_from_month_to_month(shop):
    """10,000 points of 1 minor unit at 97 % beside goods of 100,000: 8,842 deferred. 4,500 of 9,700 are earned."""
    first = close(OCTOBER).figures["revenue"]
    assert (first["allocated"], first["earned"], first["deferred"]) == (8_842, 0, 8_842)
    second = close(NOVEMBER).figures["revenue"]
    assert second["months"] == [["2026-10", 100_000, 10_000, 8_842, 4_500, 9_700, 4_102, 4_740]]
    assert (second["earned_before"], second["revenue"]) == (0, 4_102)
    post(shop, Kind.REDEEM, House.REDEEMED, -4_000, "redemption:2", at(5, 12))
    # The worth of a point and the sales changed meanwhile: what was allocated stays.
    other = Inputs(rate=Fraction(92, 100), point_minor=Fraction(5))
    third = close(DECEMBER, inputs=other, sales={OCTOBER: 1}).figures["revenue"]
    assert third["months"] == [["2026-10", 100_000, 10_000, 8_842, 8_500, 9_200, 8_169, 673]]
    assert (third["earned_before"], third["revenue"], third["deferred"]) == (4_102, 4_067, 673)


def test_an_entry_dated_into_a_closed_month_is_shown_as_recorded_later(shop):
    october = close(OCTOBER)
    before = (october.figures, october.fingerprint, list(ClosedSum.objects.values_list("day", "points")))
    post(shop, Kind.EARN, House.ISSUED, 60, "sale:late", at(30))
    post(shop, Kind.EARN, House.ISSUED, 7, "sale:later", at(30, 9))
    again = ClosedMonth.objects.get()
    assert (again.figures, again.fingerprint, list(ClosedSum.objects.values_list("day", "points"))) == before
    assert closing.holds(again)
    assert [(one.start, one.points, one.entries) for one in closing.recorded_later(again)] == [
        (None, 7, 1),
        (date(2026, 10, 30), 60, 1),
    ]
    november = close(NOVEMBER)
    assert november.figures["book"]["recorded_later"] == 67
    assert november.figures["book"]["opening"] == 10_067 and november.figures["book"]["closing"] == 5_567
    assert [one.points for one in closing.recorded_later(october)] == [7, 60]  # still beside October
    assert closing.recorded_later(november) == []


def test_months_are_closed_in_order_once_and_when_they_are_over(shop, today):
    assert refused(JANUARY) == ["not_over"]
    close(OCTOBER)
    assert refused(OCTOBER) == ["closed"] and refused(DECEMBER) == ["not_next"] and refused(SEPTEMBER) == ["not_next"]
    with pytest.raises(closing.MonthRefused) as refusal:
        close(DECEMBER)
    assert refusal.value.code == "not_next" and ClosedMonth.objects.count() == 1
    today[0] = datetime(2026, 11, 30, 23, tzinfo=UTC)
    assert refused(NOVEMBER) == ["not_over"]


def test_a_month_waits_for_what_fell_due_in_it(shop, today):
    now, today[0] = today[0], at(4)
    ben = Account.objects.create(as_of=at(1))
    post(ben, Kind.EARN, House.ISSUED, 40, "sale:2", at(4), grants=[Grant(40, at(4), at(20))])
    today[0] = now
    assert refused(OCTOBER) == ["due"]
    ledger.lock(ben.pk)
    closed = close(OCTOBER)
    assert closed.figures["book"]["rows"] == {"issued": 10_040, "expired": -40}


def test_a_month_with_points_that_nobody_can_place_is_not_closed(shop):
    post(shop, "cake", House.ISSUED, 5, "cake:1", at(9))
    assert refused(OCTOBER) == ["unnamed"]


def test_a_month_with_an_open_transfer_is_not_closed(shop):
    post(shop, Kind.TRANSFER_OUT, House.IN_TRANSIT, -5, "transfer:1:out", at(9))
    assert refused(OCTOBER) == ["in_transit"]
    post(Account.objects.create(), Kind.TRANSFER_IN, House.IN_TRANSIT, 5, "transfer:1:in", at(9))
    assert refused(OCTOBER) == []


@pytest.mark.parametrize("table", ["closedmonth", "closedsum"])
def test_nobody_changes_a_closed_month(committed, today, owner, table):
    post(Account.objects.create(), Kind.EARN, House.ISSUED, 10, "sale:1", at(3))
    closed = close(OCTOBER)
    acts = [f"UPDATE loyalty_{table} SET id = id", f"DELETE FROM loyalty_{table}", f"TRUNCATE loyalty_{table} CASCADE"]
    with owner(committed) as database:
        for act in acts:
            with pytest.raises(psycopg.Error, match="append-only"):
                database.execute(act)
        # A superuser may switch the guard off; then the books say so.
        database.execute(f"ALTER TABLE loyalty_{table} DISABLE TRIGGER USER")
        change = "actor = 'x'" if table == "closedmonth" else "points = 11"
        database.execute(f"UPDATE loyalty_{table} SET {change}")
    problems = books.check().problems
    assert [(p.invariant, p.row) for p in problems] == [("I1", f"closed month {closed.month:%Y-%m}")]


def lines(month, value=Fraction(1)):
    stores = dict(Store.objects.values_list("pk", "code"))
    return list(journal.of(month, point_minor=value, stores=stores))


def balance(found) -> int:
    return sum(one.credit_points - one.debit_points for one in found if one.account == journal.LIABILITY[0])


def test_the_journal_ties_to_the_book(shop):
    found = lines(NOVEMBER)
    assert [(one.account, one.debit_points, one.credit_points, one.store, one.row) for one in found] == [
        ("2100", 4_500, 0, "main", "redeemed"),
        ("4920", 0, 4_500, "main", "redeemed"),
    ]
    november = book.of(NOVEMBER, DECEMBER).whole
    assert balance(found) == november.closing - november.opening


def test_the_journal_of_a_closed_month_never_changes_and_all_of_them_make_the_book(shop):
    close(OCTOBER)
    before = lines(OCTOBER)
    post(shop, Kind.EARN, House.ISSUED, 60, "sale:late", at(30))
    assert lines(OCTOBER) == before
    (late, _other, *_rest) = lines(NOVEMBER)
    assert (late.posted, late.dated, late.later, late.credit_points) == (NOVEMBER, date(2026, 10, 30), True, 60)
    opened = lines(NOVEMBER)
    close(NOVEMBER)
    assert balance(lines(NOVEMBER)) == balance(opened) == 60 - 4_500
    post(shop, Kind.EARN, House.ISSUED, 2, "sale:even later", at(29))
    assert balance(lines(NOVEMBER)) == 60 - 4_500
    whole = sum(balance(lines(month)) for month in (OCTOBER, NOVEMBER, DECEMBER, JANUARY))
    assert whole == book.of(OCTOBER, date(2027, 2, 1)).whole.closing == 5_562


@given(
    moves=st.lists(st.tuples(st.integers(1, 28), st.integers(-999, 999), st.sampled_from(naming.ROWS)), max_size=30),
    value=st.fractions(0, 10, max_denominator=1000),
)
def test_debits_equal_credits_and_rounding_never_drifts(moves, value):
    movements = [
        journal._Movement(date(2026, 10, day), date(2026, 10, day), None, row, points) for day, points, row in moves
    ]
    found = list(journal._lines(movements, value, {}))
    assert sum(one.debit_points for one in found) == sum(one.credit_points for one in found)
    for number in {one.number for one in found}:
        pair = [one for one in found if one.number == number]
        assert sum(one.debit_minor for one in pair) == sum(one.credit_minor for one in pair)
    for row in naming.ROWS:
        points = sum(points for _day, points, of in moves if of == row)
        kept = [one for one in found if one.row == row and one.account == "2100"]
        assert sum(one.credit_minor - one.debit_minor for one in kept) == closing.reporting.revenue.rounded(
            points * value
        )
        assert sum(one.credit_points - one.debit_points for one in kept) == points
    assert set(journal.ACCOUNTS) == set(naming.ROWS)


def test_closing_stands_on_the_tail_as_well_as_on_the_day_book(shop):
    daybook.bring_up_to_date()
    post(shop, Kind.EARN, House.ISSUED, 1, "sale:3", at(31) - timedelta(hours=1))
    assert close(OCTOBER).figures["book"]["closing"] == 10_001
