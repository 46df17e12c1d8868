"""Idempotency on the real calls: one sale, whatever is sent how often (FAULTS B1, B2, B4, B7, B9, B10)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from loyalty import books, clock, ledger, replies
from loyalty.models import Entry, StoredReply
from members import enrolment
from members.models import Sale
from tests.api.crowd import at_once
from tests.rewards.conftest import apply, sale


def enrol(name: str):
    return enrolment.enrol(name=name, email=f"{name.lower()}@example.com", actor="key:till")


@pytest.fixture
def shop(settings):
    """The real calls alone."""


def sold_to(member, **more):
    return sale(member={"id": str(member.pk)}, **more)


def available(member) -> int:
    member.account.refresh_from_db()
    return ledger.balance(member.account)["available"]


def test_b1_a_hundred_sends_of_one_sale_are_one_sale(committed, till):
    apply()
    ada = enrol("Ada")
    body = sold_to(ada)
    answers = at_once(lambda _: till.post("/api/v1/sales", body, key="same"), times=100, workers=5)
    assert {(reply.status_code, reply["Content-Type"]) for reply in answers} == {(201, "application/json")}
    assert len({reply.content for reply in answers}) == 1
    assert Sale.objects.count() == 1 and Entry.objects.count() == 1 and available(ada) == 19
    assert books.check().problems == []


def test_b10_under_a_hundred_keys_one_receipt_is_one_sale(committed, till):
    """A till that was set up anew sends its receipts under fresh keys, five at a time."""
    apply()
    ada = enrol("Ada")
    body = sold_to(ada)
    answers = at_once(lambda number: till.post("/api/v1/sales", body, key=f"k{number}"), times=100, workers=5)
    statuses = [reply.status_code for reply in answers]
    assert statuses.count(201) == 1 and statuses.count(409) == 99
    first = next(reply for reply in answers if reply.status_code == 201).json()["id"]
    refusals = [reply.json() for reply in answers if reply.status_code == 409]
    assert {(problem["code"], problem["sale"]) for problem in refusals} == {("duplicate_receipt", first)}
    assert Sale.objects.count() == 1 and available(ada) == 19
    assert books.check().problems == []


@pytest.mark.django_db
@pytest.mark.parametrize("other", [{"total": "20.99"}, {"store": "harbour"}, {"member": None}])
def test_b2_the_same_key_for_another_sale_has_no_effect(till, other):
    apply()
    ada, ben = enrol("Ada"), enrol("Ben")
    till.post("/api/v1/sales", sold_to(ada), key="k")
    changed = {**sold_to(ada), **other} if "member" not in other else sold_to(ben)
    reply = till.post("/api/v1/sales", changed, key="k")
    assert reply.status_code == 422 and reply.json()["code"] == "idempotency_key_reused"
    assert Sale.objects.count() == 1 and (available(ada), available(ben)) == (19, 0)


@pytest.mark.django_db
def test_b4_the_key_of_a_sale_does_not_redeem(till):
    apply()
    ada = enrol("Ada")
    till.post("/api/v1/sales", sold_to(ada), key="k")
    reply = till.post("/api/v1/redemptions", {"member": {"id": str(ada.pk)}, "points": 5}, key="k")
    assert reply.status_code == 422 and reply.json()["code"] == "idempotency_key_reused"
    assert available(ada) == 19


@pytest.mark.django_db
def test_b7_a_refused_redemption_stays_refused_under_its_key(till):
    apply()
    ada = enrol("Ada")
    wish = {"member": {"id": str(ada.pk)}, "points": 10}
    first = till.post("/api/v1/redemptions", wish, key="k")
    assert first.status_code == 409 and first.json()["code"] == "insufficient_points"
    till.post("/api/v1/sales", sold_to(ada))
    assert till.post("/api/v1/redemptions", wish, key="k").content == first.content
    assert available(ada) == 19
    assert till.post("/api/v1/redemptions", wish, key="k2").status_code == 201
    assert available(ada) == 9


@pytest.mark.django_db
def test_b9_after_the_key_is_forgotten_the_receipt_still_stops_a_second_sale(till):
    apply()
    ada = enrol("Ada")
    first = till.post("/api/v1/sales", sold_to(ada), key="k").json()
    assert replies.drop_old(now=clock.now() + timedelta(days=32)) == 1
    again = till.post("/api/v1/sales", sold_to(ada), key="k")
    assert again.status_code == 409 and again.json()["code"] == "duplicate_receipt"
    assert again.json()["sale"] == first["id"]
    assert Sale.objects.count() == 1 and available(ada) == 19


@pytest.mark.django_db
def test_the_reply_of_a_sale_is_kept_under_its_member_without_personal_data(till):
    apply()
    ada = enrol("Ada")
    till.post("/api/v1/sales", sold_to(ada), key="k")
    kept = StoredReply.objects.get()
    assert kept.member == ada.pk and b"Ada" not in bytes(kept.body) and b"example.com" not in bytes(kept.body)


@pytest.mark.django_db
def test_sums_beyond_what_can_be_kept_are_400_not_500(till):
    apply()
    lines = [{"amount": "999999999999.99"}] * 500
    reply = till.post("/api/v1/sales", {**sale(), "lines": lines, "total": "499999999999995.00"})
    assert reply.status_code in (400, 422), reply.content
    assert not Sale.objects.exists()
