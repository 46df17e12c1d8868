"""A refusal of an operation is a decision about its member: stored once, told in the reply, and read like any other."""

import pytest

from loyalty import books
from loyalty.api import auth
from loyalty.models import Decision, Entry
from members.models import Member

from .conftest import Till, apply, sale, settings_with


@pytest.fixture
def reader(db):
    return Till(auth.issue(name="reader", scopes=["members:read"])[1])


def refusals(member=None):
    found = Decision.objects.filter(kind="refusal", **({"account": member.account_id} if member else {}))
    return list(found.order_by("decided_at"))


def test_a_receipt_reported_twice_says_so_and_why_can_be_read(till, ada, reader):
    first = till.sell("10.00", "R-1").json()
    reply = till.sell("10.00", "R-1")
    problem = reply.json()
    assert (reply.status_code, problem["code"], problem["sale"]) == (409, "duplicate_receipt", first["id"])
    [decision] = refusals(ada)
    assert problem["decision"] == str(decision.pk)
    assert reader.get(f"/api/v1/decisions/{decision.pk}").json() == {
        "id": str(decision.pk),
        "kind": "refusal",
        "programme_version": decision.programme_version,
        "points": 0,
        "operation": "sale",
        "code": "duplicate_receipt",
        "reference": "R-1",
        "store": "main",
        "sale": first["id"],
    }
    assert Entry.objects.count() == 1


def test_the_same_request_again_is_answered_byte_for_byte_and_decides_nothing(till, ada):
    apply(settings=settings_with(earning={"late_days": 1}))
    body = sale("10.00", member={"id": str(ada.pk)}, occurred_at="2020-01-01T00:00:00Z")
    replies = [till.post("/api/v1/sales", body, key="one") for _ in range(3)]
    assert {(reply.status_code, reply.content) for reply in replies} == {(422, replies[0].content)}
    assert [decision.body["code"] for decision in refusals(ada)] == ["too_old"]


def test_of_nobody_there_is_nothing_to_explain(till, ada):
    till.member = None
    assert till.sell("10.00", currency="JPY").status_code == 422
    assert till.sell("10.00", member={"email": "nobody@example.com"}).status_code == 422
    assert refusals() == []


def test_what_was_not_understood_is_no_decision(till, ada):
    assert till.sell("ten").status_code == 400
    assert till.sell("10.00", lines=[{"amount": "10.00", "line": 1}, {"amount": "0", "line": 1}]).status_code == 400
    assert refusals() == []


def test_a_closed_membership_and_missing_points_are_decisions_too(till, ada):
    reply = till.redeem(50)
    assert (reply.status_code, reply.json()["code"]) == (409, "insufficient_points")
    Member.objects.update(status=Member.Status.CLOSED)
    assert till.sell("10.00").json()["code"] == "member_closed"
    assert [(one.body["operation"], one.body["code"]) for one in refusals(ada)] == [
        ("redemption", "insufficient_points"),
        ("sale", "member_closed"),
    ]
    assert (refusals(ada)[0].body["needed"], refusals(ada)[0].body["available"]) == (50, 0)
    assert books.check().problems == []


def test_a_quote_writes_no_refusal(till, ada):
    assert till.quote("10.00", currency="JPY").status_code == 422
    assert refusals() == []
