"""The books find damage, and the guards stand before the owner too."""

import psycopg
import pytest

from loyalty import books, ledger
from loyalty.ledger import House
from loyalty.models import Account, Kind

TABLES = ["loyalty_account", "loyalty_lot", "loyalty_entry"]
DAMAGE = {
    "UPDATE loyalty_account SET total = total + 1": {"I1", "I2", "I3"},
    "UPDATE loyalty_lot SET remaining = 90": {"I3", "I4"},
    "UPDATE loyalty_entry SET balance_after = 7": {"I5"},
    "UPDATE loyalty_account SET sequence = 4": {"I5"},
    "UPDATE loyalty_entry SET house = 'in_transit'": {"I1"},
    "UPDATE loyalty_entry SET points = 99, debt_change = 1": {"I2", "I5", "I6"},
    "UPDATE loyalty_account SET debt = 3, pending = 103": {"I3", "I6"},
    "UPDATE loyalty_lot SET expires_at = available_at + interval '9 days'": {"I3"},
}


@pytest.fixture
def ada(committed):
    account = Account.objects.create()
    ledger.post(account=account, kind=Kind.EARN, house=House.ISSUED, points=100, reference="sale:1", actor="test")
    return account


@pytest.mark.parametrize("sql", DAMAGE)
def test_the_books_name_the_row_that_is_wrong(ada, committed, owner, sql):
    assert books.check().balanced
    with owner(committed) as connection:
        for table in TABLES:
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        connection.execute(sql)
    report = books.check()
    assert DAMAGE[sql] <= {problem.invariant for problem in report.problems}
    named = " ".join(problem.row for problem in report.problems)
    assert str(ada.pk) in named or any(word in named for word in ("entry", "lot", "house"))


@pytest.mark.parametrize(
    "act", ["UPDATE loyalty_entry SET actor = 'x'", "DELETE FROM loyalty_entry", "TRUNCATE loyalty_entry CASCADE"]
)
def test_the_owner_cannot_change_history_by_mistake(ada, committed, owner, act):
    with owner(committed) as connection, pytest.raises(psycopg.Error, match="append-only"):
        connection.execute(act)
