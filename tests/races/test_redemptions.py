"""Spending under fire (FAULTS A1, A2, A3, A6): nobody spends a point twice, and no point is lost."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.utils import OperationalError

from loyalty import ledger
from loyalty.api import auth
from loyalty.errors import InsufficientPoints
from loyalty.models import Account, Kind
from members import enrolment, locks
from members.models import Member
from rewards import redemption
from rewards.models import Redemption
from rewards.redemption import Redeemed
from tests.rewards.conftest import apply, balance, sale
from tests.size import by_size

from .crowd import assert_books_balance, at_once, persist, post, served

THREADS = 64
ROUNDS = by_size(5, 10, 50)


@pytest.fixture
def ada(committed) -> Member:
    apply()
    return enrolment.enrol(name="Ada", email="ada@example.com", actor="test")


def give(member: Member, points: int) -> None:
    """Bring the member to `points` available."""
    with transaction.atomic():
        found = locks.lock(id=member.pk)
        missing = points - found.account.available
        if missing:
            ledger.post(
                account=found.account,
                kind=Kind.ADJUST,
                house=ledger.House.ADJUSTED,
                points=missing,
                reference=f"adjust:{time.monotonic_ns()}",
                actor="test",
            )


def spend(member: Member, points: int, *, settle: bool = True) -> Redeemed:
    with transaction.atomic():
        return redemption.redeem(member={"id": member.pk}, points=points, actor="test", settle=settle)


def tally(results: list[Any]) -> tuple[int, int, list[Any]]:
    """How many won, how many were told that there is not enough, and whatever else there was."""
    won = [one for one in results if isinstance(one, Redeemed)]
    short = [one for one in results if isinstance(one, InsufficientPoints)]
    other = [one for one in results if not isinstance(one, Redeemed | InsufficientPoints)]
    return len(won), len(short), other


@pytest.mark.parametrize(("cost", "winners"), [(1000, 1), (100, 10)])
@pytest.mark.parametrize("settle", [True, False])
def test_of_64_who_spend_the_last_points_only_so_many_win(ada, cost, winners, settle):
    for _ in range(ROUNDS):
        give(ada, 1000)
        results = at_once([partial(spend, ada, cost, settle=settle)] * THREADS)
        assert tally(results) == (winners, THREADS - winners, [])
        assert balance(ada)["available"] == 0
    assert_books_balance()


def test_without_the_lock_the_same_race_is_lost(ada, monkeypatch):
    """A control: the race above proves something only if it fails without the lock."""

    def unlocked(**named) -> locks.Locked:
        member = locks.find(**named)
        found = locks.Locked(member, Account.objects.get(pk=member.account_id))
        time.sleep(0.05)  # as long as it takes the others to read the same
        return found

    give(ada, 1000)
    monkeypatch.setattr(locks, "lock", unlocked)
    results = at_once([partial(spend, ada, 1000, settle=False)] * 16)
    assert tally(results) != (1, 15, [])


def test_over_http_one_of_64_wins_and_63_are_told_why(ada):
    token = auth.issue(name="till", scopes=["redeem"])[1]
    body = {"member": {"id": str(ada.pk)}, "points": 1000, "mode": "settle"}
    with served() as address:
        for _ in range(ROUNDS):
            give(ada, 1000)
            replies = at_once([partial(persist, address, token, "/api/v1/redemptions", body)] * THREADS)
            answers = sorted((status, reply.get("code", "")) for status, reply in replies)
            assert answers == [(201, "")] + [(409, "insufficient_points")] * (THREADS - 1)
            assert balance(ada)["available"] == 0
    assert Redemption.objects.count() == ROUNDS
    assert_books_balance()


def test_earning_and_spending_at_once_loses_nothing(ada):
    """A3: the end is the start, plus what was earned, less what a 201 said was spent; whatever the order."""
    token = auth.issue(name="till", scopes=["sales", "redeem"])[1]
    seconds = by_size(3, 10, 60)
    give(ada, 500)
    deadline = time.monotonic() + seconds
    named = {"id": str(ada.pk)}

    def earn(till: int, address) -> tuple[int, int]:
        earned = number = 0
        while time.monotonic() < deadline:
            number += 1
            status, reply = persist(address, token, "/api/v1/sales", sale("7.00", f"R-{till}-{number}", member=named))
            assert status == 201, reply
            earned += reply["points"]["earned"]
        return earned, number

    def burn(address) -> tuple[int, int]:
        spent = 0
        while time.monotonic() < deadline:
            body = {"member": named, "points": 9, "mode": "settle"}
            status, reply = persist(address, token, "/api/v1/redemptions", body)
            assert (status, reply.get("code")) in ((201, None), (409, "insufficient_points")), reply
            spent -= 9 if status == 201 else 0
        return spent, 0

    with served() as address:
        works = [partial(earn, till, address) for till in range(8)] + [partial(burn, address)] * 8
        results = at_once(works)
    assert not [one for one in results if isinstance(one, BaseException)], results
    assert balance(ada)["total"] == 500 + sum(points for points, _sales in results)
    ada.refresh_from_db()
    assert ada.spend_minor == 700 * sum(sales for _points, sales in results)
    assert_books_balance()


def test_whoever_waits_too_long_for_the_lock_is_told_to_come_again(ada):
    """A6: a lock held for ten seconds costs the caller three, then 503 with Retry-After; nothing is written."""
    token = auth.issue(name="till", scopes=["redeem"])[1]
    give(ada, 100)
    body = {"member": {"id": str(ada.pk)}, "points": 5, "mode": "settle"}
    with served() as address, transaction.atomic():
        locks.lock(id=ada.pk)
        began = time.monotonic()
        [(status, reply)] = at_once([partial(post, address, token, "/api/v1/redemptions", body)])
        waited = time.monotonic() - began
    assert (status, reply["code"]) == (503, "try_again")
    assert waited < 6
    assert balance(ada)["available"] == 100


def test_the_lock_itself_gives_up_after_three_seconds(ada):
    """The control of the one above: it is PostgreSQL that ends the wait."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone()[0] == "3s"
    with transaction.atomic():
        locks.lock(id=ada.pk)
        [error] = at_once([partial(spend, ada, 5)])
    assert isinstance(error, OperationalError)
