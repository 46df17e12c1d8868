"""Telling the relay that there is work: seldom, and never at the caller's expense.

A mark in Valkey says that a wake-up is on its way or a relay awake; while it stands nobody sends another, so that
a busy till does not send one for each sale.
"""

from django.db import transaction

from loyalty import broker

MARK = "loyalty:outbox:awake"
MARK_MS = 500
RELAY_MARK_MS = 2000  # a relay renews it each time it looks
RELAY_TASK = "loyalty.tasks.relay_outbox"


def after_commit() -> None:
    """Send a wake-up when the running transaction commits; one, however often it is called."""
    hooks = transaction.get_connection().run_on_commit
    if not any(function is send for _, function, *_ in hooks):
        transaction.on_commit(send, robust=True)


def send() -> None:
    """Wake the relay, unless somebody just did. Never raises."""
    if broker.attempt(lambda: broker.valkey().set(MARK, "1", nx=True, px=MARK_MS)):
        broker.send(RELAY_TASK)


def keep_quiet() -> None:
    """A relay is awake: nobody needs to send wake-ups."""
    broker.attempt(lambda: broker.valkey().set(MARK, "1", px=RELAY_MARK_MS))


def listen_again() -> None:
    """The relay is about to end: the next fact must wake it."""
    broker.attempt(lambda: broker.valkey().delete(MARK))
