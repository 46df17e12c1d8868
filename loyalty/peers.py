"""Where a request comes from. `X-Forwarded-For` counts only as far as trusted proxies wrote it."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest


@lru_cache(maxsize=8)
def _networks(texts: tuple[str, ...]) -> list[IPv4Network | IPv6Network]:
    return [ip_network(text, strict=False) for text in texts]


def _trusted(address: str) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in _networks(tuple(settings.LOYALTY_TRUSTED_PROXIES)))


def address(request: HttpRequest) -> str:
    """The peer's address: the last one in the chain that is not a proxy of ours."""
    here = str(request.META.get("REMOTE_ADDR") or "unknown")
    chain = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    while chain and _trusted(here):
        here = chain.pop()
    return here


def block(request: HttpRequest) -> str:
    """The address as limits count it: IPv6 by its /64, which one caller usually has whole."""
    here = address(request)
    try:
        parsed = ip_address(here)
    except ValueError:
        return here[:60]
    if parsed.version == 6:
        return str(ip_network((int(parsed) >> 64 << 64, 64)))
    return here
