"""A programme that has been running for a while, loaded by COPY: members, their sales and their points.

The rows are those that the operations would have written, so `manage.py check_books` is clean on them.
"""

# ruff: noqa: RUF005  (a row is its parts, one after the other)
from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from members import tiers
from members.models import Identity, Member, Profile, Sale, SaleLine, TierChange, TierStanding

OPENED = datetime(2024, 1, 1, 9, 0, tzinfo=UTC)
CHUNK = 10_000
ACTOR = "system:bench"
PROGRAMME = Path(rewards.demo.__file__).with_name("cdnow.json")
GOODS = [("BEANS", "coffee"), ("LATTE", "coffee"), ("CAKE", "food"), ("CUP", "goods")]  # of sales of several lines


@dataclass
class Visit:
    """One sale of the past, its decision and its entry."""

    at: datetime
    amount_minor: int
    lines: tuple[tuple[str, str, int], ...] = ()  # sku, category, minor units
    store: int = 0
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


@dataclass(frozen=True)
class Place:
    """What the rows point to: the programme's version, currency, stores and first tier group."""

    version: int
    currency: str
    stores: list[Store]
    group: tiers.Group | None
    ends: datetime | None = None  # of every lot

    def level(self, spend_minor: int) -> str:
        """The level that a spend reaches."""
        found = tiers.reached(self.group, spend_minor) if self.group else None
        return found.code if found else ""


def people(first: int, count: int, purchases: int, lines: int = 1, stores: int = 1) -> list[Person]:
    """Members `first` to `first + count − 1` with `purchases` sales each; only their ids differ each time.

    Every sale has up to `lines` lines, in one of so many stores.
    """
    chance = random.Random(f"people:{first}")
    found = []
    for number in range(first, first + count):
        person = Person(number, [])
        for week in range(purchases):
            at = person.joined + timedelta(days=7 * week, minutes=5)
            visit = Visit(at, chance.randrange(300, 2_500))
            if lines > 1:
                visit.at += timedelta(minutes=chance.randrange(0, 7 * 24 * 60 - 10))
                visit.store = chance.randrange(stores)
                visit.lines = tuple(_lines(visit.amount_minor, chance.randint(1, lines), chance))
            person.visits.append(visit)
        found.append(person)
    return found


def _lines(amount_minor: int, count: int, chance: random.Random) -> Iterator[tuple[str, str, int]]:
    left = amount_minor
    for number in range(count, 0, -1):
        part = left if number == 1 else left // number
        yield *chance.choice(GOODS), part
        left -= part


def load(members: int, purchases: int, *, document: Mapping[str, Any] | None = None, lines: int = 1) -> None:
    """A programme, by default the demo's, and `members` who made `purchases` sales each, of up to so many lines.

    Every sale earned one point per whole unit of money, whatever the programme would have given, for ever.
    """
    document = document or json.loads(PROGRAMME.read_text())
    policies.apply(document=document, actor=ACTOR, valid_from=OPENED)
    programme = policies.current()
    groups = [group for group in tiers.compiled(programme) if group.worked_out]
    stores = list(Store.objects.filter(retired_at=None).order_by("code"))
    place = Place(programme.version, programme.currency, stores, groups[0] if groups else None)
    for first in range(0, members, CHUNK):
        chunk = people(first, min(CHUNK, members - first), purchases, lines, len(stores))
        with transaction.atomic():
            _load_people(chunk, place)
            _load_sales(chunk, place)
            _load_points(chunk, place)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def load_points(accounts: int, lots: int, *, ends: datetime) -> None:
    """Accounts of nobody in particular with so many lots each, all of which end at one instant. No sales, no facts."""
    place = Place(0, "", [], None, ends)
    for first in range(0, accounts, CHUNK):
        chunk = people(first, min(CHUNK, accounts - first), lots)
        with transaction.atomic():
            _load_accounts(chunk, place)
            _load_entries(chunk, place)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE loyalty_account, loyalty_entry, loyalty_lot, loyalty_lotmovement")


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


def _load_accounts(chunk: Sequence[Person], place: Place) -> None:
    copy(
        Account,
        ["id", "opened_at", "total", "sequence", "lifetime_earned", "as_of", "next_change_at"],
        (
            (p.account, p.joined, p.points, sum(v.points > 0 for v in p.visits), p.points, p.last_seen, place.ends)
            for p in chunk
        ),
    )


