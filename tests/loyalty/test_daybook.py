"""The day book adds up to the ledger, whenever its job runs, and the liability book stands on it."""

import threading
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest
from django.db import connection, transaction

from loyalty import books, clock, ledger, policies
from loyalty.ledger import Grant, House
from loyalty.liability import book, daybook, naming
from loyalty.models import Account, DaySum, Entry, Kind, Store, SummedAccount

OCTOBER, NOVEMBER, DECEMBER = date(2026, 10, 1), date(2026, 11, 1), date(2026, 12, 1)


def at(day: int, month: int = 10, hour: int = 12) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def post(account, kind, house, points, reference, when, store=None, **more):
    with transaction.atomic():
        (locked,) = ledger.lock(account.pk)
        return ledger.post(
            account=locked,
            kind=kind,
            house=house,
            points=points,
            reference=reference,
            actor="test",
            occurred_at=when,
            store=store,
            **more,
        )


@pytest.fixture
def main(db):
    return Store.objects.get(code="main")


@pytest.fixture
def ada(main):
    """Ada: 100 in October, 30 spent in November, 5 taken back."""
    account = Account.objects.create()
    post(account, Kind.EARN, House.ISSUED, 100, "sale:1", at(3), main)
    post(account, Kind.REDEEM, House.REDEEMED, -30, "redemption:1", at(2, 11), main)
    post(account, Kind.RETURN, House.ISSUED, -5, "return:1", at(4, 11))
    return account


def said(of: book.Account) -> dict[str, int]:
    return {row: points for row, points in of.rows() if points}


def test_opening_and_what_moved_is_closing(ada, main):
    november = book.of(NOVEMBER, DECEMBER)
    assert november.whole.opening == 100 and november.whole.closing == 65
    assert said(november.whole) == {naming.REDEEMED: -30, naming.TAKEN_BACK: -5}
    assert {key: (one.opening, said(one), one.closing) for key, one in november.stores.items()} == {
        main.pk: (100, {naming.REDEEMED: -30}, 70),
        None: (0, {naming.TAKEN_BACK: -5}, -5),
    }
    both = book.of(OCTOBER, DECEMBER)
    assert {start: (one.opening, one.closing) for start, one in both.steps.items()} == {
        OCTOBER: (0, 100),
        NOVEMBER: (100, 65),
    }


def test_the_book_is_the_same_before_and_after_the_job(ada, main):
    before = book.of(OCTOBER, DECEMBER)
    assert DaySum.objects.count() == 0
    assert daybook.bring_up_to_date() == 1 and daybook.bring_up_to_date() == 0
    assert DaySum.objects.count() == 3 and book.of(OCTOBER, DECEMBER) == before
    post(ada, Kind.EARN, House.ISSUED, 7, "sale:2", at(3), main)  # reported late: the tail
    assert book.of(OCTOBER, NOVEMBER).whole.closing == 107 and DaySum.objects.count() == 3
    assert daybook.bring_up_to_date() == 1
    assert DaySum.objects.get(day=at(3).date()).points == 107 and books.check().balanced


def test_days_are_those_of_the_programmes_zone(ada):
    daybook.bring_up_to_date()
    post(ada, Kind.EARN, House.ISSUED, 1, "sale:3", datetime(2026, 10, 31, 16, tzinfo=UTC))  # 1 November in Tokyo
    assert book.of(NOVEMBER, DECEMBER).whole.opening == 101
    document = {**policies.EMPTY, "settings": {**policies.EMPTY["settings"], "timezone": "Asia/Tokyo"}}
    policies.apply(document=document, actor="test")
    tokyo = book.of(NOVEMBER, DECEMBER)  # before the job has noticed, from the entries
    assert tokyo.whole.opening == 100 and said(tokyo.whole)[naming.ISSUED] == 1
    daybook.bring_up_to_date()
    assert book.of(NOVEMBER, DECEMBER) == tokyo and books.check().balanced


def test_every_kind_has_a_row_of_its_own_and_a_new_one_is_loud():
    houses = [*House, "partner:airline"]
    for kind in Kind:
        rows = {naming.row_of(house, kind) for house in houses if not (kind in naming.UNDOING and ":" in house)}
        assert naming.UNNAMED not in rows, kind
        assert len(rows) == (1 if kind in naming.BY_KIND else len(House)), kind
    assert naming.row_of(House.ISSUED, "birthday_cake") == naming.UNNAMED
    assert naming.row_of("partner:airline", Kind.REVERSE) == naming.UNNAMED


