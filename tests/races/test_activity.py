"""Activities under fire: one kind and reference is one fact, whoever sends it; occasions are answered once."""

from __future__ import annotations

from functools import partial

import pytest

from loyalty import outbox
from loyalty.api import auth
from loyalty.models import Entry
from members import enrolment
from members.models import Activity, Member
from rewards import birthdays, occasions
from tests.rewards.conftest import PROGRAMME, apply, balance
from tests.size import by_size

from .crowd import assert_books_balance, at_once, post, served

BIKE = {"code": "cycling", "trigger": "activity:bike_visit", "kind": "fixed", "points": 20}
WELCOME = {"code": "welcome", "trigger": "member.enrolled", "kind": "fixed", "points": 200}


@pytest.fixture
def people(committed) -> tuple[Member, Member]:
    apply(rules=[*PROGRAMME["rules"], BIKE, WELCOME])
    ada = enrolment.enrol(email="ada@example.com", actor="test")
    return ada, enrolment.enrol(email="ben@example.com", actor="test")


def test_one_reference_sent_at_once_for_two_members_is_one_activity(people):
    ada, ben = people
    token = auth.issue(name="sensor", scopes=["activity"])[1]
    with served() as address:
        for round_ in range(by_size(3, 10, 50)):
            bodies = [
                {"kind": "bike_visit", "reference": f"V-{round_}", "member": {"id": str(who.pk)}} for who in (ada, ben)
            ] * 4
            replies = at_once([partial(post, address, token, "/api/v1/activity", body) for body in bodies])
            results = [reply["results"][0] for status, reply in replies if status == 200]
            assert sorted(one["status"] for one in results) == ["applied"] + ["refused"] * 4 + ["replayed"] * 3, replies
            assert {one["problem"]["code"] for one in results if "problem" in one} == {"duplicate_activity"}
    assert Activity.objects.count() == round_ + 1
    assert balance(ada)["total"] + balance(ben)["total"] == 20 * (round_ + 1)
    assert_books_balance()


def test_occasions_that_many_answer_at_once_are_answered_once(people):
    outbox.drain()
    found = at_once([occasions.answer_due] * 4 + [birthdays.note_all] * 2)
    assert all(isinstance(one, int) for one in found), found
    assert (Entry.objects.count(), [balance(who)["total"] for who in people]) == (2, [200, 200])
    assert_books_balance()
