"""A programme that has been running for a while, loaded by COPY: members, their sales and their points.

The rows are those that the operations would have written, so `manage.py check_books` is clean on them.
"""

# ruff: noqa: RUF005  (a row is its parts, one after the other)
from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection, models, transaction
from psycopg.types.json import Jsonb

import rewards.demo
from loyalty import policies
from loyalty.ids import uuid7
from loyalty.models import Account, Decision, Entry, Fact, Lot, Store
from members.models import Identity, Member, Profile, Sale, SaleLine, TierChange, TierStanding

OPENED = datetime(2024, 1, 1, 9, 0, tzinfo=UTC)
CHUNK = 10_000
ACTOR = "system:bench"
PROGRAMME = Path(rewards.demo.__file__).with_name("cdnow.json")
LEVELS = [("bronze", 0), ("silver", 25_000), ("gold", 50_000), ("platinum", 100_000)]


@dataclass
class Visit:
    """One sale of the past, its decision and its entry."""

    at: datetime
    amount_minor: int
    sale: UUID = field(default_factory=uuid7)
    decision: UUID = field(default_factory=uuid7)
    entry: UUID = field(default_factory=uuid7)

    @property
    def points(self) -> int:
        return self.amount_minor // 100


@dataclass
class Person:
    """One member of the past."""

    number: int
    visits: list[Visit]
    id: UUID = field(default_factory=uuid7)
    account: UUID = field(default_factory=uuid7)

    @property
    def points(self) -> int:
        return sum(visit.points for visit in self.visits)

    @property
    def spend_minor(self) -> int:
        return sum(visit.amount_minor for visit in self.visits)

    @property
    def joined(self) -> datetime:
        return OPENED + timedelta(minutes=self.number % 600)

    @property
    def last_seen(self) -> datetime:
        return self.visits[-1].at if self.visits else self.joined


def card(number: int) -> str:
    """The card of member `number`: 15 digits and the check digit of ISO/IEC 7812."""
    digits = f"9801{number:011d}"
    doubled = [int(d) * (2 if place % 2 == 0 else 1) for place, d in enumerate(reversed(digits))]
    return f"{digits}{-sum(d - 9 if d > 9 else d for d in doubled) % 10}"


def level(spend_minor: int) -> str:
    return next(code for code, least in reversed(LEVELS) if spend_minor >= least)


def people(first: int, count: int, purchases: int) -> list[Person]:
    """Members `first` to `first + count − 1` with `purchases` sales each; only their ids differ each time."""
    chance = random.Random(f"people:{first}")
    found = []
    for number in range(first, first + count):
        person = Person(number, [])
        for week in range(purchases):
            at = person.joined + timedelta(days=7 * week, minutes=5)
            person.visits.append(Visit(at, chance.randrange(300, 2_500)))
        found.append(person)
    return found


