"""What only a real web server shows: bodies without a length, memory, slow senders (FAULTS I3, I10, H4)."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from loyalty.api import auth

ROOT = Path(__file__).resolve().parent.parent.parent
PATH = "/api/v1/test/echo"


class Server:
    """Granian with two workers, serving the test's database and its calls."""

    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        self.port, self.process = port, process

    def open(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=15)

    def ask(self, head: list[str], body: bytes = b"") -> tuple[int, dict[str, str], bytes]:
        """One request on a connection of its own; the reply. A server may answer before the body is all sent."""
        with self.open() as connection:
            connection.sendall("\r\n".join([*head, "Host: localhost", "Connection: close", "", ""]).encode())
            try:
                for start in range(0, len(body), 65536):
                    connection.sendall(body[start : start + 65536])
            except OSError:
                pass
            return read(connection)

    def memory(self) -> int:
        """Bytes resident in the workers."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        return sum(child.memory_info().rss for child in children)


def read(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    received = b""
    try:
        while piece := connection.recv(65536):
            received += piece
    except ConnectionResetError:
        pass
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    return int(lines[0].split(" ")[1]), headers, body


@pytest.fixture
def server(committed) -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", "2", "--blocking-threads", "1", "--workers-kill-timeout", "3", "--log-level", "warning"]
    url = psycopg.conninfo.make_conninfo(os.environ["DATABASE_URL"], dbname=committed)
    environment = {**os.environ, "DATABASE_URL": url}
    process = subprocess.Popen([*command, "tests.api.serve:application"], cwd=ROOT, env=environment)
    found = Server(port, process)
    try:
        for _ in range(900):
            try:
                found.open().close()
                break
            except OSError:
                time.sleep(0.1)
        assert found.ask(["GET /healthz HTTP/1.1"])[0] == 200
        yield found
    finally:
        process.terminate()
        process.wait(15)


def head(token: str, *more: str) -> list[str]:
    return [f"POST {PATH} HTTP/1.1", f"Authorization: Bearer {token}", "Content-Type: application/json", *more]


def chunked(body: bytes) -> bytes:
    pieces = [body[start : start + 50_000] for start in range(0, len(body), 50_000)]
    return b"".join(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in pieces) + b"0\r\n\r\n"


def test_i3_bodies_with_and_without_a_length(server):
    token = auth.issue(name="till", scopes=list(auth.SCOPES))[1]
    small = b'{"points": 5}'
    status, headers, body = server.ask(head(token, "Transfer-Encoding: chunked"), chunked(small))
    assert status == 200 and json.loads(body)["body"]["points"] == 5 and headers["x-request-id"]
    before = server.memory()
    large = b'{"note": "' + b"x" * 10_000_000 + b'"}'
    for body_sent, framing in (
        (large, f"Content-Length: {len(large)}"),
        (chunked(large), "Transfer-Encoding: chunked"),
    ):
        for _ in range(5):
            began = time.monotonic()
            status, headers, body = server.ask(head(token, framing), body_sent)
            assert time.monotonic() - began < 3
            assert status == 413 and headers["content-type"] == "application/problem+json"
            assert json.loads(body)["code"] == "body_too_large"
    assert server.memory() - before < 30_000_000
    assert server.ask(head(token, f"Content-Length: {len(small)}"), small)[0] == 200


def test_h4_a_revoked_key_is_refused_by_every_worker(server):
    token = auth.issue(name="till", scopes=list(auth.SCOPES))[1]
    small = b'{"points": 5}'
    assert {server.ask(head(token, "Content-Length: 13"), small)[0] for _ in range(8)} == {200}
    auth.revoke(key_id=token.split("_")[2])
    assert {server.ask(head(token, "Content-Length: 13"), small)[0] for _ in range(8)} == {401}


def test_i10_slow_senders_hold_nobody_up(server):
    token = auth.issue(name="till", scopes=list(auth.SCOPES))[1]
    slow = [server.open() for _ in range(30)]
    for connection in slow:
        connection.sendall(f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-".encode())
    began = time.monotonic()
    assert server.ask(head(token, "Content-Length: 13"), b'{"points": 5}')[0] == 200
    assert time.monotonic() - began < 2
    for connection in slow:
        connection.close()
