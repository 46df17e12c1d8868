"""The edge: what every call of the API goes through, once, and nothing else.

authenticate → scope → rate limit → parse → (one transaction: the stored reply, or the call and its reply) → JSON.
A room writes a `View` whose methods are marked with `get`, `post`, `patch` or `delete`; the mark is also what
the OpenAPI document is made from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar, cast
from uuid import UUID

import msgspec
from django.db import IntegrityError, OperationalError, transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from rest_framework.views import APIView

from loyalty import clock, policies
from loyalty.api import auth, bodies, idempotency, problems, stores, throttling
from loyalty.api.endpoints import Endpoint, NoQuery, delete, get, patch, post
from loyalty.api.idempotency import Answer, Attempt
from loyalty.api.problems import InsufficientScope, MethodNotAllowed, TryAgain
from loyalty.api.requests import EdgeRequest
from loyalty.errors import Refusal
from loyalty.models import ApiClient, Store

__all__ = ["JSON", "Call", "Reply", "View", "delete", "get", "outermost", "patch", "post"]
T = TypeVar("T")
JSON = "application/json"
ATTEMPTS = 3
RETRIED = frozenset({"40001", "40P01", "23505"})  # serialization failure, deadlock, a rival's unique row
_encode = msgspec.json.Encoder(enc_hook=str).encode


@dataclass(slots=True)
class Reply:
    """A reply with another status than the call's usual one, or with headers of its own (never replayed)."""

    body: Any
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)


class Call:
    """One request, as its function sees it."""

    __slots__ = ("_member", "_request", "identity", "language", "now", "request_id")

    def __init__(self, request: EdgeRequest, identity: auth.Identity) -> None:
        self._request = request
        self.identity = identity
        self.request_id = request.request_id
        self.now: datetime = clock.now()
        self.language = _language(request.META.get("HTTP_ACCEPT_LANGUAGE", ""))
        self._member: UUID | None = None

    @property
    def request(self) -> HttpRequest:
        """The request itself, for the addresses in problems."""
        return self._request

    @property
    def client(self) -> ApiClient:
        """The calling system."""
        return self.identity.client

    @property
    def key(self) -> str:
        """The public id of the key."""
        return self.identity.key

    @property
    def scopes(self) -> frozenset[str]:
        """What the key may do."""
        return self.identity.scopes

    @property
    def store(self) -> Store | None:
        """The store the key is bound to."""
        return self.identity.store

    @property
    def user(self) -> UUID | None:
        """The person whose key this is."""
        return self.identity.user

    @property
    def actor(self) -> str:
        """`key:NAME` or `staff:ID`."""
        return self.identity.actor

    def writes_store(self, code: str, at: datetime | None = None) -> Store:
        """The store that a body names, one of `at` if it has closed. Raises StoreMismatch (bound elsewhere),
        StoreNotFound."""
        return stores.written(code, self.identity, at)

    def about(self, member: UUID | None) -> None:
        """Say whom the reply is about, so that erasing them reaches the stored reply."""
        self._member = member

    def absolute(self, path: str) -> str:
        """An address of ours as clients reach it."""
        return self._request.build_absolute_uri(path)


def _language(header: str) -> str | None:
    """The first language a client asks for, without its region."""
    tag = header.partition(",")[0].partition(";")[0].partition("-")[0].strip().lower()
    return tag if tag.isascii() and tag.isalpha() and len(tag) in (2, 3) else None


class View(APIView):
    """A DRF view whose dispatch is the edge's own: no sessions, no content negotiation, no DRF parsers."""

    def dispatch(self, request: HttpRequest, *_args: object, **path: object) -> HttpResponseBase:
        """Answer one request. Raises Refusal for the middleware to turn into a problem."""
        asked = cast(EdgeRequest, request)  # the middleware has made it one
        method = "get" if request.method == "HEAD" else str(request.method).lower()
        handler = getattr(self, method, None)
        endpoint: Endpoint | None = getattr(handler, "endpoint", None)
        if handler is None or endpoint is None:
            raise MethodNotAllowed(headers={"Allow": ", ".join(self.methods())})
        call = Call(asked, _admit(asked, endpoint))
        arguments: list[Any] = [call]
        raw = b""
        if endpoint.decoder is not None:
            raw = bodies.read(request, endpoint.limit)
            arguments.append(bodies.parse(raw or b"{}", endpoint.decoder))
        elif endpoint.query is not None:
            values = bodies.query(request, endpoint.query)
            if endpoint.query is not NoQuery:
                arguments.append(values)

        headers: dict[str, str] = {}

        def work() -> Answer:
            call._member = None
            headers.clear()
            result = handler(*arguments, **path)
            status, body = endpoint.status, result
            if isinstance(result, Reply):
                status, body = result.status or status, result.body
                headers.update(result.headers)
            return Answer(status, JSON, _encode(body), call._member)

        with policies.newest_is(*call.identity.programme):
            answer = outermost(lambda: _run(asked, call, endpoint, raw, work))
        response = HttpResponse(answer.body, status=answer.status, content_type=answer.content_type, headers=headers)
        if answer.replayed:
            response["Idempotency-Replayed"] = "true"
        if "ETag" in headers:  # the caller may have it already
            return get_conditional_response(request, etag=headers["ETag"], response=response) or response
        return response

    @classmethod
    def methods(cls) -> list[str]:
        """The methods this view answers."""
        names = ("get", "post", "put", "patch", "delete")
        return [name.upper() for name in names if hasattr(getattr(cls, name, None), "endpoint")]


def _admit(request: EdgeRequest, endpoint: Endpoint) -> auth.Identity:
    """Key, scope, limit. Raises Unauthenticated, InsufficientScope, TooManyRequests."""
    # The till page has checked the person itself; nothing that comes over HTTP can set this attribute.
    identity: auth.Identity | None = getattr(request, "admitted", None)
    try:
        identity = identity or auth.authenticate(request.META.get("HTTP_AUTHORIZATION", ""))
    except problems.Unauthenticated:
        throttling.failed_attempt(request)
        raise
    request.identity = identity  # for the log
    if endpoint.scope is not None and endpoint.scope not in identity.scopes:
        raise InsufficientScope(f"This call needs the scope {endpoint.scope}.", scope=endpoint.scope)
    throttling.count_key(identity.key)
    return identity


def _run(request: EdgeRequest, call: Call, endpoint: Endpoint, raw: bytes, work: Callable[[], Answer]) -> Answer:
    """The work once, in its transaction."""
    if not endpoint.key:
        if not endpoint.transaction:
            return work()
        with transaction.atomic():
            return work()
    attempt = Attempt(
        call.client.pk,
        idempotency.checked(request.META.get("HTTP_IDEMPOTENCY_KEY")),
        idempotency.fingerprint(str(request.method), request.path, raw),
    )

    def refused(refusal: Refusal) -> Answer:
        body = problems.encode(refusal, request_id=call.request_id, request=request)
        return Answer(refusal.status, problems.CONTENT_TYPE, body, call._member)

    return idempotency.once(attempt, work, refused=refused, gather=endpoint.gather)


def outermost(run: Callable[[], T]) -> T:
    """Run whole transactions again where PostgreSQL asks for it, at most three times; then TryAgain."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return run()
        except (OperationalError, IntegrityError) as error:
            sqlstate = getattr(error.__cause__, "sqlstate", None)
            if sqlstate not in RETRIED:
                raise
            if attempt == ATTEMPTS:
                if isinstance(error, IntegrityError):
                    raise
                raise TryAgain(headers={"Retry-After": "1"}) from error
    raise AssertionError("not reached")
