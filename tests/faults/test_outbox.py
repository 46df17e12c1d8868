"""Facts reach their handlers: after the commit, in order for each account, whatever fails."""

import uuid

import pytest
from django.db import transaction

from loyalty import clock, outbox
from loyalty.models import Fact
from loyalty.outbox import carrier, registry

ADA, BEN = uuid.UUID(int=1), uuid.UUID(int=2)


@pytest.fixture
def heard(monkeypatch):
    """A handler of `test.said` that remembers what it was given."""
    monkeypatch.setattr(registry, "_handlers", {})
    said = []

    @outbox.on("test.said")
    def hear(fact):
        said.append((fact.account, fact.payload["n"]))

    return said


def say(account, n, name="test.said"):
    with transaction.atomic():
        outbox.record(name, account=account, payload={"n": n}, occurred_at=clock.now())


@pytest.mark.django_db
def test_facts_of_an_account_are_handled_once_and_in_order(heard):
    for n in range(5):
        say(ADA, n)
        say(BEN, n)
    assert outbox.waiting()["waiting"] == 10
    assert outbox.drain() == 10
    assert outbox.drain() == 0
    assert [n for account, n in heard if account == ADA] == [0, 1, 2, 3, 4]
    assert [n for account, n in heard if account == BEN] == [0, 1, 2, 3, 4]
    assert outbox.waiting() == {"waiting": 0, "oldest_seconds": 0.0, "parked": 0}


@pytest.mark.django_db
def test_a_failing_fact_holds_up_only_its_own_account_and_is_parked_in_the_end(heard, monkeypatch):
    broken = True

    @outbox.on("test.said")
    def choke(fact):
        if broken and fact.account == ADA and fact.payload["n"] == 1:
            raise ValueError("Ada Lovelace, ada@example.com")

    for n in range(3):
        say(ADA, n)
        say(BEN, n)
    outbox.drain()
    first = Fact.objects.get(account=ADA, payload__n=1)
    assert (first.attempts, first.handled_at, first.parked_at) == (1, None, None)
    assert "ValueError" in first.error
    assert "Ada" not in first.error
    assert "ada@" not in first.error
    assert set(Fact.objects.filter(handled_at=None).values_list("account", "payload__n")) == {
        (ADA, 1),
        (ADA, 2),
    }
    assert outbox.drain() == 0  # the pause is not over

    for _ in range(carrier.ATTEMPTS - 1):
        Fact.objects.filter(attempts__gt=0, parked_at=None).update(due_at=clock.now())
        outbox.drain()
    assert outbox.waiting() == {"waiting": 0, "oldest_seconds": 0.0, "parked": 1}
    assert [n for account, n in heard if account == ADA][-1] == 2

    broken = False
    assert outbox.retry(facts=[first.pk]) == 1
    outbox.drain()
    assert outbox.waiting()["parked"] == 0


@pytest.mark.django_db
def test_a_database_error_in_one_handler_spoils_nothing_else(heard):
    @outbox.on("test.said", batch=True)
    def clash(facts):
        for fact in facts:
            if fact.payload["n"] == 1:
                Fact.objects.create(id=fact.id, name="clash", shard=0, occurred_at=clock.now())

    for n in range(3):
        say(uuid.uuid4(), n)
    outbox.drain()
    bad = Fact.objects.get(handled_at=None)
    assert bad.payload == {"n": 1}
    assert bad.error.startswith("IntegrityError 23505 loyalty_fact_pkey at tests/faults/test_outbox.py:")
    assert {n for _, n in heard} == {0, 1, 2}


@pytest.mark.django_db
def test_a_fact_of_a_transaction_that_rolls_back_never_was(heard):
    with transaction.atomic():
        outbox.record("test.said", account=ADA, payload={"n": 1}, occurred_at=clock.now())
        transaction.set_rollback(True)
    assert outbox.drain() == 0
    assert not heard


def test_a_fact_outside_a_transaction_is_refused(committed):
    with pytest.raises(transaction.TransactionManagementError):
        outbox.record("test.said", account=ADA, payload={}, occurred_at=clock.now())
    assert Fact.objects.count() == 0


def test_facts_are_grouped_by_name_without_breaking_the_order_of_any_account():
    names = [(ADA, "a"), (ADA, "b"), (BEN, "b"), (ADA, "a"), (BEN, "a"), (None, "b"), (BEN, "b")]
    facts = [Fact(account=account, name=name, payload={"n": n}) for n, (account, name) in enumerate(names)]
    assert [[fact.payload["n"] for fact in wave] for wave in carrier.waves(facts)] == [
        [0],
        [1, 2, 5],
        [3, 4],
        [6],
    ]


@pytest.mark.django_db
def test_facts_stamped_by_a_clock_that_was_ahead_are_due(heard, monkeypatch):
    say(ADA, 1)
    Fact.objects.update(due_at="2099-01-01T00:00:00Z")
    assert outbox.drain() == 1