def load(members: int, purchases: int) -> None:
    """The demo's programme, and `members` who made `purchases` sales each."""
    policies.apply(document=json.loads(PROGRAMME.read_text()), actor=ACTOR, valid_from=OPENED)
    store, version = policies.store("main"), policies.current().version
    for first in range(0, members, CHUNK):
        chunk = people(first, min(CHUNK, members - first), purchases)
        with transaction.atomic():
            _load_people(chunk, store)
            _load_sales(chunk, store, version)
            _load_points(chunk, store)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def copy(model: type[models.Model], names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """COPY `rows` into the model's table; a column that `names` leaves out has the model's default."""
    fields = model._meta.concrete_fields
    blank = model(pk=uuid7())
    given = {name: index for index, name in enumerate(names)}
    unknown = set(given) - {f.attname for f in fields}
    if unknown:
        raise ValueError(f"{model.__name__} has no {unknown}")
    sources = [(given.get(f.attname), _ready(f, getattr(blank, f.attname))) for f in fields]
    columns = ", ".join(f'"{f.column}"' for f in fields)
    statement = f'COPY "{model._meta.db_table}" ({columns}) FROM STDIN'
    with connection.cursor() as cursor, cursor.copy(statement) as out:
        for row in rows:
            out.write_row([default if index is None else row[index] for index, default in sources])


def _ready(of: models.Field[Any, Any], value: Any) -> Any:
    return Jsonb(value) if isinstance(of, models.JSONField) else value


def _load_people(chunk: Sequence[Person], store: Store) -> None:
    copy(
        Account,
        ["id", "opened_at", "total", "sequence", "lifetime_earned", "as_of"],
        ((p.account, p.joined, p.points, sum(v.points > 0 for v in p.visits), p.points, p.last_seen) for p in chunk),
    )
    copy(
        Member,
        ["id", "account_id", "store_id", "enrolled_at", "created_at"]
        + ["spend_minor", "purchases", "first_sale_at", "last_sale_at"],
        (
            (p.id, p.account, store.pk, p.joined, p.joined, p.spend_minor, len(p.visits))
            + ((p.visits[0].at, p.last_seen) if p.visits else (None, None))
            for p in chunk
        ),
    )
    copy(Profile, ["member_id", "name", "language"], ((p.id, f"Sample {p.number}", "en") for p in chunk))
    copy(
        Identity,
        ["id", "member_id", "kind", "value", "created_at"],
        (
            (uuid7(), p.id, kind, value, p.joined)
            for p in chunk
            for kind, value in (("card", card(p.number)), ("email", f"sample.{p.number}@example.com"))
        ),
    )
    copy(
        TierStanding,
        ["id", "member_id", "group", "level", "since"],
        ((uuid7(), p.id, "status", level(p.spend_minor), _since(p)) for p in chunk),
    )
    copy(
        TierChange,
        ["id", "member_id", "group", "before", "after", "at", "recorded_at"],
        ((uuid7(), p.id, "status", before, after, at, at) for p in chunk for at, before, after in _climbs(p)),
    )


def _climbs(person: Person) -> list[tuple[datetime, str, str]]:
    """(when, level before, level after) of every change since enrolment."""
    found, spent = [], 0
    for visit in person.visits:
        before, after = level(spent), level(spent + visit.amount_minor)
        spent += visit.amount_minor
        if before != after:
            found.append((visit.at, before, after))
    return found


def _since(person: Person) -> datetime:
    climbs = _climbs(person)
    return climbs[-1][0] if climbs else person.joined


def _of_all(chunk: Sequence[Person]) -> Iterator[tuple[Person, Visit, int]]:
    """Every visit with its number, from 1, in its member's history."""
    for person in chunk:
        for number, visit in enumerate(person.visits, start=1):
            yield person, visit, number


def _load_sales(chunk: Sequence[Person], store: Store, version: int) -> None:
    copy(
        Decision,
        ["id", "account_id", "kind", "subject", "programme_version", "points", "body", "decided_at"],
        ((v.decision, p.account, "sale", v.sale, version, v.points, _decided(v), v.at) for p, v, _ in _of_all(chunk)),
    )
    copy(
        Sale,
        ["id", "member_id", "store_id", "receipt", "occurred_at", "recorded_at", "currency", "total_minor"]
        + ["actor", "content_hash", "decision_id"],
        (
            (v.sale, p.id, store.pk, f"H-{p.number}-{n}", v.at, v.at, "USD", v.amount_minor)
            + (ACTOR, bytes(32), v.decision)
            for p, v, n in _of_all(chunk)
        ),
    )
    copy(
        SaleLine,
        ["id", "sale_id", "number", "sku", "amount_minor", "points"],
        ((uuid7(), v.sale, 1, "CD", v.amount_minor, v.points) for _, v, _ in _of_all(chunk)),
    )
    copy(
        Fact,
        ["id", "account", "name", "payload", "shard", "occurred_at", "recorded_at", "due_at", "handled_at"],
        (
            (uuid7(), p.account, "points.earned", Jsonb({"member": str(p.id), "sale": str(v.sale)}))
            + (p.number % 8, v.at, v.at, v.at, v.at)
            for p, v, _ in _of_all(chunk)
        ),
    )


def _decided(visit: Visit) -> Jsonb:
    line = {"line": 1, "points": visit.points}
    rule = {"rule": "base", "version": 1, "points": visit.points, "rounding": "floor", "lines": [line]}
    return Jsonb({"rules": [rule], "lines": [line], "not_applied": [], "caps": []})


def _load_points(chunk: Sequence[Person], store: Store) -> None:
    """Entries and their lots; every visit earns, because every amount is above one point."""
    copy(
        Entry,
        ["id", "account_id", "sequence", "kind", "house", "points", "balance_after", "reference"]
        + ["occurred_at", "recorded_at", "actor", "store_id", "decision_id"],
        (
            (v.entry, p.account, n, "earn", "issued", v.points, sum(w.points for w in p.visits[:n]))
            + (f"sale:{v.sale}", v.at, v.at, ACTOR, store.pk, v.decision)
            for p, v, n in _of_all(chunk)
        ),
    )
    copy(
        Lot,
        ["id", "account_id", "entry_id", "sequence", "granted", "remaining", "available_at"],
        ((uuid7(), p.account, v.entry, n, v.points, v.points, v.at) for p, v, n in _of_all(chunk)),
    )
