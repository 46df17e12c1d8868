"""One key, one effect, one answer (FAULTS B). Rows B9 and B10 are in tests/api/test_natural_keys.py."""

from __future__ import annotations

import threading
import time

import psycopg
import pytest
from django.db import connection

from loyalty import replies
from loyalty.api import auth, idempotency
from loyalty.errors import InsufficientPoints
from loyalty.ids import uuid7
from loyalty.models import Account, StoredReply
from tests.api import shop as calls
from tests.api.conftest import Sender
from tests.api.crowd import at_once
from tests.conftest import OWNER

PATH = "/api/v1/test/accounts"
BODY = {"points": 5}


@pytest.fixture
def inside(monkeypatch):
    """Lets a test do something inside the work."""

    def put(hook) -> None:
        monkeypatch.setitem(calls.HOOKS, "post", hook)

    return put


@pytest.fixture
def without_protection(monkeypatch, committed):
    """The control: neither lock nor unique constraint."""
    with psycopg.connect(OWNER, dbname=committed, autocommit=True) as owner:
        owner.execute("DROP INDEX stored_reply_once")
    monkeypatch.setattr(
        idempotency,
        "_ENTER",
        """SELECT %s::bigint IS NOT NULL, r.fingerprint, r.status, r.content_type, r.body FROM (SELECT 1) AS one
           LEFT JOIN loyalty_storedreply r ON r.client_id = %s AND r.key = %s LIMIT 1""",
    )


def send_100_times(till: Sender) -> set[tuple[int, str, bytes]]:
    replies = at_once(lambda _: till.post(PATH, BODY, key="same"), times=100, workers=5)
    return {(reply.status_code, reply["Content-Type"], reply.content) for reply in replies}


def test_b1_a_hundred_sends_have_one_effect_and_identical_bytes(committed, till, inside):
    inside(lambda _: time.sleep(0.02))
    answers = send_100_times(till)
    assert len(answers) == 1 and next(iter(answers))[0] == 201
    assert Account.objects.count() == 1 and StoredReply.objects.count() == 1


def test_b1_control_without_lock_and_constraint_it_fails(committed, till, inside, without_protection):
    inside(lambda _: time.sleep(0.2))
    send_100_times(till)
    assert Account.objects.count() > 1


def test_b1_the_unique_constraint_alone_keeps_the_promise(committed, till, inside, monkeypatch):
    unlocked = idempotency._ENTER.replace("pg_try_advisory_xact_lock(%s)", "%s::bigint IS NOT NULL")
    monkeypatch.setattr(idempotency, "_ENTER", unlocked)
    inside(lambda _: time.sleep(0.02))
    assert len(send_100_times(till)) == 1
    assert Account.objects.count() == 1


def test_b1_a_rival_waits_and_then_gets_the_same_bytes(committed, till, inside):
    inside(lambda _: time.sleep(0.6))
    first, second = at_once(lambda _: till.post(PATH, BODY, key="same"), times=2, workers=2)
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert {first.get("Idempotency-Replayed"), second.get("Idempotency-Replayed")} == {None, "true"}


def test_b1_a_rival_that_waits_too_long_is_told_to_come_back(committed, till, inside, monkeypatch):
    monkeypatch.setattr(idempotency, "WAIT_SECONDS", 1)
    entered, go_on = threading.Event(), threading.Event()

    def hold(_) -> None:
        entered.set()
        go_on.wait(20)

    inside(hold)

    def send(number: int):
        if number == 0:
            return till.post(PATH, BODY, key="same")
        entered.wait(10)
        began = time.monotonic()
        reply = till.post(PATH, BODY, key="same")
        waited = time.monotonic() - began
        go_on.set()
        return reply, waited

    first, (rival, waited) = at_once(send, times=2, workers=2)
    assert rival.status_code == 409 and rival.json()["code"] == "in_progress"
    assert rival["Retry-After"] == "1" and 0.9 < waited < 5
    later = till.post(PATH, BODY, key="same")
    assert (later.status_code, later.content) == (first.status_code, first.content)
    assert Account.objects.count() == 1


def test_b1_refusals_under_parallel_fire_are_one_answer_too(committed, till, inside):
    """The first tries are refused, later ones would succeed: whatever is stored first is the answer of all."""
    for number in range(5):
        tries = iter(range(1000))

        def refuse_at_first(_, tries=tries) -> None:
            time.sleep(0.01)
            if next(tries) < 2:
                raise InsufficientPoints(needed=5, available=0)

        inside(refuse_at_first)
        before = Account.objects.count()
        answers = {
            (reply.status_code, reply.content)
            for reply in at_once(lambda _: till.post(PATH, BODY, key=f"k{number}"), times=10, workers=5)  # noqa: B023
        }
        assert len(answers) == 1
        made = Account.objects.count() - before
        assert made == (1 if next(iter(answers))[0] == 201 else 0)


@pytest.mark.django_db
@pytest.mark.parametrize("other", [{"points": 6}, {"points": 5, "note": "x"}, {"points": 5, "store": "main"}])
def test_b2_the_same_key_with_another_body_is_refused(till, other):
    till.post(PATH, BODY, key="k")
    reply = till.post(PATH, other, key="k")
    assert reply.status_code == 422 and reply.json()["code"] == "idempotency_key_reused"
    assert Account.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("raw", [b'{"points":5}', b'{"points": 5 }', b'{"points": 5}\n'])
