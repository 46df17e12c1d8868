"""Many at once: threads that start together, each with its own connection, and a server that threads answer."""

from __future__ import annotations

import http.client
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from django.db import connections

from loyalty import books


def at_once(works: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run all works together, each in a thread of its own; their results, or the exceptions they raised."""
    start = threading.Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        try:
            connections["default"].ensure_connection()
            start.wait()
            return work()
        except Exception as error:  # noqa: BLE001
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        """Say nothing."""


class _Server(ThreadedWSGIServer):
    request_queue_size = 200

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            connections.close_all()


@contextmanager
def served() -> Iterator[tuple[str, int]]:
    """The whole system behind a socket, a thread for each connection, on the database in use."""
    server = _Server(("127.0.0.1", 0), _Quiet)
    server.daemon_threads = True
    server.set_app(get_wsgi_application())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield "127.0.0.1", server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def post(address: tuple[str, int], token: str, path: str, body: Any, *, key: str = "") -> tuple[int, Any]:
    """One request over a fresh connection: status and JSON."""
    status, raw = send(address, token, path, body, key=key)
    return status, json.loads(raw)


def persist(address: tuple[str, int], token: str, path: str, body: Any) -> tuple[int, Any]:
    """As a till does: a 503 is asked again with the same key (on a busy machine 64 may outlast a lock wait)."""
    key = str(uuid.uuid4())
    for _ in range(20):
        status, reply = post(address, token, path, body, key=key)
        if status != 503:
            break
        time.sleep(0.2)
    return status, reply


def send(address: tuple[str, int], token: str, path: str, body: Any, *, key: str = "") -> tuple[int, bytes]:
    """One request over a fresh connection: status and bytes."""
    wire = http.client.HTTPConnection(*address, timeout=60)
    try:
        wire.request(
            "POST",
            path,
            json.dumps(body),
            {
                "Authorization": f"Bearer {token}",
                "Content-Type": "application/json",
                "Idempotency-Key": key or str(uuid.uuid4()),
                "Connection": "close",
            },
        )
        reply = wire.getresponse()
        return reply.status, reply.read()
    finally:
        wire.close()


def assert_books_balance() -> None:
    """Every invariant that is known holds."""
    report = books.check()
    assert not report.problems, report.problems
