"""Write many model rows in one statement, compiled once for each shape so that PostgreSQL keeps it prepared.

The ORM spends half of a sale's Python time compiling SQL (docs/performance.md). This turns ordinary model instances
into one `WITH … INSERT …, UPDATE … SELECT` and checks how many rows it touched. It skips `save()`, `pre_save` and
signals; the house uses none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from operator import attrgetter
from typing import Any

import msgspec
from django.db import connection, models

from loyalty import driver

Change = tuple[models.Model, tuple[str, ...]]
_Part = tuple[type[models.Model], int, tuple[str, ...]]  # model, rows (0 = any number), names ("" = insert)
_json = msgspec.json.encode
_FEW = 8  # up to here each number of rows has its own statement; beyond, arrays serve any number


class RowsLostError(RuntimeError):
    """A statement touched fewer rows than it was given: somebody else removed one."""


class _Gathered:
    """The writes of several rooms, waiting to become one statement."""

    def __init__(self) -> None:
        self.inserts: dict[type[models.Model], list[models.Model]] = {}
        self.changes: dict[int, tuple[models.Model, dict[str, None]]] = {}

    def add(self, rows: Iterable[models.Model], changes: Iterable[Change]) -> None:
        for row in rows:
            self.inserts.setdefault(type(row), []).append(row)
        for row, names in changes:
            known = self.changes.setdefault(id(row), (row, {}))
            known[1].update(dict.fromkeys(names))

    def flush(self) -> None:
        fresh = {id(row) for rows in self.inserts.values() for row in rows}
        changed: dict[tuple[type[models.Model], tuple[str, ...]], list[models.Model]] = {}
        for key, (row, names) in self.changes.items():
            if key not in fresh:  # a row inserted here carries its last values already
                changed.setdefault((type(row), tuple(names)), []).append(row)
        _execute(self.inserts, changed)


_gathering: ContextVar[_Gathered | None] = ContextVar("rows_gathering", default=None)


def write(*rows: models.Model | Sequence[models.Model], change: Iterable[Change] = ()) -> None:
    """Insert `rows` (instances, or lists of them) and save the named fields of each (row, names) in `change`.

    One statement, at once, or at the exit of the surrounding `together()`. Raises IntegrityError as the database
    does, RowsLostError where a changed row is gone.
    """
    flat: list[models.Model] = []
    for row in rows:
        flat.extend([row] if isinstance(row, models.Model) else row)
    waiting = _gathering.get()
    if waiting is not None:
        waiting.add(flat, change)
        return
    gathered = _Gathered()
    gathered.add(flat, change)
    gathered.flush()


@contextmanager
def together() -> Iterator[None]:
    """Gather the writes inside into one statement. Nothing is written if the block raises; inner blocks join in.

    Reads inside do not see what is gathered: read first, or call `flush`.
    """
    if _gathering.get() is not None:
        yield
        return
    gathered = _Gathered()
    token = _gathering.set(gathered)
    try:
        yield
    finally:
        _gathering.reset(token)
    gathered.flush()


def flush() -> None:
    """Write what is gathered so far. For a room that must read what it may have written in the same block."""
    waiting = _gathering.get()
    if waiting is not None and (waiting.inserts or waiting.changes):
        waiting.flush()
        waiting.inserts, waiting.changes = {}, {}


def _execute(
    inserts: dict[type[models.Model], list[models.Model]],
    changed: dict[tuple[type[models.Model], tuple[str, ...]], list[models.Model]],
) -> None:
    shape: list[_Part] = []
    parameters: list[Any] = []
    expected = 0
    for model, rows in inserts.items():
        count = len(rows) if len(rows) <= _FEW else 0
        shape.append((model, count, ()))
        _fill(parameters, model, tuple(_names(model)), rows, count)
        expected += len(rows)
    for (model, names), rows in changed.items():
        count = 1 if len(rows) == 1 else 0
        shape.append((model, count, names))
        _fill(parameters, model, (*names, model._meta.pk.attname), rows, count)
        expected += len(rows)
    if not shape:
        return
    [(touched,)] = driver.fetch(_statement(tuple(shape)), parameters)
    if touched != expected:
        raise RowsLostError(f"{touched} of {expected} rows: {', '.join(part[0].__name__ for part in shape)}")


def _fill(
    parameters: list[Any],
    model: type[models.Model],
    names: tuple[str, ...],
    rows: list[models.Model],
    count: int,
) -> None:
    values = [_values(model, names, row) for row in rows]
    if count:
        for value in values:
            parameters.extend(value)
    else:
        parameters.extend(map(list, zip(*values, strict=True)))


@cache
def _names(model: type[models.Model]) -> tuple[str, ...]:
    return tuple(field.attname for field in model._meta.concrete_fields)


@cache
def _fields(model: type[models.Model], names: tuple[str, ...]) -> list[models.Field[Any, Any]]:
    by_name = {field.attname: field for field in model._meta.concrete_fields}
    by_name |= {field.name: field for field in model._meta.concrete_fields}
    return [by_name[name] for name in names]


@cache
def _reader(model: type[models.Model], names: tuple[str, ...]) -> tuple[attrgetter[Any], list[int], list[int]]:
    fields = _fields(model, names)
    jsons = [i for i, field in enumerate(fields) if isinstance(field, models.JSONField)]
    integers = [i for i, field in enumerate(fields) if isinstance(field, models.IntegerField) and not field.is_relation]
    return attrgetter(*(field.attname for field in fields)), jsons, integers


def _values(model: type[models.Model], names: tuple[str, ...], row: models.Model) -> list[Any]:
    read, jsons, integers = _reader(model, names)
    found = read(row)
    values = list(found) if len(names) > 1 else [found]
    for i in jsons:  # as text, which PostgreSQL reads as the column's type
        if values[i] is not None:
            values[i] = _json(values[i]).decode()
    for i in integers:  # psycopg would send a type by the size of the number, and prepare a statement for each
        if values[i] is not None:
            values[i] = str(values[i])
    return values


def _column(field: models.Field[Any, Any]) -> str:
    return f'"{field.column}"'


def _arrays(fields: list[models.Field[Any, Any]]) -> str:
    return ", ".join(
        f"%s::{field.rel_db_type(connection) if field.is_relation else field.db_type(connection)}[]" for field in fields
    )


@cache
def _part(part: _Part) -> str:
    model, count, names = part
    table = f'"{model._meta.db_table}"'
    if not names:
        fields = _fields(model, _names(model))
        columns = ", ".join(map(_column, fields))
        one = "(" + ", ".join(["%s"] * len(fields)) + ")"
        if count:
            return f"INSERT INTO {table} ({columns}) VALUES " + ", ".join([one] * count)
        return f"INSERT INTO {table} ({columns}) SELECT * FROM unnest({_arrays(fields)})"
    key = model._meta.pk
    fields = _fields(model, names)
    if count:
        pairs = ", ".join(f"{_column(field)} = %s" for field in fields)
        return f"UPDATE {table} SET {pairs} WHERE {_column(key)} = %s"
    pairs = ", ".join(f"{_column(field)} = new.v{i}" for i, field in enumerate(fields))
    names_ = ", ".join(f"v{i}" for i in range(len(fields)))
    return (
        f"UPDATE {table} AS old SET {pairs} FROM unnest({_arrays([*fields, key])}) AS new({names_}, key)"
        f" WHERE old.{_column(key)} = new.key"
    )


@cache
def _statement(shape: tuple[_Part, ...]) -> str:
    parts = ", ".join(f"w{i} AS ({_part(part)} RETURNING 1)" for i, part in enumerate(shape))
    counts = " + ".join(f"(SELECT count(*) FROM w{i})" for i in range(len(shape)))
    return f"WITH {parts} SELECT {counts}"
