"""API keys: `lk_<live|test>_<id>_<secret>`, hashed at rest, looked up afresh for every request.

One statement fetches the key, its client, its store and its person, so that a key which was revoked, or whose
person was disabled, is refused from the next request on whichever worker.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from loyalty import clock, driver
from loyalty.api.problems import Unauthenticated
from loyalty.models import ApiClient, ApiKey, Store, User

SCOPES = ("sales", "redeem", "members:read", "members:write", "events", "activity", "manage")
_KEY = re.compile(r"lk_(?:live|test)_([0-9a-z]{16})_[0-9A-Za-z]{43}", re.ASCII)
_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"
_SECRET_LETTERS = _LETTERS + _LETTERS[10:].upper()

_FIND = """
SELECT k.secret_hash, k.scopes, c.id, c.name, k.user_id, u.is_active,
       s.id, s.code, s.name, s."group", s.retired_at,
       p.version, p.applied_at
  FROM loyalty_apikey k
  JOIN loyalty_apiclient c ON c.id = k.client_id
  LEFT JOIN loyalty_store s ON s.id = k.store_id
  LEFT JOIN loyalty_user u ON u.id = k.user_id
  LEFT JOIN LATERAL (
       SELECT version, applied_at FROM loyalty_programme ORDER BY version DESC LIMIT 1
  ) p ON true
 WHERE k.id = %s AND k.revoked_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is calling: a key of a client, perhaps bound to a store, perhaps a person's."""

    key: str
    client: ApiClient
    scopes: frozenset[str]
    store: Store | None
    user: UUID | None
    programme: tuple[int | None, datetime | None]  # newest version and when applied: caches hold until it changes

    @property
    def actor(self) -> str:
        """How entries and the audit log name the caller: never an address or a person's name."""
        return f"staff:{self.user}" if self.user else f"key:{self.client.name}"


def digest(token: str) -> bytes:
    """What is kept of a key. The secret has 256 random bits, so one round of SHA-256 is enough."""
    return hashlib.sha256(token.encode()).digest()


def issue(*, name: str, scopes: list[str], store: Store | None = None, user: User | None = None) -> tuple[ApiKey, str]:
    """Make a key for the client `name` (made if new); returns the row and the key's text, shown only now."""
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise ValueError(f"unknown scope {', '.join(unknown)}" if unknown else "no scope")
    key_id = "".join(secrets.choice(_LETTERS) for _ in range(16))
    secret = "".join(secrets.choice(_SECRET_LETTERS) for _ in range(43))
    token = f"lk_{'test' if settings.LOYALTY_SANDBOX else 'live'}_{key_id}_{secret}"
    client, _ = ApiClient.objects.get_or_create(name=name)
    key = ApiKey.objects.create(
        id=key_id,
        client=client,
        secret_hash=digest(token),
        scopes=sorted(set(scopes)),
        store=store,
        user=user,
    )
    return key, token


def revoke(*, key_id: str) -> bool:
    """End a key from the next request on; False when there is no such live key."""
    live = ApiKey.objects.filter(pk=key_id, revoked_at=None)
    return bool(live.update(revoked_at=clock.now()))


def _find(key_id: str) -> tuple[Any, ...] | None:
    """The one statement, in autocommit; a connection that died while idle is replaced once."""
    for last in (False, True):
        try:
            return next(iter(driver.fetch(_FIND, [key_id])), None)
        except (OperationalError, InterfaceError):
            if last or connection.in_atomic_block or connection.is_usable():
                raise
            connection.close()
    return None


def _store(pk: object, code: object, name: str, group: object, retired_at: object) -> Store:
    """The row as an instance; jsonb comes as text from a raw cursor."""
    values = (pk, code, msgspec.json.decode(name), group, retired_at)
    return Store.from_db("default", ("id", "code", "name", "group", "retired_at"), values)


def authenticate(header: str) -> Identity:
    """Who sends this `Authorization` header. Raises Unauthenticated; says nothing about why."""
    scheme, _, token = header.partition(" ")
    token = token.strip()
    match = _KEY.fullmatch(token) if scheme.lower() == "bearer" else None
    row = _find(match[1]) if match else None
    if match is None or row is None or not hmac.compare_digest(digest(token), bytes(row[0])):
        raise Unauthenticated(headers={"WWW-Authenticate": 'Bearer realm="api"'})
    _hash, scopes, client_id, client_name, user, active, *store, version, applied_at = row
    if user is not None and not active:
        raise Unauthenticated(headers={"WWW-Authenticate": 'Bearer realm="api"'})
    return Identity(
        key=match[1],
        client=ApiClient.from_db("default", ("id", "name"), (client_id, client_name)),
        scopes=frozenset(scopes),
        store=_store(*store) if store[0] else None,
        user=user,
        programme=(version, applied_at),
    )
