"""Limits that are exact under parallel fire: one script in Valkey counts and judges at once.

A window starts with its first request. When Valkey is away nothing is limited, and the log says so: a shop
goes on selling (FAULTS C5).
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass

import redis
import structlog
from django.conf import settings
from django.http import HttpRequest

from loyalty.api import peers
from loyalty.api.problems import TooManyRequests

log = structlog.get_logger("loyalty.api")

# How often within this window; beyond `limit` it answers the milliseconds to wait, else 0.
_SCRIPT = """
local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
if n > tonumber(ARGV[1]) then
  local left = redis.call('PTTL', KEYS[1])
  if left < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) left = tonumber(ARGV[2]) end
  return left
end
return 0
"""
_SHA = hashlib.sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()
PAUSE_SECONDS = 1.0  # how long Valkey is left alone after it failed


@dataclass(slots=True)
class _Link:
    """The connection of this process."""

    client: redis.Redis | None = None
    away_until: float = 0.0


_link = _Link()


def _connect() -> redis.Redis:
    if _link.client is None:
        _link.client = redis.Redis.from_url(
            settings.CACHES["default"]["LOCATION"],
            socket_timeout=0.1,
            socket_connect_timeout=0.1,
            retry=None,
            protocol=2,
        )
    return _link.client


def milliseconds_to_wait(name: str, *, limit: int, seconds: int) -> int:
    """Count one try of `name`; 0 when it is within `limit` per window, else how long the window still lasts."""
    if time.monotonic() < _link.away_until:
        return 0
    try:
        client = _connect()
        try:
            return int(client.evalsha(_SHA, 1, f"limit:{name}", limit, seconds * 1000))
        except redis.exceptions.NoScriptError:
            return int(client.eval(_SCRIPT, 1, f"limit:{name}", limit, seconds * 1000))
    except (redis.RedisError, OSError) as error:
        _link.away_until = time.monotonic() + PAUSE_SECONDS
        log.warning("limits_off", reason=type(error).__name__)
        return 0


def count(name: str, *, limit: int, seconds: int) -> None:
    """Count one try of `name`. Raises TooManyRequests beyond `limit` per `seconds`."""
    wait = milliseconds_to_wait(name, limit=limit, seconds=seconds)
    if wait:
        whole = -(-wait // 1000)
        raise TooManyRequests(f"Try again in {whole} s.", headers={"Retry-After": str(whole)})


def count_key(key_id: str) -> None:
    """One request of an API key."""
    count(f"key:{key_id}", limit=settings.LOYALTY_KEY_LIMIT_PER_MINUTE, seconds=60)


def failed_attempt(request: HttpRequest) -> None:
    """One request without a valid key, counted by where it comes from."""
    count(f"peer:{peers.block(request)}", limit=settings.LOYALTY_FAILED_LIMIT_PER_MINUTE, seconds=60)
