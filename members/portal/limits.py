"""How often one caller may ask: counted in the cache with atomic increments, so exact under parallel fire."""

from __future__ import annotations

import logging

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from redis.exceptions import RedisError

log = logging.getLogger(__name__)


def caller(request: HttpRequest) -> str:
    """The caller's address; `X-Forwarded-For` counts only as far as our own proxies wrote it (FAULTS G7)."""
    hops = int(settings.PROXY_HOPS)
    if hops:
        forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
        if len(forwarded) >= hops and forwarded[-hops]:
            return forwarded[-hops]
    return str(request.META.get("REMOTE_ADDR", ""))


def allowed(*, what: str, who: str, times: int, seconds: int) -> bool:
    """Whether `who` may do `what` once more: at most `times` in `seconds`.

    Without a cache it is allowed: the limit per address (members.signin) stands in the database.
    """
    key = f"limit:{what}:{who}"
    try:
        if cache.add(key, 1, timeout=seconds):
            return True
        return bool(cache.incr(key) <= times)
    except ValueError:  # ran out between the two
        return True
    except RedisError:
        log.warning("no cache, so callers are not counted", extra={"what": what})
        return True
