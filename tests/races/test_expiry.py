"""A redemption at the moment of expiry (FAULTS E6): exactly one of the two, however close."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from django.db import transaction
from django.db.utils import DatabaseError

from loyalty import clock, due, ledger
from loyalty.errors import InsufficientPoints
from loyalty.models import Account, Entry, Kind
from tests.size import by_size

from .crowd import assert_books_balance, at_once

ROUNDS = by_size(20, 60, 200)
ENDS = datetime(2026, 11, 2, 5, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)


@pytest.fixture
def own_clocks(committed, monkeypatch):
    """Every thread has a clock of its own, as every host has; by default an hour before the points end."""
    here = threading.local()
    monkeypatch.setattr(clock, "now", lambda: getattr(here, "at", ENDS - timedelta(hours=1)))
    clock.follow(lambda: clock.now() - datetime.now(UTC))  # for what models set by default
    yield here
    clock.follow(None)


def granted() -> Account:
    account = Account.objects.create()
    with transaction.atomic():
        ledger.post(
            account=ledger.lock(account.pk)[0],
            kind=Kind.EARN,
            house=ledger.House.ISSUED,
            points=100,
            reference="test",
            actor="test",
            grants=[ledger.Grant(100, ENDS - timedelta(days=1), ENDS)],
        )
    return account


def spend(here, account, lock):
    """By the redeemer's clock there is an instant left."""
    here.at = ENDS - INSTANT
    with transaction.atomic():
        ledger.post(
            account=lock(account.pk),
            kind=Kind.REDEEM,
            house=ledger.House.REDEEMED,
            points=-100,
            reference="redemption",
            actor="test",
        )


def expire(here, account, lock):
    """By this clock there is none: the job, or anybody who only reads."""
    here.at = ENDS + INSTANT
    due.write_changes()
    with transaction.atomic():
        lock(account.pk)


def race(here, lock):
    account = granted()
    return account, at_once([partial(spend, here, account, lock), partial(expire, here, account, lock)])


def test_exactly_one_of_the_two(own_clocks):
    spent = 0
    for _ in range(ROUNDS):
        account, (redeemed, expired) = race(own_clocks, lambda pk: ledger.lock(pk)[0])
        assert expired is None
        assert redeemed is None or isinstance(redeemed, InsufficientPoints), redeemed
        kinds = list(Entry.objects.filter(account=account).order_by("sequence").values_list("kind", "points"))
        assert kinds[1:] == [(Kind.REDEEM if redeemed is None else Kind.EXPIRE, -100)]
        spent += redeemed is None
    print(f"{spent} of {ROUNDS} were spent, {ROUNDS - spent} expired")
    own_clocks.at = ENDS + timedelta(days=1)
    assert_books_balance()


def _unlocked(pk):
    account = Account.objects.get(pk=pk)
    ledger.refresh(account, clock.now())
    return account


def test_without_the_lock_both_would_try(own_clocks):
    clashes = 0
    for _ in range(max(ROUNDS, 60)):
        _, results = race(own_clocks, _unlocked)
        clashes += any(isinstance(one, DatabaseError) for one in results)
        if clashes:
            break
    assert clashes  # only the database's own guards kept the books right
    own_clocks.at = ENDS + timedelta(days=1)
    assert_books_balance()
