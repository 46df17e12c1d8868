"""How often somebody may try to sign in: exact under parallel fire, and nobody can lock out somebody else.

Each try is counted before it is judged, by one atomic increment, so however many arrive together no more than the
limit are looked at. There are three budgets, each per quarter of an hour: of an address, of an account from browsers
it has not signed in from before, and of an account from each browser it has. A stranger can only use up the second,
so the owner still gets in with the browser they always use.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from dataclasses import dataclass
from uuid import uuid4

from django.conf import settings
from django.core.cache import cache
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponse

from loyalty import peers

WINDOW_SECONDS = 15 * 60
PER_ADDRESS = 60
PER_ACCOUNT = 10
CODES_PER_ACCOUNT = 5
BROWSER_COOKIE = "staff_browser"
_BROWSER_SECONDS = 180 * 24 * 3600
_signer = Signer(salt="staff-browser")


@dataclass(frozen=True)
class Budget:
    """One counted budget: what it is about, and how many tries it holds."""

    name: str
    limit: int

    def key(self) -> str:
        """Its counter in the cache; a new one begins with each window."""
        window = int(time.time() // WINDOW_SECONDS)
        digest = hashlib.sha256(self.name.encode()).hexdigest()[:32]
        return f"signin:{digest}:{window}"


def source(request: HttpRequest) -> str:
    """A short keyed digest of the address, for the audit log: tells repeats apart without keeping the address."""
    return hmac.new(settings.SECRET_KEY.encode(), peers.block(request).encode(), "sha256").hexdigest()[:12]


def budgets(request: HttpRequest, account: str, *, step: str, limit: int) -> list[Budget]:
    """The budgets that a try for `account` (any text, existing or not) at `step` draws on."""
    browser = known_browser(request, account)
    place = f"browser:{browser}" if browser else "elsewhere"
    return [
        Budget(f"{step}:address:{peers.block(request)}", PER_ADDRESS),
        Budget(f"{step}:account:{account}:{place}", limit),
    ]


def take(drawn: list[Budget]) -> int:
    """Count one try on every budget. Returns 0 if it may be judged, else the seconds until it could be."""
    over = False
    for budget in drawn:
        key = budget.key()
        cache.add(key, 0, WINDOW_SECONDS + 60)
        over = cache.incr(key) > budget.limit or over
    return WINDOW_SECONDS - int(time.time() % WINDOW_SECONDS) if over else 0


def clear(drawn: list[Budget]) -> None:
    """Forget the tries on an account once its owner got in; those of the address stay counted."""
    for budget in drawn:
        if ":account:" in budget.name:
            cache.delete(budget.key())


def known_browser(request: HttpRequest, account: str) -> str:
    """The id of this browser if `account` has signed in from it before, else ""."""
    try:
        browser, _, who = _signer.unsign(request.COOKIES.get(BROWSER_COOKIE, "")).partition(":")
    except BadSignature:
        return ""
    return browser if hmac.compare_digest(who, _digest(account)) else ""


def remember_browser(request: HttpRequest, response: HttpResponse, account: str) -> None:
    """Mark this browser as one that `account` has signed in from."""
    browser = known_browser(request, account) or uuid4().hex
    response.set_cookie(
        BROWSER_COOKIE,
        _signer.sign(f"{browser}:{_digest(account)}"),
        max_age=_BROWSER_SECONDS,
        path="/staff/",
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )


def _digest(account: str) -> str:
    return hashlib.sha256(account.encode()).hexdigest()[:24]