def test_b3_only_identical_bytes_are_the_same_request(till, raw):
    till.post(PATH, raw=b'{"points": 5}', key="k")
    assert till.post(PATH, raw=raw, key="k").json()["code"] == "idempotency_key_reused"


@pytest.mark.django_db
def test_b4_the_same_key_at_another_address_is_refused(till):
    till.post(PATH, BODY, key="k")
    assert till.post("/api/v1/test/gathered", BODY, key="k").json()["code"] == "idempotency_key_reused"


@pytest.mark.django_db
def test_b7_a_refusal_is_replayed_and_a_new_key_succeeds(till, inside):
    def refuse(_) -> None:
        raise InsufficientPoints("This needs 5 points; 0 are available.", needed=5, available=0)

    inside(refuse)
    first = till.post(PATH, BODY, key="k")
    assert first.status_code == 409 and Account.objects.count() == 0
    assert (first.json()["needed"], first.json()["available"]) == (5, 0)
    calls.HOOKS.clear()
    again = till.post(PATH, BODY, key="k")
    assert (again.status_code, again["Content-Type"], again.content) == (
        409,
        "application/problem+json",
        first.content,
    )
    assert till.post(PATH, BODY, key="k2").status_code == 201


@pytest.mark.django_db
def test_b8_after_a_crash_the_key_runs_afresh(till, inside):
    def crash(_) -> None:
        raise RuntimeError("Ada ada@example.com")

    inside(crash)
    crashed = till.post(PATH, BODY, key="k")
    assert crashed.status_code == 500 and Account.objects.count() == 0 and not StoredReply.objects.exists()
    assert crashed.json()["code"] == "internal_error" and "Ada" not in crashed.content.decode()
    calls.HOOKS.clear()
    assert till.post(PATH, BODY, key="k").status_code == 201


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body", [{"points": 0}, {"points": 5, "lines": [{"amount": "1.999"}]}, {"points": 5, "what": 1}]
)
def test_what_is_wrong_in_itself_is_not_stored(till, body):
    assert till.post(PATH, body, key="k").status_code == 400
    assert not StoredReply.objects.exists() and not Account.objects.exists()
    assert till.post(PATH, BODY, key="k").status_code == 201


@pytest.mark.django_db
def test_authentication_and_scope_come_before_the_stored_reply(till, make_key):
    till.post(PATH, BODY, key="k")
    weak = Sender(make_key(scopes=("activity",)))
    assert weak.post(PATH, BODY, key="k").json()["code"] == "insufficient_scope"
    assert Sender(None).post(PATH, BODY, key="k").json()["code"] == "unauthenticated"


@pytest.mark.django_db
def test_keys_of_one_client_share_their_idempotency_keys_and_clients_do_not(till, make_key):
    first = till.post(PATH, BODY, key="k")
    assert Sender(make_key("till")).post(PATH, BODY, key="k").content == first.content
    assert Sender(make_key("another")).post(PATH, BODY, key="k").content != first.content
    assert Account.objects.count() == 2


@pytest.mark.django_db
def test_a_stored_reply_about_an_erased_member_is_gone(till):
    member = uuid7()
    till.post(PATH, {"points": 5, "member": str(member)}, key="k")
    assert StoredReply.objects.get().member == member
    assert replies.forget(member=member) == 1
    reply = till.post(PATH, {"points": 5, "member": str(member)}, key="k")
    assert reply.status_code == 410 and reply.json()["code"] == "member_erased"
    assert Account.objects.count() == 1


@pytest.mark.django_db
def test_work_and_reply_can_be_one_statement(till, django_assert_num_queries):
    first = till.post("/api/v1/test/gathered", BODY, key="k")
    assert first.status_code == 201
    assert till.post("/api/v1/test/gathered", BODY, key="k").content == first.content
    assert Account.objects.count() == 1
    with django_assert_num_queries(5):  # key, SAVEPOINT, lock and look-up, writes, RELEASE
        till.post("/api/v1/test/gathered", BODY)


def test_gathered_work_keeps_the_promise_under_parallel_fire(committed, till):
    answers = {
        reply.content
        for reply in at_once(lambda _: till.post("/api/v1/test/gathered", BODY, key="same"), times=40, workers=5)
    }
    assert len(answers) == 1 and Account.objects.count() == 1


@pytest.mark.django_db
def test_old_replies_are_dropped_and_recent_ones_kept(till):
    till.post(PATH, BODY, key="k")
    reply = StoredReply.objects.get()
    assert replies.drop_old(now=reply.created_at) == 0
    assert replies.drop_old(now=reply.created_at.replace(year=reply.created_at.year + 1)) == 1


def test_the_work_is_undone_with_its_reply(committed, till, inside):
    """Work and reply commit together: where the reply cannot be stored, neither is the work."""
    with psycopg.connect(OWNER, dbname=committed, autocommit=True) as owner:
        owner.execute("ALTER TABLE loyalty_storedreply ADD CHECK (key <> 'bad')")
    assert till.post(PATH, BODY, key="bad").status_code == 500
    assert Account.objects.count() == 0
    assert auth.SCOPES and not connection.in_atomic_block