def _load_people(chunk: Sequence[Person], place: Place) -> None:
    _load_accounts(chunk, place)
    copy(
        Member,
        ["id", "account_id", "store_id", "enrolled_at", "created_at"]
        + ["spend_minor", "purchases", "first_sale_at", "last_sale_at"],
        (
            (p.id, p.account, place.stores[0].pk, p.joined, p.joined, p.spend_minor, len(p.visits))
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
    if place.group is None:
        return
    group = place.group.code
    copy(
        TierStanding,
        ["id", "member_id", "group", "level", "since"],
        ((uuid7(), p.id, group, place.level(p.spend_minor), _since(p, place)) for p in chunk),
    )
    copy(
        TierChange,
        ["id", "member_id", "group", "before", "after", "at", "recorded_at"],
        ((uuid7(), p.id, group, before, after, at, at) for p in chunk for at, before, after in _climbs(p, place)),
    )


def _climbs(person: Person, place: Place) -> list[tuple[datetime, str, str]]:
    """(when, level before, level after) of every change since enrolment."""
    found, spent = [], 0
    for visit in person.visits:
        before, after = place.level(spent), place.level(spent + visit.amount_minor)
        spent += visit.amount_minor
        if before != after:
            found.append((visit.at, before, after))
    return found


def _since(person: Person, place: Place) -> datetime | None:
    climbs = _climbs(person, place)
    return climbs[-1][0] if climbs else person.joined if place.level(0) else None


def _of_all(chunk: Sequence[Person]) -> Iterator[tuple[Person, Visit, int]]:
    """Every visit with its number, from 1, in its member's history."""
    for person in chunk:
        for number, visit in enumerate(person.visits, start=1):
            yield person, visit, number


def _load_sales(chunk: Sequence[Person], place: Place) -> None:
    copy(
        Decision,
        ["id", "account_id", "kind", "subject", "programme_version", "points", "body", "decided_at"],
        (
            (v.decision, p.account, "sale", v.sale, place.version, v.points, _decided(v), v.at)
            for p, v, _ in _of_all(chunk)
        ),
    )
    copy(
        Sale,
        ["id", "member_id", "store_id", "receipt", "occurred_at", "recorded_at", "currency", "total_minor"]
        + ["actor", "content_hash", "decision_id"],
        (
            (v.sale, p.id, place.stores[v.store].pk, f"H-{p.number}-{n}", v.at, v.at, place.currency, v.amount_minor)
            + (ACTOR, bytes(32), v.decision)
            for p, v, n in _of_all(chunk)
        ),
    )
    copy(
        SaleLine,
        ["id", "sale_id", "number", "sku", "category", "amount_minor", "points"],
        (
            (uuid7(), v.sale, n, sku, category, amount, v.points if n == 1 else 0)
            for _, v, _ in _of_all(chunk)
            for n, (sku, category, amount) in enumerate(v.lines or (("CD", "", v.amount_minor),), start=1)
        ),
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


def _load_entries(chunk: Sequence[Person], place: Place) -> None:
    """Entries without a sale and their lots."""
    copy(
        Entry,
        ["id", "account_id", "sequence", "kind", "house", "points", "balance_after", "reference"]
        + ["occurred_at", "recorded_at", "actor"],
        (
            (v.entry, p.account, n, "earn", "issued", v.points, sum(w.points for w in p.visits[:n]))
            + (f"activity:{v.sale}", v.at, v.at, ACTOR)
            for p, v, n in _of_all(chunk)
        ),
    )
    _load_lots(chunk, place)


def _load_points(chunk: Sequence[Person], place: Place) -> None:
    """Entries and their lots; every visit earns, because every amount is above one point."""
    copy(
        Entry,
        ["id", "account_id", "sequence", "kind", "house", "points", "balance_after", "reference"]
        + ["occurred_at", "recorded_at", "actor", "store_id", "decision_id"],
        (
            (v.entry, p.account, n, "earn", "issued", v.points, sum(w.points for w in p.visits[:n]))
            + (f"sale:{v.sale}", v.at, v.at, ACTOR, place.stores[v.store].pk, v.decision)
            for p, v, n in _of_all(chunk)
        ),
    )
    _load_lots(chunk, place)


def _load_lots(chunk: Sequence[Person], place: Place) -> None:
    copy(
        Lot,
        ["id", "account_id", "entry_id", "sequence", "granted", "remaining", "available_at", "expires_at"],
        ((uuid7(), p.account, v.entry, n, v.points, v.points, v.at, place.ends) for p, v, n in _of_all(chunk)),
    )
