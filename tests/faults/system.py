"""A whole system under load, for tests that kill parts of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import uuid
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent.parent


def manage(env, *arguments):
    """What `manage.py …` printed."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def post(url, path, body, *, key, secret, timeout=10):
    """(status, body) of one call, on a connection of its own. Raises OSError or HTTPException where none came."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=timeout)
    try:
        headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json", "Idempotency-Key": key}
        connection.request("POST", f"/api/v1{path}", json.dumps(body), headers)
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


@dataclass
class Till(threading.Thread):
    """Sells without end, one sale after the other, and keeps what was answered in a file that is on the disk."""

    url: str
    secret: str
    member: str
    place: Path
    number: int
    ending: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self):
        threading.Thread.__init__(self, daemon=True)
        self.sent: dict[str, dict] = {}
        self.unknown: list[str] = []
        self.statuses: dict[int, int] = {}
        self.errors: dict[str, int] = {}

    def __hash__(self):
        return id(self)

    def run(self):
        with (self.place / f"acknowledged-{self.number}").open("a") as acknowledged:
            while not self.ending.is_set():
                key = str(uuid.uuid4())
                body = {
                    "store": "main", "receipt": key, "member": {"id": self.member}, "total": "10.00",
                    "lines": [{"line": 1, "sku": "A", "quantity": 1, "amount": "10.00"}],
                }  # fmt: skip
                self.sent[key] = body
                if not self.sell(key, acknowledged):
                    self.unknown.append(key)
                    time.sleep(0.5)  # each is sent once more at the end, so no more than prove something

    def sell(self, key, acknowledged):
        """Whether the sale was acknowledged."""
        try:
            status, _ = post(self.url, "/sales", self.sent[key], key=key, secret=self.secret)
        except (OSError, HTTPException) as error:
            self.errors[repr(error)] = self.errors.get(repr(error), 0) + 1
            return False
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if status != 201:
            return False
        acknowledged.write(key + "\n")
        acknowledged.flush()
        os.fsync(acknowledged.fileno())
        return True

    def retry_unknown(self):
        """Send what was not answered once more, with the same key, until it is."""
        with (self.place / f"acknowledged-{self.number}").open("a") as acknowledged:
            for key in self.unknown:
                deadline = time.monotonic() + 30
                while not self.sell(key, acknowledged):
                    assert time.monotonic() < deadline, f"no answer for {key}: {self.statuses}"
                    time.sleep(0.2)
        self.unknown.clear()

    @property
    def acknowledged(self):
        return set((self.place / f"acknowledged-{self.number}").read_text().split())


def selling(cluster, place, tills, members=None):
    """Tills at a fresh programme of one point per dollar; each sells to a member of its own unless told otherwise."""
    env = cluster.env
    document = {
        "loyalty": 1,
        "name": "Test",
        "settings": {"currency": "USD", "timezone": "UTC"},
        "stores": [{"code": "main", "name": "Main"}],
        "rules": [{"code": "base", "kind": "per_amount", "points": 1, "per": "1"}],
    }
    program = (
        f"from loyalty import policies; policies.apply(document={document!r}, actor='test')\n"
        "from members.enrolment import enrol\n"
        f"for number in range({members or tills}): print(enrol(name='Ada', actor='test').pk)"
    )
    ids = manage(env, "shell", "--no-imports", "-v0", "-c", program).split()
    secret = manage(env, "create_key", f"till-{uuid.uuid4().hex[:8]}", "--scopes", "sales", "redeem", "members:read")
    return [Till(cluster.url, secret, ids[number % len(ids)], place, number) for number in range(tills)]


def rest(tills, seconds):
    """Let the tills sell for a while."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.05)


def stop(tills):
    """End the tills and wait for their last sale."""
    for till in tills:
        till.ending.set()
    for till in tills:
        till.join(30)
        assert not till.is_alive()
