"""The same writes without us: what pgbench does with the rows of one sale as plain SQL on the same server.

The script is made from a sale that the API wrote: every row that its transaction left behind becomes part of
an INSERT or UPDATE, one statement for each table, so the two stay the same work when the tables change.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.apps import apps
from django.db import connection, models

from loyalty.models import Account, Entry
from members.models import Member, Sale

FLOORS = ("loyalty", "members", "rewards")
NOW = ("timestamp with time zone",)
DIFFERS = {"receipt", "key"}  # texts that are unique and have no id in them
ID = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
LOOK_UP = """SELECT m.id AS member, a.id AS account, a.sequence + 1 AS sequence, a.total AS total, {ids}
FROM members_identity i JOIN members_member m ON m.id = i.member_id
JOIN loyalty_account a ON a.id = m.account_id
WHERE i.kind = 'email' AND i.value = 'sample.' || :number || '@example.com' AND i.retired_at IS NULL
FOR NO KEY UPDATE OF a, m \\gset"""
CHANGES = """UPDATE loyalty_account SET total = total + {points}, sequence = sequence + 1,
    lifetime_earned = lifetime_earned + {points}, as_of = now() WHERE id = :account;
UPDATE members_member SET spend_minor = spend_minor + {spend}, purchases = purchases + 1,
    last_sale_at = now() WHERE id = :member;"""
RATE = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)
FAILED = re.compile(r"number of failed transactions: ([1-9][0-9]*)")


class StrangeSaleError(RuntimeError):
    """The sale changed rows that this benchmark does not know how to repeat."""


@dataclass(frozen=True)
class Row:
    """One row as text, by column."""

    model: type[models.Model]
    values: dict[str, str | None]

    @property
    def key(self) -> str:
        return self.values[str(self.model._meta.pk.column)] or ""


def tables() -> list[type[models.Model]]:
    """Every table of ours, in any order: foreign keys are checked at commit."""
    return [m for floor in FLOORS for m in apps.get_app_config(floor).get_models() if not m._meta.proxy]


def rows_of(sale: Sale) -> list[Row]:
    """Every row that the transaction of `sale` was the last to write."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT xmin::text FROM members_sale WHERE id = %s", [sale.pk])
        (transaction,) = cursor.fetchone()
        for model in tables():
            columns = [str(f.column) for f in model._meta.concrete_fields]
            texts = ", ".join(f'"{column}"::text' for column in columns)
            cursor.execute(f'SELECT {texts} FROM "{model._meta.db_table}" WHERE xmin::text = %s', [transaction])
            found += [Row(model, dict(zip(columns, row, strict=True))) for row in cursor.fetchall()]
    return found


def script(sale: Sale, *, first: int, last: int) -> str:
    """pgbench's script: one transaction writing such rows for a random one of the members `first` to `last`.

    Ids and what depends on the member are variables; texts and JSON are those of the sale.
    """
    assert sale.member is not None
    names = {str(sale.member_id): "member", str(sale.member.account_id): "account"}
    rows = rows_of(sale)
    changed = {row.model for row in rows if row.key in names}
    new = [row for row in rows if row.key not in names]
    if changed != {Account, Member} or not any(row.model is Entry for row in new):
        raise StrangeSaleError(f"{changed} were changed, {[row.model.__name__ for row in new]} added")
    names |= {row.key: f"id{number}" for number, row in enumerate(new)}
    make = "uuidv7()" if connection.cursor().connection.info.server_version >= 180000 else "gen_random_uuid()"
    ids = ", ".join(f"{make} AS {names[str(UUID(row.key))]}" for row in new)
    points = int(next(row.values["points"] or 0 for row in new if row.model is Entry))
    lines = [f"\\set number random({first}, {last})", "BEGIN;", LOOK_UP.format(ids=ids)]
    for model in dict.fromkeys(row.model for row in new):
        columns = ", ".join(f'"{f.column}"' for f in model._meta.concrete_fields)
        values = ", ".join(_values(row, names, points) for row in new if row.model is model)
        lines.append(f'INSERT INTO "{model._meta.db_table}" ({columns}) VALUES {values};')
    return "\n".join([*lines, CHANGES.format(points=points, spend=sale.total_minor), "COMMIT;", ""])


def _values(row: Row, names: dict[str, str], points: int) -> str:
    return "(" + ", ".join(_value(row, f, names, points) for f in row.model._meta.concrete_fields) + ")"


def _value(row: Row, of: models.Field[object, object], names: dict[str, str], points: int) -> str:
    text = row.values[str(of.column)]
    if text is None:
        return "NULL"
    if text in names:
        return f":{names[text]}"
    if "account_id" in row.values and of.column in ("sequence", "balance_after"):
        return ":sequence" if of.column == "sequence" else f":total + {points}"
    kind = (of.rel_db_type if of.is_relation else of.db_type)(connection)
    if kind in NOW:
        return "now()"
    if of.column in DIFFERS:
        return f"'bench:' || :{names[row.key]}"
    return f"({_text(text, names)})::{kind}"


def _text(text: str, names: dict[str, str]) -> str:
    """A text as SQL: ids of this sale in it, as in `sale:ID` or a fact's payload, become the variables."""
    parts = [f":{names[part]}::text" if part in names else literal(part) for part in ID.split(text) if part]
    return " || ".join(parts) or "''"


def literal(text: str) -> str:
    """SQL without a colon, which pgbench would take for the start of a variable."""
    escaped = text.replace("\\", "\\\\").replace("'", "''").replace(":", "\\003a")
    return f"U&'{escaped}'"


def pgbench(source: str, *, place: Path, clients: int, seconds: int) -> float:
    """Transactions per second of `source` with prepared statements. Raises RuntimeError if one failed."""
    file = place / "sale.sql"
    file.write_text(source)
    to = connection.settings_dict
    command = [str(Path(os.environ["LOYALTY_PG_BIN"]) / "pgbench"), "-n", "-M", "prepared", "-f", str(file)]
    command += ["-c", str(clients), "-j", "2", "-T", str(seconds), "-h", to["HOST"], "-U", to["USER"]]
    command += ["-p", to["PORT"] or "5432", to["NAME"]]
    env = {**os.environ, "PGPASSWORD": to["PASSWORD"]}
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    rate = RATE.search(done.stdout)
    if done.returncode != 0 or rate is None or FAILED.search(done.stdout):
        raise RuntimeError(f"pgbench: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return float(rate[1])
