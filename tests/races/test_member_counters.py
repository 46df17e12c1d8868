"""Many tills at once: what a member bought is counted in full, and the books follow."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import connection, connections, transaction

from loyalty import books, policies
from loyalty.errors import IdentityTaken
from loyalty.models import Account, Entry, Fact
from members import enrolment, locks
from members.models import Identity, Member, Profile, Sale, TierStanding
from tests.members.conftest import PROGRAMME
from tests.members.selling import record

TILLS, ROUNDS = 8, 10
AMOUNT = 700  # cents: 80 sales make 560.00, over the threshold of gold


@pytest.fixture
def ada(committed) -> Member:
    policies.apply(document=PROGRAMME, actor="test", valid_from=datetime(2020, 1, 1, tzinfo=UTC))
    return enrolment.enrol(name="Ada", email="ada@example.com", actor="test")


def at_once(work) -> None:
    """Run `work(till, round)` in TILLS threads at once, each in its own transactions."""
    start = threading.Barrier(TILLS)

    def till(number: int) -> None:
        try:
            start.wait()
            for turn in range(ROUNDS):
                with transaction.atomic():
                    work(number, turn)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(TILLS) as pool:
        for done in [pool.submit(till, number) for number in range(TILLS)]:
            done.result()


def test_counters_balance_and_tier_follow_from_the_sales_after_eight_tills_at_once(ada):
    def work(till: int, turn: int) -> None:
        locked = locks.lock(id=ada.pk) if turn % 2 else locks.lock(email="ada@example.com")
        record(locked.member, locked.account, f"{till}-{turn}", minor=AMOUNT)

    at_once(work)
    member = Member.objects.select_related("account").get(pk=ada.pk)
    assert Sale.objects.count() == Entry.objects.count() == 80
    assert (member.spend_minor, member.purchases) == (56_000, 80)
    assert (member.account.total, member.account.sequence) == (560, 80)
    assert TierStanding.objects.get().level == "gold"
    assert [(change.before, change.after) for change in member.tier_changes.order_by("id")] == [
        ("bronze", "silver"),
        ("silver", "gold"),
    ]
    assert books.check().problems == []


def test_without_the_lock_on_the_member_row_counters_are_lost(ada):
    """The control: join both rows and lock the account alone, and this test of ours can see what goes wrong."""
    one_row = locks._statement(locks.BY_ID).replace("OF a, m", "OF a")
    assert one_row.endswith("FOR NO KEY UPDATE OF a")

    def work(till: int, turn: int) -> None:
        found = locks._locked(one_row, [ada.pk], closed=False)
        connection.cursor().execute("SELECT pg_sleep(0.002)")
        record(found.member, found.account, f"{till}-{turn}", minor=AMOUNT)

    at_once(work)
    member = Member.objects.select_related("account").get(pk=ada.pk)
    assert Sale.objects.count() == 80
    assert (member.account.total, member.account.sequence) == (560, 80)  # the locked row is right
    assert member.purchases < 80  # the joined one is not, and nobody was told
    assert {problem.invariant for problem in books.check().problems} == {"I11"}  # but the books tell


def test_of_eight_who_enrol_one_address_at_once_one_joins(committed):
    policies.apply(document=PROGRAMME, actor="test", valid_from=datetime(2020, 1, 1, tzinfo=UTC))
    start = threading.Barrier(TILLS)

    def enrol(number: int) -> str:
        try:
            start.wait()
            return str(enrolment.enrol(name=f"Ada {number}", email=" Ada@Example.com", actor="test").pk)
        except IdentityTaken as refusal:
            return refusal.errors[0].field
        finally:
            connections.close_all()

    with ThreadPoolExecutor(TILLS) as pool:
        answers = sorted(pool.map(enrol, range(TILLS)))
    assert answers.count("email") == TILLS - 1
    counts = [model.objects.count() for model in (Member, Account, Profile, TierStanding, Fact)]
    assert counts == [1, 1, 1, 1, 1]
    assert Identity.objects.count() == 2  # the address and the card
