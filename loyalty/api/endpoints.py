"""What a call declares of itself: read by the edge when it is made, and by the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypedDict, TypeVar, Unpack

import msgspec

from loyalty.api import auth, bodies
from loyalty.errors import Refusal

F = TypeVar("F", bound=Callable[..., Any])


class NoQuery(msgspec.Struct, forbid_unknown_fields=True):
    """A call without parameters."""


class Told(TypedDict, total=False):
    """What is only for the documents."""

    reply: Any  # the type of the reply: a struct, or anything msgspec can describe
    refusals: tuple[type[Refusal], ...]  # what the operation may refuse
    also: tuple[int, ...]  # other statuses of success, such as 202
    example: Any  # a body
    reply_example: Any


@dataclass(frozen=True)
class Endpoint:
    """One method of one view."""

    scope: str | None
    body: type[msgspec.Struct] | None
    query: type[msgspec.Struct] | None
    status: int
    key: bool
    limit: int
    transaction: bool
    gather: bool
    told: Told
    decoder: msgspec.json.Decoder[Any] | None

    @property
    def refusals(self) -> tuple[type[Refusal], ...]:
        """What the operation itself may refuse."""
        return self.told.get("refusals", ())


def _mark(
    told: Told,
    *,
    scope: str | None,
    body: type[msgspec.Struct] | None = None,
    query: type[msgspec.Struct] | None = None,
    status: int = 200,
    key: bool = False,
    limit: int = bodies.MIB,
    transaction: bool = True,
    gather: bool = False,
) -> Callable[[F], F]:
    if scope is not None and scope not in auth.SCOPES:
        raise ValueError(f"no scope {scope}")
    decoder = bodies.decoder(body) if body else None
    endpoint = Endpoint(scope, body, query, status, key, limit, transaction, gather, told, decoder)

    def mark(function: F) -> F:
        function.endpoint = endpoint  # type: ignore[attr-defined]
        return function

    return mark


def get(
    *,
    scope: str | None,
    query: type[msgspec.Struct] | None = None,
    transaction: bool = False,
    **told: Unpack[Told],
) -> Callable[[F], F]:
    """Mark `get(self, call, [query,] **path)`. In autocommit, unless `transaction`."""
    return _mark(told, scope=scope, query=query or NoQuery, transaction=transaction)


def post(
    *,
    scope: str,
    body: type[msgspec.Struct] = bodies.Nothing,
    status: int = 200,
    key: bool = True,
    limit: int = bodies.MIB,
    transaction: bool = True,
    gather: bool = False,
    **told: Unpack[Told],
) -> Callable[[F], F]:
    """Mark `post(self, call, body, **path)`.

    `key`: an Idempotency-Key is required and its reply stored in the work's transaction. `transaction`: run in one
    (always with a key). `limit`: bytes of the body. `gather`: the writes of the call and its stored reply become one
    statement (`rows.together`), for hot calls that write through `rows` and read nothing they have written.
    """
    return _mark(
        told,
        scope=scope,
        body=body,
        status=status,
        key=key,
        limit=limit,
        transaction=transaction or key,
        gather=gather,
    )


def patch(*, scope: str, body: type[msgspec.Struct], **told: Unpack[Told]) -> Callable[[F], F]:
    """Mark `patch(self, call, body, **path)`: a change that may be repeated, so without a key."""
    return _mark(told, scope=scope, body=body)


def delete(*, scope: str, status: int = 200, **told: Unpack[Told]) -> Callable[[F], F]:
    """Mark `delete(self, call, body, **path)`; the body is empty."""
    return _mark(told, scope=scope, body=bodies.Nothing, status=status)
