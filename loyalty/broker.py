"""Sending a task quickly or not at all: a task only wakes somebody up for rows that are committed.

If the broker does not answer at once, this process does not ask again for some seconds, and the sweepers find the
work. So a broker that is down, stuck or gone costs a sale some milliseconds now and then, and nothing else.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from loyalty.celery import app

log = logging.getLogger(__name__)
T = TypeVar("T")

PATIENCE_SECONDS = 0.025
PAUSE_SECONDS = 3.0
STALE_SECONDS = 60  # by then a sweeper has done it


class _Line:
    """This process's connection for sending, and until when it is not worth trying."""

    def __init__(self) -> None:
        self.closed_until = 0.0
        self.turn = threading.Lock()
        self.connection: Any = None


_line = _Line()


def is_open() -> bool:
    """Whether the broker answered lately, or has not been asked."""
    return time.monotonic() >= _line.closed_until


def send(task: str, *arguments: str) -> bool:
    """Send a task by its name; `arguments` are ids. Never raises; False if the broker is not to be had."""
    return attempt(lambda: _publish(task, arguments)) is not None


def attempt(act: Callable[[], T]) -> T | None:
    """Do something that needs the broker or Valkey, unless it just failed. None if it fails."""
    if not is_open():
        return None
    try:
        return act()
    except Exception as error:  # noqa: BLE001  (whatever is wrong with the broker, the work is committed)
        _line.closed_until = time.monotonic() + PAUSE_SECONDS
        _line.connection = None
        log.warning("the broker does not answer (%s): the sweepers will find the work", type(error).__name__)
        return None


@cache
def valkey() -> redis.Redis:
    """The cache's server, with little patience; use it inside `attempt`."""
    return redis.Redis.from_url(
        settings.CACHES["default"]["LOCATION"],
        socket_timeout=PATIENCE_SECONDS,
        socket_connect_timeout=PATIENCE_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


def _publish(task: str, arguments: tuple[str, ...]) -> bool:
    """Threads take turns on one connection that gives up quickly."""
    if not _line.turn.acquire(timeout=PATIENCE_SECONDS):
        raise TimeoutError
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
        app.send_task(task, args=arguments, connection=_line.connection, retry=False, expires=STALE_SECONDS)
    finally:
        _line.turn.release()
    return True
