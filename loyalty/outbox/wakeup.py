"""Telling the relay that there is work: seldom, and never at the caller's expense.

A mark in Valkey says that a wake-up is on its way or a relay awake; while it stands nobody sends another, so that
a busy till does not send one for each sale. Who has seen the mark need not look again for a moment: a relay that
takes it away looks once more after that moment.
"""

import time
from dataclasses import dataclass

from django.db import transaction

from loyalty import broker

MARK = "loyalty:outbox:awake"
MARK_MS = 500
RELAY_MARK_MS = 2000  # a relay renews it each time it looks
MEMORY_SECONDS = 0.2  # how long a process takes a mark that it saw to stand
RELAY_TASK = "loyalty.tasks.relay_outbox"


@dataclass(slots=True)
class _Seen:
    """Until when this process need not look for the mark."""

    until: float = 0.0


_seen = _Seen()


def after_commit() -> None:
    """Send a wake-up when the running transaction commits; one, however often it is called."""
    hooks = transaction.get_connection().run_on_commit
    if not any(function is send for _, function, *_ in hooks):
        transaction.on_commit(send, robust=True)


def send() -> None:
    """Wake the relay, unless somebody just did. Never raises."""
    asked = time.monotonic()
    if asked < _seen.until:
        return
    _seen.until = asked + MEMORY_SECONDS
    if broker.attempt(lambda: broker.valkey().set(MARK, "1", nx=True, px=MARK_MS)):
        broker.send(RELAY_TASK)


def keep_quiet() -> None:
    """A relay is awake: nobody needs to send wake-ups."""
    broker.attempt(lambda: broker.valkey().set(MARK, "1", px=RELAY_MARK_MS))


def listen_again() -> None:
    """The relay is about to end: once others forget the mark, the next fact must wake it."""
    _seen.until = 0.0
    broker.attempt(lambda: broker.valkey().delete(MARK))
