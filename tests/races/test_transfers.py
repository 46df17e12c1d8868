"""Points sent to and fro at once (FAULTS A4): no deadlock reaches anybody, and every snapshot adds up to the same."""

from __future__ import annotations

import random
import threading
from functools import partial

import pytest
from django.db import connection, transaction
from django.db.utils import OperationalError

from loyalty import ledger
from loyalty.errors import InsufficientPoints
from loyalty.models import Account, Kind
from members import enrolment, locks, transfers
from members.models import Member, Transfer
from tests.rewards.conftest import apply
from tests.size import by_size

from .crowd import assert_books_balance, at_once

WORKERS, MEMBERS, EACH = 16, 20, 1_000
SENDINGS = by_size(12, 60, 400)  # of each worker
SUM = "SELECT sum(total) FROM loyalty_account"


@pytest.fixture
def people(committed) -> list[Member]:
    apply()
    found = [enrolment.enrol(name=f"Sample {n}", email=f"s{n}@example.com", actor="test") for n in range(MEMBERS)]
    for member in found:
        with transaction.atomic():
            ledger.post(
                account=locks.lock(id=member.pk).account,
                kind=Kind.ADJUST,
                house=ledger.House.ADJUSTED,
                points=EACH,
                reference="adjust:start",
                actor="test",
            )
    return found


def to_and_fro(people: list[Member], seed: int) -> int:
    """Send at random; how often it went through."""
    chance, sent = random.Random(seed), 0
    for _ in range(SENDINGS):
        sender, receiver = chance.sample(people, 2)
        try:
            with transaction.atomic():
                transfers.transfer(
                    sender=sender.pk, receiver=receiver.pk, points=chance.randint(1, EACH // 2), actor="test"
                )
            sent += 1
        except InsufficientPoints:
            pass
    return sent


def watch(over: threading.Event, sums: set[int]) -> None:
    """Read all balances in one snapshot, again and again."""
    try:
        while not over.is_set():
            with connection.cursor() as cursor:
                cursor.execute(SUM)
                sums.add(int(cursor.fetchone()[0]))
    finally:
        connection.close()


def test_every_snapshot_adds_up_and_nobody_meets_a_deadlock(people):
    over, sums = threading.Event(), set[int]()
    bank = threading.Thread(target=watch, args=(over, sums))
    bank.start()
    results = at_once([partial(to_and_fro, people, seed) for seed in range(WORKERS)])
    over.set()
    bank.join()
    assert [one for one in results if not isinstance(one, int)] == []
    assert sums == {MEMBERS * EACH}
    assert Transfer.objects.count() == sum(results)
    assert_books_balance()


def test_two_who_send_to_each_other_at_once_meet_a_deadlock_where_locks_have_no_order(people, monkeypatch):
    """A control: locked one after the other as they are named, the same race deadlocks."""

    def one_by_one(references):
        first, second = references
        found = locks.lock(**first)
        meeting.wait(timeout=10)
        return [found, locks.lock(**second)]

    meeting = threading.Barrier(2)
    monkeypatch.setattr(locks, "lock_all", one_by_one)
    ada, ben = people[:2]

    def send(sender: Member, receiver: Member) -> object:
        with transaction.atomic():
            return transfers.transfer(sender=sender.pk, receiver=receiver.pk, points=1, actor="test")

    results = at_once([partial(send, ada, ben), partial(send, ben, ada)])
    assert [one for one in results if isinstance(one, OperationalError)]
    assert Account.objects.get(pk=ada.account_id).total + Account.objects.get(pk=ben.account_id).total == 2 * EACH
