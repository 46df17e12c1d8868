"""The outermost layer of `/api/`: a request id, the view without the middleware of pages, problems for all errors.

The API takes no sessions, forms or cookies, so none of the middleware below this one concerns it (they cost
more than the edge). Everything else passes through untouched, but for its request id.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import structlog
from django.core.exceptions import DisallowedHost, PermissionDenied, SuspiciousOperation
from django.db import DatabaseError, DataError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, ResolverMatch, URLResolver, get_resolver

from loyalty import traces
from loyalty.api import problems
from loyalty.api.requests import EdgeRequest
from loyalty.errors import NotFound, Refusal
from loyalty.ids import uuid7

log = structlog.get_logger("loyalty.api")
PAGES = "/api/docs"  # the part of /api/ that is for people


class EdgeMiddleware:
    """Put first."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: EdgeRequest) -> HttpResponseBase:
        request.request_id = str(uuid7())
        path = request.path_info
        if (path.startswith("/api/") or path == "/api") and not path.startswith(PAGES):
            return answer(request)
        response = self.get_response(request)
        response["X-Request-Id"] = request.request_id
        return response


def answer(request: EdgeRequest) -> HttpResponseBase:
    """The reply of the API, whatever happens."""
    began = time.perf_counter()
    request_id = request.request_id
    try:
        response = _view(request)
    except Exception as error:  # noqa: BLE001  (the last place where anything can be caught)
        refusal = _as_refusal(error)
        known_host = None if isinstance(error, DisallowedHost) else request
        response = problems.response(refusal, request_id=request_id, request=known_host)
        if refusal.status >= 500:
            _log_failure(error, request_id, refusal.status)
    response["X-Request-Id"] = request_id
    response.setdefault("Cache-Control", "no-store")  # but for what says itself how long it holds
    response["X-Content-Type-Options"] = "nosniff"
    if isinstance(response, HttpResponse) and response.status_code != 304:
        response["Content-Length"] = str(len(response.content))
    response._has_been_logged = True  # type: ignore[attr-defined]  # Django would log the address
    _log_request(request, response, time.perf_counter() - began)
    return response


def _view(request: HttpRequest) -> HttpResponseBase:
    request.get_host()  # refuses hosts that are not ours
    match = _resolve(get_resolver(), request.path_info)
    request.resolver_match = match
    if any("\0" in value for value in match.kwargs.values() if isinstance(value, str)):
        raise NotFound
    response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
    return response


@lru_cache(maxsize=1024)
def _resolve(resolver: URLResolver, path: str) -> ResolverMatch:
    """Where an address leads: few are asked for again and again. Raises Resolver404."""
    return resolver.resolve(path)


def _as_refusal(error: Exception) -> Refusal:
    """What a caller is told of an error."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, Resolver404 | Http404):
        return NotFound("There is nothing at this address.")
    if isinstance(error, DisallowedHost):
        return problems.BadHost()
    if isinstance(error, SuspiciousOperation):
        return problems.BadRequest("malformed")
    if isinstance(error, PermissionDenied):
        return problems.Forbidden()
    if isinstance(error, OperationalError | InterfaceError) or _read_only(error):
        return problems.TryAgain(headers={"Retry-After": "1"})
    if isinstance(error, DataError) and getattr(error.__cause__, "sqlstate", None) == "22003":
        return problems.BadRequest("out_of_range", "A number is too large once it is added up.")
    return problems.InternalError()


def _read_only(error: Exception) -> bool:
    """Whether the server takes no writes just now, as after a failover."""
    return isinstance(error, DatabaseError) and getattr(error.__cause__, "sqlstate", None) == "25006"


def _log_request(request: EdgeRequest, response: HttpResponseBase, seconds: float) -> None:
    """One line for each request: the route, not the address, which may hold codes or a person's data."""
    match = request.resolver_match
    identity = getattr(request, "identity", None)
    log.info(
        "request",
        method=request.method if request.method in problems.METHODS else "other",
        route=match.route if match else None,
        status=response.status_code,
        ms=round(seconds * 1000, 1),
        key=identity.key if identity else None,
        code=getattr(response, "problem_code", None),
        request_id=request.request_id,
    )


def _log_failure(error: Exception, request_id: str, status: int) -> None:
    """Where it happened, without messages: those of the database quote what people typed."""
    log.error(
        "failure" if status == 500 else "try_again",
        what=traces.describe(error),
        frames=[f"{Path(f.filename).name}:{f.lineno}" for f in traceback.extract_tb(error.__traceback__)][-12:],
        request_id=request_id,
    )