def test_an_entry_without_a_row_is_in_the_book_and_the_check_names_it(ada):
    post(ada, "cake", House.ISSUED, 9, "cake:1", at(9, 11))
    november = book.of(NOVEMBER, DECEMBER)
    assert said(november.whole)[naming.UNNAMED] == 9 and november.whole.closing == 74
    problems = [problem for problem in books.check().problems if problem.invariant == "I1"]
    assert [(p.row, p.detail) for p in problems] == [
        ("kind cake against house issued", "1 entries of 9 points have no row in the liability book")
    ]


DAMAGE = [
    "UPDATE loyalty_daysum SET points = points + 1 WHERE house = 'issued' AND kind = 'earn'",
    "UPDATE loyalty_daysum SET day = day + 1 WHERE house = 'redeemed'",
    "UPDATE loyalty_daysum SET store_id = NULL WHERE house = 'redeemed'",
    "UPDATE loyalty_daysum SET entries = entries + 1 WHERE kind = 'return'",
    "DELETE FROM loyalty_daysum WHERE kind = 'return'",
    "INSERT INTO loyalty_daysum (day, house, kind, points, entries) VALUES ('2026-01-01', 'issued', 'earn', 5, 1)",
    "UPDATE loyalty_summedaccount SET sequence = 2",
    "UPDATE loyalty_summedaccount SET sequence = 9",
]


@pytest.mark.parametrize("sql", DAMAGE)
def test_the_check_names_the_day_that_does_not_add_up(ada, sql):
    daybook.bring_up_to_date()
    assert books.check().balanced
    with connection.cursor() as cursor:
        cursor.execute(sql)
    problems = books.check().problems
    assert problems and {problem.invariant for problem in problems} == {"I1"}
    assert all(problem.row.startswith(("day ", "account ")) for problem in problems)


def test_what_commits_late_is_neither_lost_nor_counted_twice(committed):
    """A sale begun before the job and committed after it, dated before both: a watermark by time would lose it."""
    ada, ben = Account.objects.create(), Account.objects.create()
    begun, go_on = threading.Event(), threading.Event()

    def slow_sale() -> None:
        with transaction.atomic():
            (account,) = ledger.lock(ada.pk)
            ledger.post(account=account, kind=Kind.EARN, house=House.ISSUED, points=50, reference="sale:1", actor="t")
            begun.set()
            go_on.wait(20)
        connection.close()

    thread = threading.Thread(target=slow_sale)
    thread.start()
    assert begun.wait(20)
    post(ben, Kind.EARN, House.ISSUED, 8, "sale:2", clock.now())
    assert daybook.bring_up_to_date() == 1  # and it did not wait for the slow one
    go_on.set()
    thread.join()
    today = clock.now().date()
    span = (today - timedelta(days=1), today + timedelta(days=2))
    assert book.of(*span).whole.closing == 58 == sum(Entry.objects.values_list("points", flat=True))
    daybook.bring_up_to_date()
    assert sum(DaySum.objects.values_list("points", flat=True)) == 58
    assert SummedAccount.objects.count() == 2 and books.check().balanced


def test_many_jobs_at_once_add_each_entry_once(committed):
    accounts = [Account.objects.create() for _ in range(20)]
    for number, account in enumerate(accounts):
        post(account, Kind.EARN, House.ISSUED, 10, f"sale:{number}", at(3))

    def job() -> None:
        daybook.bring_up_to_date()
        connection.close()

    threads = [threading.Thread(target=job) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [(one.points, one.entries) for one in DaySum.objects.all()] == [(200, 20)]
    assert books.check().balanced


def test_points_past_their_date_are_told_apart(db):
    account = Account.objects.create()
    now = clock.now()
    post(account, Kind.EARN, House.ISSUED, 40, "sale:1", now, grants=[Grant(40, now, now + timedelta(days=1))])
    assert book.overdue() == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: now + timedelta(days=2))
        assert book.overdue() == 40


def test_a_day_book_can_be_worked_out_anew_but_a_closed_month_cannot(committed, owner):
    with owner(committed) as database:
        for table in ("loyalty_closedmonth", "loyalty_closedsum"):
            with pytest.raises(psycopg.Error, match="append-only"):
                database.execute(f"TRUNCATE {table} CASCADE")
