"""Clients that post sales over kept-alive connections as cheaply as pgbench does: one loop, raw sockets."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

LONGEST_WAIT_SECONDS = 30


@dataclass
class Tally:
    """What the clients saw. Times in seconds; only requests answered inside the measured time have one."""

    times: list[float] = field(default_factory=list)
    seconds: float = 0.0
    acknowledged: int = 0  # 2xx from the first to the last request, warm-up included
    refused: dict[str, int] = field(default_factory=dict)  # status and the start of the body

    @property
    def per_second(self) -> float:
        return len(self.times) / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        """The time that `share` of the measured requests kept within; 0 without any."""
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


class Connection:
    """One client: a request is on its way, or the last answer is complete."""

    def __init__(self, host: str, port: int) -> None:
        self.socket = socket.create_connection((host, port), timeout=LONGEST_WAIT_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent_at = 0.0
        self._received = b""

    def send(self, request: bytes) -> None:
        self._received = b""
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> tuple[int, bytes] | None:
        """Status and body once the answer is complete, else None."""
        part = self.socket.recv(65536)
        if not part:
            raise ConnectionError("the server closed the connection")
        self._received += part
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found:
            return None
        length = _header(head, b"content-length:")
        if length is None:
            raise ConnectionError("an answer without Content-Length")
        return (int(head[9:12]), body) if len(body) >= int(length) else None


def _header(head: bytes, name: bytes) -> bytes | None:
    start = head.lower().find(b"\r\n" + name)
    if start < 0:
        return None
    return head[start + len(name) + 2 :].split(b"\r\n", 1)[0].strip()


def request(path: str, *, host: str, key: str, number: str, body: bytes) -> bytes:
    """One POST, ready to be sent."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nIdempotency-Key: {number}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def run(url: str, make: Callable[[], bytes], *, clients: int, warm_up: float, seconds: float) -> Tally:
    """Keep `clients` requests of `make` on their way for `warm_up + seconds`, then let all be answered."""
    address = urlsplit(url)
    tally = Tally()
    waiting = selectors.DefaultSelector()
    started = time.perf_counter()
    measured_from, until = started + warm_up, started + warm_up + seconds
    for _ in range(clients):
        connection = Connection(address.hostname or "127.0.0.1", address.port or 80)
        waiting.register(connection.socket, selectors.EVENT_READ, connection)
        connection.send(make())
    while waiting.get_map():
        ready = waiting.select(timeout=LONGEST_WAIT_SECONDS)
        if not ready:
            raise TimeoutError(f"no answer in {LONGEST_WAIT_SECONDS} s")
        for key, _events in ready:
            connection = key.data
            answer = connection.receive()
            if answer is None:
                continue
            now = time.perf_counter()
            _count(tally, answer)
            if measured_from <= connection.sent_at and now <= until:
                tally.times.append(now - connection.sent_at)
            if now < until:
                connection.send(make())
            else:
                waiting.unregister(connection.socket)
                connection.socket.close()
    tally.seconds = seconds
    return tally


def _count(tally: Tally, answer: tuple[int, bytes]) -> None:
    status, body = answer
    if 200 <= status < 300:
        tally.acknowledged += 1
    else:
        seen = f"{status} {body[:160].decode(errors='replace')}"
        tally.refused[seen] = tally.refused.get(seen, 0) + 1
