"""Many tills at once: what a member bought is counted in full, and the books follow."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import connection, connections, transaction

from loyalty import ledger, policies, rows
from loyalty.models import Account, Entry
from members import activity, enrolment, locks, tiers
from members.models import Member, Sale, SaleLine, TierStanding
from tests.members.conftest import PROGRAMME

TILLS, ROUNDS = 8, 10
AMOUNT = 700  # cents: 80 sales make 560.00, over the threshold of gold


@pytest.fixture
def ada(committed) -> Member:
    policies.apply(document=PROGRAMME, actor="test", valid_from=datetime(2020, 1, 1, tzinfo=UTC))
    return enrolment.enrol(name="Ada", email="ada@example.com", actor="test")


def sell(member: Member, account: Account, receipt: str) -> None:
    """One sale with its points and its tier, as record_sale does it, of an already locked member."""
    store = policies.store("main")
    found = activity.situation(store=store, receipt=receipt, member=member)
    with rows.together():
        sale = activity.record(
            member=member,
            store=store,
            receipt=receipt,
            occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
            currency="USD",
            total_minor=AMOUNT,
            lines=[SaleLine(number=1, amount_minor=AMOUNT)],
            content_hash=activity.content_hash({"receipt": receipt}),
            actor="test",
        )
        ledger.post(
            account=account,
            kind="earn",
            house="issued",
            points=7,
            reference=f"sale:{sale.pk}",
            actor="test",
            grants=[ledger.Grant(7, sale.occurred_at, None)],
        )
        tiers.qualify(
            member=member,
            account=account,
            policies=policies.current(),
            standings=found.standings,
            at=sale.occurred_at,
            subject=sale.pk,
        )


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
        sell(locked.member, locked.account, f"{till}-{turn}")

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


def test_without_the_lock_on_the_member_row_counters_are_lost(ada):
    """The control: join both rows and lock the account alone, and this test of ours can see what goes wrong."""
    one_row = locks._statement(by_identity=False).replace("OF a, m", "OF a")
    assert one_row.endswith("FOR NO KEY UPDATE OF a")

    def work(till: int, turn: int) -> None:
        found = locks._locked(one_row, [ada.pk], closed=False)
        connection.cursor().execute("SELECT pg_sleep(0.002)")
        sell(found.member, found.account, f"{till}-{turn}")

    at_once(work)
    member = Member.objects.select_related("account").get(pk=ada.pk)
    assert Sale.objects.count() == 80
    assert (member.account.total, member.account.sequence) == (560, 80)  # the locked row is right
    assert member.purchases < 80  # the joined one is not, and nobody was told
