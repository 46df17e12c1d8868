"""I10: the books name a sale that nobody was told of, and a fact that was given up."""

import json
import uuid
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from loyalty import books, clock, ledger, outbox
from loyalty.models import Account, Decision, Entry, Fact, Kind
from loyalty.outbox import registry


@pytest.fixture
def ada(db):
    return Account.objects.create()


def earn(account, *, told):
    sale = uuid.uuid4()
    decision = Decision.objects.create(account=account, kind="sale", points=5, programme_version=1)
    with transaction.atomic():
        ledger.post(
            account=ledger.lock(account.pk)[0],
            kind=Kind.EARN,
            house=ledger.House.ISSUED,
            points=5,
            reference=f"sale:{sale}",
            actor="test",
            decision=decision,
            grants=[ledger.Grant(5, clock.now(), None)],
        )
        if told:
            payload = {"sale": str(sale), "points": 5}
            outbox.record("points.earned", account=account.pk, payload=payload, occurred_at=clock.now())


def test_a_sale_that_earned_has_its_fact(ada):
    earn(ada, told=True)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert books.check().problems == []


def test_a_sale_without_a_fact_is_named(ada):
    earn(ada, told=False)
    (problem,) = books.check().problems
    assert (problem.invariant, problem.row) == ("I10", f"entry {Entry.objects.get().pk}")


def test_a_parked_fact_is_named_until_it_is_handled(ada, monkeypatch):
    monkeypatch.setattr(registry, "_handlers", {})
    with transaction.atomic():
        outbox.record("test.said", account=ada.pk, payload={}, occurred_at=clock.now())
    Fact.objects.update(parked_at=clock.now(), attempts=10, error="ValueError at members/handlers.py:1")
    (problem,) = books.check().problems
    assert problem.detail == "test.said was given up after 10 attempts: ValueError at members/handlers.py:1"
    shown = StringIO()
    call_command("outbox", stdout=shown)
    assert [row["error"] for row in json.loads(shown.getvalue())["parked_facts"]] == [
        "ValueError at members/handlers.py:1"
    ]
    call_command("outbox", "--retry", stdout=StringIO())
    outbox.drain()
    assert books.check().problems == []
