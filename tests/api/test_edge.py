"""The walk through the edge, end to end."""

import pytest

from loyalty.models import Account, StoredReply

pytestmark = pytest.mark.django_db
PATH = "/api/v1/test/accounts"


def test_a_call_is_done_once_and_its_reply_given_again(till):
    replies = [till.post(PATH, {"points": 5}, key="k1") for _ in range(2)]
    assert [reply.status_code for reply in replies] == [201, 201]
    assert replies[0].content == replies[1].content
    assert Account.objects.count() == 1 and StoredReply.objects.count() == 1
    assert "Idempotency-Replayed" not in replies[0].headers and replies[1]["Idempotency-Replayed"] == "true"


def test_without_a_key_nobody_gets_in(till):
    till.token = None
    reply = till.post(PATH, {"points": 5})
    assert reply.status_code == 401 and reply["Content-Type"] == "application/problem+json"
    assert reply.json()["code"] == "unauthenticated"
    assert Account.objects.count() == 0


def test_an_unknown_address_is_a_problem(till):
    reply = till.get("/api/v1/nothing")
    assert reply.status_code == 404 and reply.json()["code"] == "not_found"
