"""How far the test clock is ahead of the real one: one row of the database, so that all processes agree.

It is read through a connection of its own, outside every transaction, and kept for a moment; whoever moves the clock
waits that moment before answering, so from the answer on every process has the new time.
"""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, connections

MEMORY_SECONDS = 0.1
_NONE = timedelta()
_READ = "SELECT ahead FROM loyalty_sandboxclock WHERE id = 1"


@dataclass
class _Known:
    """What this process knows."""

    ahead: timedelta = _NONE
    until: float = 0.0  # of the monotonic clock
    process: int = 0
    connection: Any = None
    turn: threading.Lock = field(default_factory=threading.Lock)


_known = _Known()


def ahead() -> timedelta:
    """How far the test clock is ahead. The last answer where the database has none, as before its tables are made."""
    if _known.process != os.getpid():  # a forked child must not share the parent's connection
        _known.connection, _known.until, _known.turn = None, 0.0, threading.Lock()
        _known.process = os.getpid()
    if time.monotonic() >= _known.until and _known.turn.acquire(blocking=False):
        try:
            _known.ahead = _read()
        except DatabaseError:
            forget()
        finally:
            _known.until = time.monotonic() + MEMORY_SECONDS
            _known.turn.release()
    return _known.ahead


def knows(moved: timedelta) -> None:
    """This process has just moved it."""
    _known.ahead, _known.until = moved, time.monotonic() + MEMORY_SECONDS


def forget() -> None:
    """Close the connection: the database is another one from now on, or away."""
    if _known.connection is not None:
        _known.connection.close()
    _known.connection, _known.until = None, 0.0


def wait_until_all_know() -> None:
    """Return when no process can still have the time of before."""
    time.sleep(2 * MEMORY_SECONDS)


def _read() -> timedelta:
    if _known.connection is None:
        own = connections["default"].copy()
        own.inc_thread_sharing()
        _known.connection = own
    with _known.connection.cursor() as cursor:
        cursor.execute(_READ)
        row = cursor.fetchone()
    return row[0] if row else _NONE
