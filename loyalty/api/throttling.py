"""How often a key may call, and how often an address may try without a valid one."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

from loyalty import limits, peers
from loyalty.api.problems import TooManyRequests


def count(name: str, *, limit: int, seconds: int) -> None:
    """Count one try of `name`. Raises TooManyRequests beyond `limit` per `seconds`."""
    wait = limits.count(name, limit=limit, seconds=seconds)
    if wait:
        whole = -(-wait // 1000)
        raise TooManyRequests(f"Try again in {whole} s.", headers={"Retry-After": str(whole)})


def count_key(key_id: str) -> None:
    """One request of an API key."""
    count(f"key:{key_id}", limit=settings.LOYALTY_KEY_LIMIT_PER_MINUTE, seconds=60)


def failed_attempt(request: HttpRequest) -> None:
    """One request without a valid key, counted by where it comes from.

    Only failures count, so a till with a wrong key does not stop the others behind the same address.
    """
    count(f"peer:{peers.block(request)}", limit=settings.LOYALTY_FAILED_LIMIT_PER_MINUTE, seconds=60)
