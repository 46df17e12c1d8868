"""A broker, a worker, a clock and a mail provider of one's own, for tests that break them."""

from __future__ import annotations

import os
import socket
import sys
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis
from django.conf import settings
from django.db import connections, transaction

from loyalty import broker, clock, outbox
from loyalty.celery import app
from loyalty.models import Account, Fact
from loyalty.runtime import system
from loyalty.runtime.home import Home
from loyalty.runtime.processes import Process, wait_until
from loyalty.runtime.testing import free_port
from loyalty.runtime.valkey import Valkey
from members.models import Identity, Member, Message, Profile

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass
class Post:
    """The parts that carry messages, all below one directory."""

    home: Home
    valkey: Valkey
    provider: Process
    letters: Path
    env: dict[str, str]

    def worker(self, processes=2) -> Process:
        worker = system.worker(self.env, self.home.log)
        worker.command[worker.command.index("-c") + 1] = str(processes)
        return worker

    def beat(self) -> Process:
        return system.beat(self.env, self.home.log)

    def queued(self) -> int:
        """Tasks that wait for a worker."""
        with redis.Redis(unix_socket_path=str(self.valkey.socket)) as connection:
            return int(connection.llen("celery"))

    def sent(self) -> list[uuid.UUID]:
        """The messages the provider accepted, in order, repeats too."""
        lines = self.letters.read_text().split() if self.letters.exists() else []
        return [uuid.UUID(line.strip("<>").partition("@")[0]) for line in lines]


@contextmanager
def post_office(place, database, *, seconds=0.0, slow=0, **env):
    """A Valkey that this process uses as broker and cache, and a provider; `env` is for worker and beat."""
    home = Home(place / "home")
    home.prepare()
    valkey = Valkey(home)
    port, letters = free_port(), place / "letters"
    configured = connections.settings["default"]
    shared = {
        **os.environ,
        "LOYALTY_HOME": str(home.path),
        "DATABASE_URL": f"postgresql://{configured['USER']}@/{database}?host={configured['HOST']}",
        "BROKER_URL": valkey.broker_url,
        "CACHE_URL": valkey.cache_url,
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": str(port),
        "LOYALTY_MESSAGE_LEASE": "3",
        **env,
    }
    command = [sys.executable, "-m", "tests.faults.provider", str(port), str(letters), str(seconds), str(slow)]
    provider = Process(
        "provider", command, log=home.log / "provider.log", env=shared, cwd=ROOT, ready=lambda: answers(port)
    )
    valkey.start()
    try:
        with provider, uses_broker(valkey):
            assert provider.wait_ready(20)
            yield Post(home, valkey, provider, letters, shared)
    finally:
        valkey.stop()


@contextmanager
def uses_broker(valkey):
    """This process sends its wake-ups there."""
    before = settings.CACHES["default"]["LOCATION"], app.conf.broker_url
    settings.CACHES["default"]["LOCATION"] = valkey.cache_url
    app.conf.broker_write_url = app.conf.broker_url = valkey.broker_url
    forget_broker()
    try:
        yield
    finally:
        settings.CACHES["default"]["LOCATION"], app.conf.broker_url = before
        app.conf.broker_write_url = before[1]
        forget_broker()


def forget_broker():
    """As a process that has just started."""
    broker.valkey.cache_clear()
    broker._line.connection = None
    broker._line.closed_until = 0.0


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def join(count):
    """Members with an address; nobody is told."""
    accounts = Account.objects.bulk_create([Account() for _ in range(count)])
    members = Member.objects.bulk_create([Member(account=account) for account in accounts])
    Profile.objects.bulk_create([Profile(member=member, name="Ada", language="en") for member in members])
    Identity.objects.bulk_create(
        [Identity(member=member, kind="email", value=f"{member.pk}@example.com") for member in members]
    )
    return members


def enrolled(member):
    """Record that a member joined, in a transaction."""
    with transaction.atomic():
        outbox.record(
            "member.enrolled",
            account=member.account_id,
            payload={"member": str(member.pk)},
            occurred_at=clock.now(),
        )


def earned(member, points):
    """Record that a member earned points, in a transaction."""
    payload = {"member": str(member.pk), "sale": None, "entry": None, "points": points, "decision": None}
    with transaction.atomic():
        outbox.record("points.earned", account=member.account_id, payload=payload, occurred_at=clock.now())


def sell(members, count):
    """Facts one after the other, each in a transaction; how long each took, sorted."""
    took = []
    for n in range(count):
        started = time.perf_counter()
        earned(members[n % len(members)], n + 1)
        took.append(time.perf_counter() - started)
    return sorted(took)


def until_sent(members, seconds):
    """Wait until every fact of these members is handled and every letter to them is sent."""
    facts = Fact.objects.filter(account__in=[member.account_id for member in members])
    letters = Message.objects.filter(member__in=members, channel="email")

    def done():
        return not facts.filter(handled_at=None).exists() and not letters.exclude(status="sent").exists()

    assert facts.exists()
    assert wait_until(done, seconds), (outbox.waiting(), list(letters.values_list("status", "error")[:5]))
    assert letters.count() == facts.count()
