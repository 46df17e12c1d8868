"""Limits are exact, and a shop goes on selling without Valkey (FAULTS C5, G7, T11)."""

from __future__ import annotations

import time

import pytest
from django.test import Client
from structlog.testing import capture_logs

from loyalty import limits, peers
from loyalty.models import Account
from tests.api.conftest import Sender
from tests.api.crowd import at_once

PATH = "/api/v1/test/accounts"


def of_200_parallel_tries(till):
    return at_once(lambda _: till.post(PATH, {"points": 1}), times=200, workers=8)


def test_t11_of_200_parallel_tries_exactly_the_limit_is_served(committed, till, settings):
    settings.LOYALTY_KEY_LIMIT_PER_MINUTE = 50
    replies = of_200_parallel_tries(till)
    statuses = [reply.status_code for reply in replies]
    assert statuses.count(201) == 50 and statuses.count(429) == 150
    assert Account.objects.count() == 50
    refused = next(reply for reply in replies if reply.status_code == 429)
    assert refused.json()["code"] == "too_many_requests" and 1 <= int(refused["Retry-After"]) <= 60


def test_t11_control_where_reading_and_counting_are_two_steps_more_is_served(committed, till, settings, monkeypatch):
    def count(name: str, *, limit: int, seconds: int) -> int:
        with limits.client() as valkey:
            tries = int(valkey.get(f"limit:{name}") or 0)
            time.sleep(0.001)  # another machine's answer takes longer
            valkey.set(f"limit:{name}", tries + 1, ex=seconds)
        return 0 if tries < limit else 1000

    monkeypatch.setattr(limits, "count", count)
    settings.LOYALTY_KEY_LIMIT_PER_MINUTE = 50
    statuses = [reply.status_code for reply in of_200_parallel_tries(till)]
    assert statuses.count(201) > 50
    assert Account.objects.count() > 50


@pytest.mark.django_db
def test_a_window_ends(settings):
    assert [limits.count("x", limit=2, seconds=1) > 0 for _ in range(3)] == [False, False, True]
    time.sleep(1.05)
    assert limits.count("x", limit=2, seconds=1) == 0


@pytest.mark.django_db
def test_keys_have_their_own_limits_and_429_is_not_stored(till, make_key, settings):
    settings.LOYALTY_KEY_LIMIT_PER_MINUTE = 1
    assert till.post(PATH, {"points": 1}).status_code == 201
    assert till.post(PATH, {"points": 1}, key="k").status_code == 429
    assert Sender(make_key("other")).post(PATH, {"points": 1}).status_code == 201
    settings.LOYALTY_KEY_LIMIT_PER_MINUTE = 100
    assert till.post(PATH, {"points": 1}, key="k").status_code == 201


@pytest.mark.django_db
def test_wrong_keys_are_limited_by_address_and_right_ones_beside_them_are_not(till, settings):
    settings.LOYALTY_FAILED_LIMIT_PER_MINUTE = 3
    statuses = [Client().get(PATH, headers={"X-Forwarded-For": f"198.51.100.{n}"}).status_code for n in range(6)]
    assert statuses == [401, 401, 401, 429, 429, 429]
    assert till.get(PATH).status_code == 200
    assert Client(REMOTE_ADDR="192.0.2.9").get(PATH).status_code == 401


@pytest.mark.parametrize(
    ("remote", "forwarded", "trusted", "expected"),
    [
        ("203.0.113.5", "1.1.1.1", [], "203.0.113.5"),
        ("10.0.0.1", "1.1.1.1", ["10.0.0.0/8"], "1.1.1.1"),
        ("10.0.0.1", "9.9.9.9, 1.1.1.1", ["10.0.0.0/8"], "1.1.1.1"),
        ("10.0.0.1", "9.9.9.9, 10.0.0.7", ["10.0.0.0/8"], "9.9.9.9"),
        ("203.0.113.5", "9.9.9.9", ["10.0.0.0/8"], "203.0.113.5"),
        ("10.0.0.1", "nonsense", ["10.0.0.0/8"], "nonsense"),
        ("2001:db8:1:2:3::4", "", [], "2001:db8:1:2::/64"),
    ],
)
def test_g7_forwarded_addresses_count_only_from_trusted_proxies(rf, settings, remote, forwarded, trusted, expected):
    settings.LOYALTY_TRUSTED_PROXIES = trusted
    request = rf.get("/", REMOTE_ADDR=remote, HTTP_X_FORWARDED_FOR=forwarded)
    assert peers.block(request) == expected


@pytest.mark.django_db
def test_a_connection_that_died_while_idle_is_replaced(till, settings):
    settings.LOYALTY_KEY_LIMIT_PER_MINUTE = 2
    statuses = []
    for _ in range(4):
        statuses.append(till.post(PATH, {"points": 1}).status_code)
        limits._link.connection._sock.close()
    assert statuses == [201, 201, 429, 429]


@pytest.fixture
def valkey_away(settings, monkeypatch):
    monkeypatch.setattr(limits, "_link", limits._Link())
    monkeypatch.setattr(limits, "_state", limits._State())
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "unix:///tmp/no-valkey-here.sock?db=1"}}


@pytest.mark.django_db
def test_c5_without_valkey_sales_go_on_unlimited_and_the_log_says_so(till, valkey_away, settings):
    settings.LOYALTY_KEY_LIMIT_PER_MINUTE = 2
    with capture_logs() as logs:
        began = time.monotonic()
        assert {till.post(PATH, {"points": 1}).status_code for _ in range(10)} == {201}
        assert time.monotonic() - began < 5
    said = [entry for entry in logs if entry["event"] == "limits_off"]
    assert said and len(said) < 10
