"""Cursor pages: `{"results": […], "next": cursor or null}` (CONTRACT 1.1, Lists)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterable
from typing import Annotated, Any, TypeVar

import msgspec
from django.conf import settings
from django.db.models import Model, QuerySet

from loyalty.api.problems import BadRequest

DEFAULT_LIMIT, MAX_LIMIT = 50, 200
_MARK_BYTES = 8
M = TypeVar("M", bound=Model)


class Page(msgspec.Struct, kw_only=True):
    """The query of a list; a list with filters derives its own, with `forbid_unknown_fields=True`."""

    cursor: Annotated[str, msgspec.Meta(max_length=500)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT


class PageOnly(Page, forbid_unknown_fields=True):
    """The query of a list without filters."""


def _mark(payload: bytes, purpose: str) -> bytes:
    key = settings.SECRET_KEY.encode() + b"cursor:" + purpose.encode()
    return hmac.digest(key, payload, hashlib.sha256)[:_MARK_BYTES]


def cursor(after: list[Any], *, purpose: str) -> str:
    """An opaque cursor that continues after these values of the order."""
    payload = msgspec.json.encode(after, enc_hook=str)
    return base64.urlsafe_b64encode(_mark(payload, purpose) + payload).rstrip(b"=").decode()


def after(text: str | None, *, purpose: str) -> list[Any] | None:
    """The values that a cursor continues after. Raises BadRequest for one that this list did not give."""
    if text is None:
        return None
    try:
        raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise BadRequest("bad_cursor") from None
    mark, payload = raw[:_MARK_BYTES], raw[_MARK_BYTES:]
    if not hmac.compare_digest(mark, _mark(payload, purpose)):
        raise BadRequest("bad_cursor")
    values = msgspec.json.decode(payload)
    return values if isinstance(values, list) else None


def results(rows: Iterable[Any], *, limit: int, purpose: str, key: Callable[[Any], list[Any]]) -> dict[str, Any]:
    """The page of rows that were read with one more than `limit`; `key` gives a row's place in the order."""
    found = list(rows)
    more = len(found) > limit
    shown = found[:limit]
    return {"results": shown, "next": cursor(key(shown[-1]), purpose=purpose) if more else None}


def page(queryset: QuerySet[M], query: Page, *, order: str, show: Callable[[M], Any]) -> dict[str, Any]:
    """A page of a queryset by one unique column: `id`, or `-id` for newest first."""
    column = order.lstrip("-")
    purpose = f"{queryset.model._meta.label}:{order}"
    start = after(query.cursor, purpose=purpose)
    rows = queryset.order_by(order)
    if start is not None:
        rows = rows.filter(**{f"{column}__{'lt' if order.startswith('-') else 'gt'}": start[0]})
    found = results(
        rows[: query.limit + 1],
        limit=query.limit,
        purpose=purpose,
        key=lambda row: [getattr(row, column)],
    )
    return {**found, "results": [show(row) for row in found["results"]]}
