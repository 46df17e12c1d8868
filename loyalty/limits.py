"""Limits that are exact under parallel fire: one script in Valkey counts and judges at once.

A window starts with its first try. When Valkey is away nothing is limited, and the log says so: a shop goes on
selling (FAULTS C5).
"""

from __future__ import annotations

import hashlib
import threading
import time
from dataclasses import dataclass
from typing import Any

import redis
import structlog
from django.conf import settings

log = structlog.get_logger("loyalty.limits")

# How often within this window; beyond the limit it answers the milliseconds to wait, else 0.
_SCRIPT = """
local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
if n > tonumber(ARGV[1]) then
  local left = redis.call('PTTL', KEYS[1])
  if left < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) left = tonumber(ARGV[2]) end
  return math.max(left, 1)
end
return 0
"""
_SHA = hashlib.sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()
TIMEOUT_SECONDS = 0.5
PAUSE_SECONDS = 3.0  # how long Valkey is left alone after it failed


class _Link(threading.local):
    """The connection of each thread, used without redis-py's pool and client, which cost three times the call."""

    connection: Any = None  # a redis.Connection; its methods are untyped


@dataclass(slots=True)
class _State:
    """Until when Valkey is taken to be away, for all threads."""

    away_until: float = 0.0


_link, _state = _Link(), _State()


def client() -> redis.Redis:
    """An ordinary client of the counters' database, for whoever looks at them."""
    return redis.Redis.from_url(settings.CACHES["default"]["LOCATION"])


def count(name: str, *, limit: int, seconds: int) -> int:
    """Count one try of `name`. 0 while it is one of the first `limit` of its window, else milliseconds to wait.

    `name` is never personal data: an id, or a digest.
    """
    if time.monotonic() < _state.away_until:
        return 0
    arguments = (1, f"limit:{name}", limit, seconds * 1000)
    for last in (False, True):
        try:
            return _judge(arguments)
        except (redis.RedisError, OSError) as error:
            if _link.connection is not None:
                _link.connection.disconnect()
                _link.connection = None
            if last or isinstance(error, redis.TimeoutError):
                _state.away_until = time.monotonic() + PAUSE_SECONDS
                log.warning("limits_off", reason=type(error).__name__)
                break  # one that died while idle is replaced once
    return 0


def _judge(arguments: tuple[int, str, int, int]) -> int:
    link = _link.connection
    if link is None:
        link = _link.connection = _connect()
    try:
        return _ask(link, "EVALSHA", _SHA, *arguments)
    except redis.exceptions.NoScriptError:
        return _ask(link, "EVAL", _SCRIPT, *arguments)


def _ask(link: Any, *command: str | int) -> int:
    link.send_command(*command, check_health=False)
    return int(link.read_response())


def _connect() -> Any:
    pool = redis.ConnectionPool.from_url(
        settings.CACHES["default"]["LOCATION"],
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        retry=None,
        protocol=2,
    )
    made: Any = pool.make_connection()
    made.connect()
    return made
