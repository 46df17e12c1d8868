"""Selling under fire (FAULTS B1, B10): one receipt earns once, whoever sends it how often."""

from __future__ import annotations

import json
from collections import Counter
from functools import partial

import pytest

from loyalty.api import auth
from loyalty.models import Entry
from members import enrolment
from members.models import Member, Sale
from tests.rewards.conftest import apply, balance, sale
from tests.size import by_size

from .crowd import assert_books_balance, at_once, post, send, served

SALES = "/api/v1/sales"


@pytest.fixture
def ada(committed) -> Member:
    apply()
    return enrolment.enrol(name="Ada", email="ada@example.com", actor="test")


@pytest.fixture
def token(ada) -> str:
    return auth.issue(name="till", scopes=["sales"])[1]


def test_one_sale_sent_100_times_has_one_effect_and_one_answer(ada, token):
    body = sale("19.99", member={"id": str(ada.pk)})
    earned = 0  # tiers multiply it after some rounds
    with served() as address:
        for round_ in range(by_size(1, 10, 100)):
            body["receipt"] = f"R-{round_}"
            results = []
            for _ in range(20):
                results += at_once([partial(send, address, token, SALES, body, key=f"k-{round_}")] * 5)
            answers = Counter(results)
            sold = [(status, raw) for status, raw in answers if status == 201]
            assert len(sold) == 1, answers
            assert all(json.loads(raw)["code"] == "in_progress" for status, raw in answers if status != 201)
            assert Entry.objects.filter(reference=f"sale:{json.loads(sold[0][1])['id']}").count() == 1
            assert Sale.objects.count() == round_ + 1
            earned += json.loads(sold[0][1])["points"]["earned"]
    assert balance(ada)["total"] == earned >= 19 * (round_ + 1)
    assert_books_balance()


@pytest.mark.parametrize("named", [True, False])
def test_one_receipt_under_many_keys_earns_once(ada, token, named):
    earned = 0
    with served() as address:
        for round_ in range(by_size(5, 10, 50)):
            body = sale("19.99", f"R-{round_}", **({"member": {"id": str(ada.pk)}} if named else {}))
            replies = at_once([partial(post, address, token, SALES, body)] * 8)
            won = [reply for status, reply in replies if status == 201]
            lost = [(status, reply["code"], reply["sale"]) for status, reply in replies if status != 201]
            assert len(won) == 1, replies
            assert lost == [(409, "duplicate_receipt", won[0]["id"])] * 7
            earned += won[0]["points"]["earned"]
    assert balance(ada)["total"] == earned >= (19 * (round_ + 1) if named else 0)
    assert_books_balance()


def test_one_receipt_of_two_members_earns_for_the_first(ada, token):
    ben = enrolment.enrol(name="Ben", email="ben@example.com", actor="test")
    earned = 0
    with served() as address:
        for round_ in range(by_size(5, 10, 50)):
            bodies = [sale("19.99", f"R-{round_}", member={"id": str(who.pk)}) for who in (ada, ben)] * 4
            replies = at_once([partial(post, address, token, SALES, body) for body in bodies])
            assert sorted(status for status, _ in replies) == [201] + [409] * 7, replies
            earned += sum(reply["points"]["earned"] for status, reply in replies if status == 201)
    assert balance(ada)["total"] + balance(ben)["total"] == earned >= 19 * (round_ + 1)
    assert_books_balance()


def test_many_tills_selling_to_one_member_lose_nothing(ada, token):
    tills, each = 8, by_size(5, 20, 100)

    def till(number: int, address) -> None:
        for turn in range(each):
            body = sale("7.50", f"R-{number}-{turn}", member={"id": str(ada.pk)})
            status, reply = post(address, token, SALES, body)
            assert status == 201, reply

    with served() as address:
        assert at_once([partial(till, number, address) for number in range(tills)]) == [None] * tills
    ada.refresh_from_db()
    assert (ada.purchases, ada.spend_minor) == (tills * each, tills * each * 750)
    found = balance(ada)
    assert (found["sequence"], found["total"]) == (
        tills * each,
        sum(Entry.objects.values_list("points", flat=True)),
    )
    assert_books_balance()
