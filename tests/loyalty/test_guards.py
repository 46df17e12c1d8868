"""What the database refuses by itself, whatever the code does (FAULTS A7, A8, A9)."""

import pytest
from django.db import Error, connection, transaction

from loyalty import books, ledger
from loyalty.ledger import House
from loyalty.models import Account, Entry, Kind, Lot, LotMovement

pytestmark = pytest.mark.django_db

APPEND_ONLY = [
    "loyalty_entry",
    "loyalty_lotmovement",
    "loyalty_holdpart",
    "loyalty_decision",
    "loyalty_programme",
    "loyalty_auditrecord",
]
KEPT = ["loyalty_account", "loyalty_lot", "loyalty_hold", "loyalty_fact"]


@pytest.fixture
def ada():
    account = Account.objects.create()
    ledger.post(account=account, kind=Kind.EARN, house=House.ISSUED, points=100, reference="sale:1", actor="test")
    return account


def refused(sql, *parameters):
    """Whether the statement is refused, at once or at commit."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except Error as error:
        return type(error.__cause__).__name__
    return ""


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("act", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_the_serving_role_has_no_right_to_change_history(ada, table, act):
    key = {"loyalty_programme": "version", "loyalty_auditrecord": "sequence"}.get(table, "id")
    assert refused(act.format(table).replace("id = id", f"{key} = {key}")) == "InsufficientPrivilege"


@pytest.mark.parametrize("table", KEPT)
@pytest.mark.parametrize("act", ["DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_the_serving_role_has_no_right_to_delete_what_is_kept(ada, table, act):
    assert refused(act.format(table)) == "InsufficientPrivilege"


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_triggers_guard_history_against_the_owner_too(table):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal AND tgenabled = 'O'",
            [table],
        )
        names = {row[0] for row in cursor.fetchall()}
    short = table.removeprefix("loyalty_")
    assert {f"loyalty_{short}_kept", f"loyalty_{short}_never_emptied"} <= names


def test_the_orm_cannot_change_an_entry(ada):
    entry = Entry.objects.get()
    entry.points = 1_000_000
    with pytest.raises(Error), transaction.atomic():
        entry.save()
    with pytest.raises(Error), transaction.atomic():
        Entry.objects.all().delete()
    assert Entry.objects.get().points == 100


@pytest.mark.parametrize(
    "change",
    [
        "total = total + 1",
        "total = total + 1, sequence = sequence + 1",
        "sequence = sequence + 1",
        "debt = 5, pending = pending + 5",
        "held = 50",
    ],
)
def test_a_balance_cannot_change_without_an_entry(ada, change):
    assert refused(f"UPDATE loyalty_account SET {change}") == "CheckViolation"


@pytest.mark.parametrize("change", ["remaining = 50", "held = 10, remaining = 80", "granted = 200, remaining = 200"])
def test_a_lot_cannot_change_without_a_movement(ada, change):
    assert refused(f"UPDATE loyalty_lot SET {change}") == "CheckViolation"


def entry(account, **changes):
    values = {
        "account": account, "sequence": 2, "kind": Kind.EARN, "house": House.ISSUED, "points": 10,
        "balance_after": 110, "reference": "sale:2", "actor": "test", "occurred_at": account.opened_at,
    }  # fmt: skip
    return Entry(**values | changes)


def write(account, new, *lots, total=None):
    """Write an entry and its account as code with a mistake might."""
    try:
        with transaction.atomic():
            new.save(force_insert=True)
            for lot in lots:
                lot.save(force_insert=True)
            Account.objects.filter(pk=account.pk).update(
                total=new.balance_after if total is None else total, sequence=new.sequence
            )
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except Error as error:
        return error.__cause__.diag.constraint_name
    return ""


def lot_of(new, points):
    return Lot(
        account=new.account, entry=new, sequence=new.sequence, granted=points, remaining=points,
        available_at=new.occurred_at,
    )  # fmt: skip


def test_an_entry_that_follows_with_its_lots_is_accepted(ada):
    new = entry(ada)
    assert write(ada, new, lot_of(new, 10)) == ""
    assert books.check().balanced


@pytest.mark.parametrize(
    ("changes", "points", "constraint"),
    [
        ({"balance_after": 111}, 10, "entry_follows"),
        ({"sequence": 3}, 10, "entry_follows"),
        ({"points": 11}, 10, "entry_follows"),
        ({}, 9, "entry_lots"),
        ({"debt_change": 1}, 10, "entry_lots"),
    ],
)
def test_an_entry_that_does_not_follow_is_refused_at_commit(ada, changes, points, constraint):
    new = entry(ada, **changes)
    assert write(ada, new, lot_of(new, points)) == constraint


def test_an_entry_whose_account_does_not_carry_it_is_refused(ada):
    new = entry(ada)
    assert write(ada, new, lot_of(new, 10), total=100) in {"account_carries_entry", "balance_has_entries"}


def test_a_movement_must_show_in_its_lot(ada):
    LotMovement.objects.create(account=ada, lot=Lot.objects.get(), points=-5)
    with pytest.raises(Error, match="does not show in its lot"), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    transaction.set_rollback(True)
