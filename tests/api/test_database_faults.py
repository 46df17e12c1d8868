"""What the database does to us becomes 503, never 500 (FAULTS A5, A6, C8, C9)."""

from __future__ import annotations

import os

import psycopg
import pytest
from django.db import connection

from loyalty.models import Account, StoredReply
from tests.api import shop as calls
from tests.conftest import OWNER

PATH = "/api/v1/test/accounts"
BODY = {"points": 5}


def raise_sqlstate(code: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'planted' USING ERRCODE = '{code}'; END $$")


@pytest.fixture
def fail(monkeypatch):
    """Makes the work fail with a sqlstate, so many times; returns the list of tries."""

    def plant(code: str, times: int) -> list[int]:
        tries: list[int] = []

        def hook(_) -> None:
            tries.append(len(tries))
            if len(tries) <= times:
                raise_sqlstate(code)

        monkeypatch.setitem(calls.HOOKS, "post", hook)
        return tries

    return plant


@pytest.mark.parametrize("code", ["40001", "40P01", "23505"])
def test_a5_the_whole_transaction_is_tried_again(committed, till, fail, code):
    tries = fail(code, 2)
    assert till.post(PATH, BODY, key="k").status_code == 201
    assert len(tries) == 3 and Account.objects.count() == 1


@pytest.mark.parametrize("code", ["40001", "40P01"])
def test_a5_after_three_tries_it_is_503_and_the_key_is_free(committed, till, fail, code):
    tries = fail(code, 3)
    reply = till.post(PATH, BODY, key="k")
    assert reply.status_code == 503 and reply.json()["code"] == "try_again" and reply["Retry-After"]
    assert len(tries) == 3 and Account.objects.count() == 0 and not StoredReply.objects.exists()
    assert till.post(PATH, BODY, key="k").status_code == 201


@pytest.mark.parametrize("code", ["53300", "53100", "57P03", "55P03", "57014", "25006"])
def test_a_database_that_cannot_now_is_503(committed, till, fail, code):
    fail(code, 1)
    reply = till.post(PATH, BODY, key="k")
    assert reply.status_code == 503 and reply["Retry-After"] and Account.objects.count() == 0
    assert till.post(PATH, BODY, key="k").status_code == 201


def test_a6_a_lock_held_elsewhere_is_503_within_the_lock_timeout(committed, till, monkeypatch):
    account = Account.objects.create()

    def wait_for_it(_) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '200ms'")
        Account.objects.select_for_update().get(pk=account.pk)

    monkeypatch.setitem(calls.HOOKS, "post", wait_for_it)
    with psycopg.connect(OWNER, dbname=committed) as other:
        other.execute("SELECT 1 FROM loyalty_account FOR UPDATE")
        reply = till.post(PATH, BODY)
    assert reply.status_code == 503 and reply.json()["code"] == "try_again"
    assert Account.objects.count() == 1


def kill_backends(database: str) -> None:
    with psycopg.connect(os.environ["DATABASE_URL"], dbname="postgres", autocommit=True) as same_role:
        same_role.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND usename = current_user",
            [database],
        )


def test_c9_a_connection_that_died_while_idle_costs_no_request(committed, till):
    assert till.post(PATH, BODY).status_code == 201
    kill_backends(committed)
    assert till.post(PATH, BODY).status_code == 201


def test_c9_a_connection_that_dies_at_work_is_503_once(committed, till, monkeypatch):
    monkeypatch.setitem(calls.HOOKS, "post", lambda _: (kill_backends(committed), Account.objects.count()))
    reply = till.post(PATH, BODY, key="k")
    assert reply.status_code == 503 and reply["Retry-After"]
    calls.HOOKS.clear()
    assert till.post(PATH, BODY, key="k").status_code == 201
    assert Account.objects.count() == 1


def test_c8_no_connection_to_be_had_is_503(committed, till):
    with psycopg.connect(OWNER, dbname="postgres", autocommit=True) as owner:
        owner.execute(f"ALTER DATABASE {committed} CONNECTION LIMIT 0")
    connection.close()
    reply = till.post(PATH, BODY, key="k")
    assert reply.status_code == 503 and reply["Retry-After"] and reply.json()["code"] == "try_again"
    with psycopg.connect(OWNER, dbname="postgres", autocommit=True) as owner:
        owner.execute(f"ALTER DATABASE {committed} CONNECTION LIMIT -1")
    assert till.post(PATH, BODY, key="k").status_code == 201
