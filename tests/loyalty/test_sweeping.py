"""What one statement writes for many accounts is what `refresh` writes for each (FAULTS E5)."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django.db.utils import DatabaseError

from loyalty import books, due, ledger
from loyalty.ledger import sweeping
from loyalty.models import Account, Entry, Kind, Lot, LotMovement
from tests.loyalty import clocks
from tests.races.crowd import at_once
from tests.size import by_size

START = datetime(2026, 5, 1, 12, tzinfo=UTC)
ACCOUNT = ("total", "pending", "held", "debt", "sequence", "lifetime_earned", "next_change_at")


def fill(account, seed):
    """Some lots with dates around the next ten days, some of them spent in part."""
    chance = random.Random(seed)
    for number in range(chance.randint(1, 6)):
        with transaction.atomic():
            locked = ledger.lock(account.pk)[0]
            grants = []
            for _ in range(chance.randint(1, 3)):
                starts = START + timedelta(hours=chance.choice([-24, 0, 0, 24, 72, 120]))
                ends = chance.choice([None, starts + timedelta(hours=chance.choice([24, 48, 96, 400]))])
                grants.append(ledger.Grant(chance.randint(1, 50), starts, ends))
            ledger.post(
                account=locked,
                kind=Kind.EARN,
                house=ledger.House.ISSUED,
                points=sum(grant.points for grant in grants),
                reference=f"test:{number}",
                actor="test",
                grants=grants,
            )
            if locked.available > 5 and chance.random() < 0.5:
                ledger.post(
                    account=locked,
                    kind=Kind.REDEEM,
                    house=ledger.House.REDEEMED,
                    points=-chance.randint(1, locked.available),
                    reference=f"spent:{number}",
                    actor="test",
                )


def picture(account):
    """Everything but ids."""
    lots = {lot.pk: (lot.sequence, lot.part) for lot in Lot.objects.filter(account=account)}
    account.refresh_from_db()
    return {
        "account": [getattr(account, name) for name in ACCOUNT],
        "lots": sorted((*lots[lot.pk], lot.remaining) for lot in Lot.objects.filter(account=account)),
        "entries": [
            (e.sequence, e.kind, e.house, e.points, e.balance_after, e.debt_change, e.occurred_at, e.actor)
            for e in Entry.objects.filter(account=account).order_by("sequence")
        ],
        "movements": sorted(
            (m.entry.sequence, lots[m.lot_id], m.points)
            for m in LotMovement.objects.filter(account=account).select_related("entry")
        ),
        "names": all(
            e.reference == f"expire:{m.lot_id}"
            for e in Entry.objects.filter(account=account, kind=Kind.EXPIRE)
            for m in e.movements.all()
        ),
    }


@pytest.mark.django_db
def test_it_writes_what_the_careful_way_writes():
    with clocks.set_by_hand(START) as hand:
        pairs = [(Account.objects.create(), Account.objects.create()) for _ in range(by_size(25, 100, 400))]
        for number, pair in enumerate(pairs):
            for account in pair:
                fill(account, number)
        for hours in (30, 60, 61, 130, 600):
            hand.at = START + timedelta(hours=hours)
            for one, _ in pairs:
                with transaction.atomic():
                    ledger.lock(one.pk)
            assert due.write_changes() <= len(pairs)
            for one, other in pairs:
                assert picture(one) == picture(other)
        assert due.write_changes() == 0
        assert books.check().problems == []


@pytest.fixture
def crowd(committed):
    """Accounts whose points have ended three days ago, and no job has run."""
    with clocks.set_by_hand(START) as hand:
        accounts = [Account.objects.create() for _ in range(60)]
        for account in accounts:
            with transaction.atomic():
                ledger.post(
                    account=ledger.lock(account.pk)[0],
                    kind=Kind.EARN,
                    house=ledger.House.ISSUED,
                    points=10,
                    reference="test",
                    actor="test",
                    grants=[ledger.Grant(10, START, START + timedelta(hours=1))],
                )
        hand.forward(days=3, hours=1)
        yield accounts


def test_late_twice_and_four_at_once_is_once(crowd):
    results = at_once([due.write_changes] * 4)
    assert sum(results) == len(crowd) and at_once([due.write_changes] * 2) == [0, 0]
    assert Entry.objects.filter(kind=Kind.EXPIRE).count() == len(crowd)
    assert set(Entry.objects.filter(kind=Kind.EXPIRE).values_list("occurred_at", flat=True)) == {
        START + timedelta(hours=1)
    }
    assert books.check().problems == []


def sweep():
    with transaction.atomic():
        return ledger.sweep(at=due.clock.now(), limit=1000)


SLOWLY = "FROM (SELECT *, pg_sleep(0.01) FROM due) due JOIN loyalty_lot"


@pytest.mark.parametrize("locked", [True, False], ids=["locked", "control"])
def test_parallel_statements_do_not_meet_because_they_lock(crowd, monkeypatch, locked):
    statement = sweeping._SWEEP.replace("FROM due JOIN loyalty_lot", SLOWLY)
    assert statement != sweeping._SWEEP
    monkeypatch.setattr(
        sweeping, "_SWEEP", statement if locked else statement.replace("FOR NO KEY UPDATE SKIP LOCKED", "")
    )
    results = at_once([sweep] * 4)
    met = [one for one in results if isinstance(one, Exception)]
    assert all(isinstance(one, DatabaseError) for one in met)
    assert bool(met) is not locked
    assert books.check().problems == []  # what would have been written twice the database refused
