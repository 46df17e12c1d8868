"""The one lock: a member and its account, found and locked by one statement.

Joining and locking only one of the two rows loses updates without an error: after waiting for the lock
PostgreSQL reads the locked row again, but the other as it stood before (docs/performance.md). So whoever
changes a member or its account takes both here, the account first, as everywhere (CONTRACT 3.9).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection, models

from loyalty import clock, driver, ledger
from loyalty.errors import MemberClosed, MemberErased, MemberNotFound
from loyalty.models import Account
from members import identities
from members.models import Member

M = TypeVar("M", bound=models.Model)
BY_ID = "WHERE m.id = %s"
BY_IDS = "WHERE m.id = ANY(%s) ORDER BY a.id"
BY_IDENTITY = (
    "JOIN members_identity i ON i.member_id = m.id WHERE i.kind = %s AND i.value = %s AND i.retired_at IS NULL"
)

IDENTIFIED = """
SELECT i.kind, i.value, i.member_id FROM unnest(%s::text[], %s::text[]) AS asked(kind, value)
  JOIN members_identity i ON i.kind = asked.kind AND i.value = asked.value AND i.retired_at IS NULL
"""


@dataclass(frozen=True)
class Locked:
    """A member and its account, both locked in the running transaction."""

    member: Member
    account: Account


def lock(
    *,
    id: UUID | None = None,  # noqa: A002  (the contract's word)
    card: str | None = None,
    email: str | None = None,
    phone: str | None = None,
    external_id: str | None = None,
    closed: bool = False,
) -> Locked:
    """Find a member by exactly one reference and lock it with its account (FOR NO KEY UPDATE), as of now.

    What has become due on the account is written. Needs a transaction. Raises MemberNotFound, MemberErased,
    and MemberClosed unless `closed` members are wanted too.
    """
    where, parameters = _named(id=id, card=card, email=email, phone=phone, external_id=external_id)
    return _locked(_statement(where), parameters, closed=closed)


def lock_all(references: Sequence[Mapping[str, Any]]) -> list[Locked]:
    """Several members, each named as for `lock`, with their accounts; locked by one statement in the order of ids.

    Whoever takes more than one takes them here: one after the other, two could wait for each other (FAULTS A4).
    Returns them in the order asked for. Raises as `lock` does, of whichever it meets first.
    """
    ids = _ids(references)
    found = {locked.member.pk: locked for locked in map(_read, driver.fetch(_statement(BY_IDS), [ids]))}
    now = clock.now()
    for locked in found.values():
        _refuse_gone(locked.member, closed=False)
        ledger.refresh(locked.account, now)
    if missing := set(ids) - found.keys():
        raise MemberNotFound(f"{len(missing)} of these members do not exist.")
    return [found[member] for member in ids]


def _ids(references: Sequence[Mapping[str, Any]]) -> list[UUID]:
    """The ids behind references, all looked up at once. Raises MemberNotFound."""
    named = [next(iter(reference.items())) for reference in references]
    try:
        folded: list[tuple[str, Any]] = [
            (kind, value if kind == "id" else identities.fold(kind, str(value))) for kind, value in named
        ]
    except identities.NotAnIdentityError:
        raise MemberNotFound from None
    asked = [pair for pair in folded if pair[0] != "id"]
    known: dict[tuple[str, Any], UUID] = {}
    if asked:
        kinds, values = zip(*asked, strict=True)
        known = {(kind, value): member for kind, value, member in driver.fetch(IDENTIFIED, [list(kinds), list(values)])}
    try:
        return [value if kind == "id" else known[kind, value] for kind, value in folded]
    except KeyError:
        raise MemberNotFound from None


def find(
    *,
    id: UUID | None = None,  # noqa: A002
    card: str | None = None,
    email: str | None = None,
    phone: str | None = None,
    external_id: str | None = None,
    closed: bool = False,
) -> Member:
    """The same member, not locked: for answers that write nothing. Raises as `lock` does."""
    if id is not None:
        member = Member.objects.filter(pk=id).first()
    else:
        member = identities.find(card=card, email=email, phone=phone, external_id=external_id)
    if member is None:
        raise MemberNotFound
    _refuse_gone(member, closed=closed)
    return member


def member_of(account: UUID) -> UUID:
    """The id of the member who owns an account. Raises MemberNotFound."""
    found = Member.objects.filter(account=account).values_list("pk", flat=True).first()
    if found is None:
        raise MemberNotFound
    return found


def _named(**given: UUID | str | None) -> tuple[str, list[Any]]:
    """The condition that finds a member by its one reference, with its parameters. Raises MemberNotFound."""
    named = [(kind, value) for kind, value in given.items() if value is not None]
    if len(named) != 1:
        raise TypeError("a member is named by exactly one reference")
    [(kind, value)] = named
    if kind == "id":
        return BY_ID, [value]
    try:
        return BY_IDENTITY, [kind, identities.fold(kind, str(value))]
    except identities.NotAnIdentityError:
        raise MemberNotFound from None


def _locked(statement: str, parameters: list[Any], *, closed: bool) -> Locked:
    row = next(iter(driver.fetch(statement, parameters)), None)
    if row is None:
        raise MemberNotFound
    found = _read(row)
    _refuse_gone(found.member, closed=closed)
    ledger.refresh(found.account, clock.now())
    return found


def _read(row: Sequence[Any]) -> Locked:
    read_member, columns = _reader(Member)
    read_account, _ = _reader(Account)
    return Locked(read_member(row[:columns]), read_account(row[columns:]))


def _refuse_gone(member: Member, *, closed: bool) -> None:
    if member.status == Member.Status.ACTIVE:
        return
    if member.status in (Member.Status.ERASED, Member.Status.MERGED):
        raise MemberErased
    if not closed:
        raise MemberClosed


@cache
def _statement(where: str) -> str:
    columns = ", ".join(
        f'{alias}."{field.column}"'
        for alias, model in (("m", Member), ("a", Account))
        for field in model._meta.concrete_fields
    )
    return (
        f"SELECT {columns} FROM members_member m JOIN loyalty_account a ON a.id = m.account_id {where}"
        " FOR NO KEY UPDATE OF a, m"
    )


@cache
def _reader(model: type[M]) -> tuple[Callable[[Sequence[Any]], M], int]:
    """How to make an instance of a row's values, as the ORM would, and how many values that takes."""
    fields = model._meta.concrete_fields
    names = [field.attname for field in fields]
    converters = [
        (place, convert, field.get_col(model._meta.db_table))
        for place, field in enumerate(fields)
        for convert in field.get_db_converters(connection)
    ]

    def read(row: Sequence[Any]) -> M:
        values = list(row)
        for place, convert, expression in converters:
            values[place] = convert(values[place], expression, connection)
        return model.from_db(connection.alias, names, values)

    return read, len(fields)
