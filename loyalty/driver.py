"""Statements straight through psycopg, for what every sale asks; everything else uses Django's cursors.

Django's cursor and psycopg's parsing of placeholders cost as much again as a short statement. Same connection, same
transaction, same types of values and same exceptions; jsonb comes as text.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections


def fetch(statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The rows of a statement with `%s` for each parameter and no other `%`; it is a constant, for it is kept.

    Goes through Django's cursor where Django is asked to watch.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    if connection.queries_logged or connection.execute_wrappers:
        with connection.cursor() as watched:
            watched.execute(statement, parameters)
            return list(watched.fetchall())
    if connection.connection is None:
        connection.ensure_connection()
    connection.validate_no_broken_transaction()
    with connection.wrap_database_errors, psycopg.RawCursor(connection.connection) as cursor:
        cursor.execute(_numbered(statement), parameters)
        return cursor.fetchall()


@cache
def _numbered(statement: str) -> bytes:
    """The statement with PostgreSQL's own placeholders."""
    number = itertools.count(1)
    return re.sub("%s", lambda _: f"${next(number)}", statement).encode()
