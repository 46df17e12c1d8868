"""Recording facts, and how many wait."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count, Min, Q

from loyalty import clock, rows
from loyalty.ids import uuid7
from loyalty.models import Fact

from . import wakeup

SHARDS = 16

WAITING = Q(handled_at__isnull=True, parked_at__isnull=True)


class Waiting(TypedDict):
    """What the outbox still has to do."""

    waiting: int
    oldest_seconds: float  # how long the oldest waiting fact has been recorded; 0 when none waits
    parked: int  # given up: a person must look


def shard_of(owner: UUID) -> int:
    """The shard of an account: stable, so that one relay at a time works on it and order is kept."""
    return owner.int % SHARDS


def record(name: str, *, account: UUID | None, payload: Mapping[str, object], occurred_at: datetime) -> None:
    """Write a fact into the caller's transaction; after its commit somebody above acts on it.

    `payload` holds ids, codes and numbers, never personal data. Facts of one account are handled in the order
    of recording, provided that the caller holds the account's lock; those without an account in any order.
    After the commit one wake-up is sent, which never fails and hardly ever delays the caller.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("a fact is recorded in the transaction that makes it true")
    identifier = uuid7()
    fact = Fact(
        id=identifier,
        account=account,
        name=name,
        payload=dict(payload),
        shard=shard_of(account or identifier),
        occurred_at=occurred_at,
    )
    rows.write(fact)
    wakeup.after_commit()


def waiting() -> Waiting:
    """How many facts wait, since when, and how many were parked."""
    found = Fact.objects.filter(WAITING).aggregate(count=Count("id"), oldest=Min("recorded_at"))
    age = (clock.now() - found["oldest"]).total_seconds() if found["oldest"] else 0.0
    parked = Fact.objects.filter(handled_at=None, parked_at__isnull=False).count()
    return {"waiting": found["count"], "oldest_seconds": max(0.0, age), "parked": parked}


def retry(*, facts: Iterable[UUID]) -> int:
    """Let parked facts be tried again from the start; returns how many there were."""
    with transaction.atomic():
        count = Fact.objects.filter(pk__in=list(facts), parked_at__isnull=False).update(
            parked_at=None, attempts=0, due_at=clock.now()
        )
        wakeup.after_commit()
    return count
