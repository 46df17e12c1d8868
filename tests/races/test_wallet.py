"""A wallet that is read while points move is of one instant."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections, transaction

from loyalty import clock, ledger, policies
from loyalty.models import Kind
from members import enrolment, locks
from tests.api.conftest import Sender, fresh_limits, make_key  # noqa: F401  (fixtures)
from tests.members.conftest import PROGRAMME


@pytest.fixture
def shop(committed, make_key) -> Sender:  # noqa: F811
    policies.apply(document=PROGRAMME, actor="test", valid_from=datetime(2020, 1, 1, tzinfo=UTC))
    return Sender(make_key("shop", ("members:read",)))


def test_what_expires_adds_up_to_what_is_available_while_points_come_and_go(shop):
    ada = enrolment.enrol(email="ada@example.com", actor="test")
    done = threading.Event()

    def earn_and_spend() -> None:
        try:
            for turn in range(60):
                with transaction.atomic():
                    account, soon = locks.lock(id=ada.pk).account, clock.now() + timedelta(milliseconds=20)
                    earned = {"kind": Kind.EARN, "house": "issued", "points": 12}
                    grants = [ledger.Grant(5, clock.now(), soon), ledger.Grant(7, clock.now(), None)]
                    ledger.post(account=account, reference=f"earn:{turn}", actor="test", grants=grants, **earned)
                with transaction.atomic():
                    account = locks.lock(id=ada.pk).account
                    spent = {"kind": Kind.REDEEM, "house": "redeemed", "points": -4}
                    ledger.post(account=account, reference=f"spend:{turn}", actor="test", **spent)
        finally:
            done.set()
            connections.close_all()

    worker = threading.Thread(target=earn_and_spend)
    worker.start()
    read = 0
    try:
        while not done.is_set():
            reply = shop.get(f"/api/v1/members/{ada.pk}/wallet")
            assert reply.status_code == 200
            body = reply.json()
            assert sum(row["points"] for row in body["expiring"]) == body["balance"]["available"]
            read += 1
    finally:
        worker.join()
    assert read > 5
