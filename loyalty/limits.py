"""Limits that are exact under parallel fire: one script in Valkey counts and judges at once.

A window starts with its first try. When Valkey is away nothing is limited, and the log says so: a shop goes on
selling (FAULTS C5).
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass

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


@dataclass(slots=True)
class _Link:
    """The connection of this process, and until when it is taken to be away."""

    client: redis.Redis | None = None
    away_until: float = 0.0


_link = _Link()


def connection() -> redis.Redis:
    """The client of this process (it keeps a connection for each thread that is using it)."""
    if _link.client is None:
        _link.client = redis.Redis.from_url(
            settings.CACHES["default"]["LOCATION"],
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            retry=None,
            protocol=2,
        )
    return _link.client


def count(name: str, *, limit: int, seconds: int) -> int:
    """Count one try of `name`. 0 while it is one of the first `limit` of its window, else milliseconds to wait.

    `name` is never personal data: an id, or a digest.
    """
    if time.monotonic() < _link.away_until:
        return 0
    try:
        return _judge(connection(), f"limit:{name}", limit, seconds * 1000)
    except (redis.RedisError, OSError) as error:
        _link.away_until = time.monotonic() + PAUSE_SECONDS
        log.warning("limits_off", reason=type(error).__name__)
        return 0


def _judge(client: redis.Redis, name: str, limit: int, window_ms: int) -> int:
    try:
        return int(client.evalsha(_SHA, 1, name, limit, window_ms))
    except redis.exceptions.NoScriptError:
        return int(client.eval(_SCRIPT, 1, name, limit, window_ms))
