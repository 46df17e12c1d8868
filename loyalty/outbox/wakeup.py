"""Telling the relay that there is work: quickly, seldom, and never at the caller's expense.

A mark in Valkey says that a wake-up is on its way or a relay awake; while it stands nobody sends another. If
Valkey or the broker does not answer at once, this process does not ask again for some seconds: the sweeper
finds the work.
"""

from __future__ import annotations

import logging
import threading
import time
from functools import cache
from typing import Any

import redis
from django.conf import settings
from django.db import transaction
from redis.backoff import NoBackoff
from redis.retry import Retry

from loyalty.celery import app

log = logging.getLogger(__name__)

MARK = "loyalty:outbox:awake"
MARK_MS = 500
RELAY_MARK_MS = 2000  # a relay renews it every LINGER_SECONDS
PATIENCE_SECONDS = 0.025
PAUSE_SECONDS = 3.0
STALE_SECONDS = 60  # by then the sweeper has done it

RELAY_TASK = "loyalty.tasks.relay_outbox"


class _Line:
    """This process's line to the broker, and whether it is worth trying."""

    def __init__(self) -> None:
        self.closed_until = 0.0
        self.publishing = threading.Lock()
        self.connection: Any = None


_line = _Line()


def after_commit() -> None:
    """Send a wake-up when the running transaction commits; once, however often it is called."""
    waiting = transaction.get_connection().run_on_commit
    if not any(function is send for _, function, *_ in waiting):
        transaction.on_commit(send, robust=True)


def send() -> None:
    """Wake the relay, unless somebody just did. Never raises; may cost some dozen milliseconds, once."""
    if time.monotonic() < _line.closed_until:
        return
    try:
        if _valkey().set(MARK, "1", nx=True, px=MARK_MS):
            _publish()
    except Exception as error:  # noqa: BLE001  (whatever is wrong with the broker, the sale is committed)
        _close(error)


def keep_quiet() -> None:
    """A relay is awake: nobody needs to send wake-ups."""
    _mark(lambda valkey: valkey.set(MARK, "1", px=RELAY_MARK_MS))


def listen_again() -> None:
    """The relay is about to end: the next fact must wake it."""
    _mark(lambda valkey: valkey.delete(MARK))


def _mark(act: Any) -> None:
    if time.monotonic() < _line.closed_until:
        return
    try:
        act(_valkey())
    except redis.RedisError as error:
        _close(error)


def _close(error: Exception) -> None:
    _line.closed_until = time.monotonic() + PAUSE_SECONDS
    _line.connection = None
    log.warning("no wake-up sent, the sweeper will find the facts: %s", type(error).__name__)


@cache
def _valkey() -> redis.Redis:
    return redis.Redis.from_url(
        settings.CACHES["default"]["LOCATION"],
        socket_timeout=PATIENCE_SECONDS,
        socket_connect_timeout=PATIENCE_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


def _publish() -> None:
    """Hand the wake-up to Celery on a connection that gives up quickly; threads share it one at a time."""
    if not _line.publishing.acquire(timeout=PATIENCE_SECONDS):
        return
    try:
        if _line.connection is None:
            _line.connection = app.connection_for_write(
                connect_timeout=PATIENCE_SECONDS,
                transport_options={
                    "socket_timeout": PATIENCE_SECONDS,
                    "socket_connect_timeout": PATIENCE_SECONDS,
                    "max_retries": 0,
                },
            )
        app.send_task(RELAY_TASK, connection=_line.connection, retry=False, expires=STALE_SECONDS)
    finally:
        _line.publishing.release()
