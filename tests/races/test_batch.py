"""Uploads that break off (FAULTS B11): whatever a till sends again and again, each sale counts once."""

from __future__ import annotations

import contextlib
import json
import random
import socket
from functools import partial

import pytest

from loyalty.api import auth
from loyalty.models import Entry
from members import enrolment
from members.models import Member, Sale
from tests.rewards.conftest import apply, balance
from tests.size import by_size

from .crowd import assert_books_balance, at_once, send, served

SALES, UPLOADS, MEMBERS = by_size(60, 200, 500), by_size(8, 12, 20), 30
PATH = "/api/v1/sales/batch"


@pytest.fixture
def people(committed) -> list[Member]:
    apply(tiers=[], rules=[{"code": "base", "kind": "per_amount", "points": 1, "per": "1"}])
    return [enrolment.enrol(name=f"Sample {n}", card=str(10_000 + n), actor="test") for n in range(MEMBERS)]


@pytest.fixture
def secret(people) -> str:
    return auth.issue(name="till", scopes=["sales"])[1]


def stored(people: list[Member], count: int) -> dict:
    """What a till has kept: sales of 10.00, one after the other."""
    items = [
        {
            "key": f"t3-{n}",
            "sequence": n,
            "kind": "sale",
            "sale": {
                "store": "main",
                "receipt": f"R-{n}",
                "member": {"id": str(people[n % len(people)].pk)},
                "total": "10.00",
                "lines": [{"sku": "LP", "amount": "10.00"}],
            },
        }
        for n in range(count)
    ]
    return {"device": "till-3", "items": items}


def cut_off(address: tuple[str, int], secret: str, body: bytes, chance: random.Random) -> None:
    """Send a part of the upload, or all of it and read a part of the answer; then the network is gone."""
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {secret}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    request = head + body
    with socket.create_connection(address, timeout=60) as wire:
        if chance.random() < 0.5:
            wire.sendall(request[: chance.randrange(len(request))])
            return
        wire.sendall(request)
        wire.settimeout(chance.uniform(0.01, 0.5))
        with contextlib.suppress(TimeoutError):
            wire.recv(chance.randint(1, 5_000))


def proved(people: list[Member], count: int) -> None:
    assert Sale.objects.count() == count
    assert Entry.objects.filter(kind="earn").count() == count
    assert sum(balance(member)["total"] for member in people) == 10 * count
    assert_books_balance()


def test_uploads_that_break_off_at_any_byte_count_each_sale_once(people, secret):
    body, chance = stored(people, SALES), random.Random(11)
    raw = json.dumps(body).encode()
    with served() as address:
        for _ in range(UPLOADS - 1):
            cut_off(address, secret, raw, chance)
        status, answer = send(address, secret, PATH, body)
    reply = json.loads(answer)
    assert (status, reply["applied"] + reply["replayed"], reply["refused"]) == (200, SALES, 0), reply
    proved(people, SALES)


def test_the_same_upload_from_four_sides_at_once(people, secret):
    body = stored(people, SALES)
    with served() as address:
        replies = at_once([partial(send, address, secret, PATH, body)] * 4)
        told = [json.loads(answer) for _, answer in replies]
        status, answer = send(address, secret, PATH, body)
    assert status == 200
    assert json.loads(answer)["replayed"] == SALES
    assert sum(one["applied"] for one in told) == SALES
    rivals = {result["problem"]["code"] for one in told for result in one["results"] if result["status"] == "refused"}
    assert rivals <= {"in_progress", "try_again"}
    proved(people, SALES)


def test_two_batches_and_single_sales_of_the_same_members_meet_no_deadlock(people, secret):
    forward, backward = stored(people, SALES), stored(people[::-1], SALES)
    for item in backward["items"]:
        item["key"], item["sale"]["receipt"] = f"b-{item['key']}", f"B-{item['sale']['receipt']}"
    with served() as address:
        replies = at_once([partial(send, address, secret, PATH, body) for body in (forward, backward)])
    told = [json.loads(answer) for _, answer in replies]
    assert [(one["applied"], one["refused"]) for one in told] == [(SALES, 0)] * 2
    proved(people, 2 * SALES)
