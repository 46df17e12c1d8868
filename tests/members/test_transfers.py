"""Points from one member to another: dates travel along, both sides see it, nobody's tier moves."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from loyalty import books, clock, ledger, outbox, statements
from loyalty.errors import InsufficientPoints, MemberClosed, MemberNotFound
from loyalty.ids import uuid7
from loyalty.ledger import Grant, House
from loyalty.models import Entry, Fact, Kind, Lot
from members import enrolment, locks, transfers
from members.models import Member, Message, Profile, TierChange, Transfer
from tests.api.conftest import Sender, fresh_limits, make_key  # noqa: F401  (fixtures)
from tests.rewards.conftest import apply

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def people():
    apply()
    yield [enrolment.enrol(name=name, email=f"{name}@example.com", actor="test") for name in ("ada", "ben")]
    assert books.check().problems == []


def give(member, points, *, lives=None, pending=0, kind=Kind.ADJUST):
    now = clock.now()
    start = now + pending * DAY
    ledger.post(
        account=locks.lock(id=member.pk).account,
        kind=kind,
        house=House.ADJUSTED,
        points=points,
        reference=f"adjust:{uuid7()}",
        actor="test",
        grants=[Grant(points, start, None if lives is None else start + lives * DAY)],
    )


def owe(member, points):
    ledger.post(
        account=locks.lock(id=member.pk).account,
        kind=Kind.ADJUST,
        house=House.ADJUSTED,
        points=-points,
        reference=f"adjust:{uuid7()}",
        actor="test",
        allow_debt=True,
    )


def send(sender, receiver, points):
    return transfers.transfer(sender=sender.pk, receiver=receiver.pk, points=points, actor="test")


def wallet(member):
    return [(row.expires_at, row.points) for row in statements.wallet(member.account_id).expiring]


def test_what_expires_first_goes_first_and_keeps_its_date(people):
    ada, ben = people
    for points, lives in ((100, 30), (50, 10), (70, None)):
        give(ada, points, lives=lives)
    dates = dict.fromkeys(date for date, _ in wallet(ada))
    soon, later, never = dates
    made = send(ada, ben, 120)
    assert wallet(ben) == [(soon, 50), (later, 70)]
    assert wallet(ada) == [(later, 30), (never, 70)]
    assert (made.sender["total"], made.receiver["total"]) == (100, 120)
    back = send(ben, ada, 120)
    assert wallet(ada) == [(soon, 50), (later, 100), (never, 70)]
    assert back.receiver["total"] == 220


def test_both_entries_go_through_in_transit_and_are_one_row(people):
    ada, ben = people
    give(ada, 10)
    made = send(ada, ben, 10).transfer
    out, into = Entry.objects.get(pk=made.out_id), Entry.objects.get(pk=made.into_id)
    assert (out.kind, out.house, out.points, out.reference) == (
        "transfer_out",
        "in_transit",
        -10,
        f"transfer:{made.pk}:out",
    )
    assert (into.kind, into.house, into.points, into.reference) == (
        "transfer_in",
        "in_transit",
        10,
        f"transfer:{made.pk}:in",
    )
    assert {fact.name: fact.payload["member"] for fact in Fact.objects.filter(name__startswith="points.")} == {
        "points.sent": str(ada.pk),
        "points.received": str(ben.pk),
    }


def test_only_available_points_can_be_sent(people):
    ada, ben = people
    give(ada, 100, pending=7)
    give(ada, 30)
    with pytest.raises(InsufficientPoints) as refused:
        send(ada, ben, 31)
    assert refused.value.extra == {"needed": 31, "available": 30}
    ledger.hold(account=locks.lock(id=ada.pk).account, points=30, reference="h", expires_at=clock.now() + DAY)
    with pytest.raises(InsufficientPoints):
        send(ada, ben, 1)
    assert Transfer.objects.count() == 0


def test_who_owes_points_sends_none_and_what_they_receive_pays_the_debt(people):
    ada, ben = people
    give(ada, 50, lives=5)
    owe(ben, 20)
    assert send(ada, ben, 30).receiver == {
        "total": 10, "available": 10, "pending": 0, "held": 0, "debt": 0, "sequence": 2,
    }  # fmt: skip
    owe(ada, 100)
    with pytest.raises(InsufficientPoints):
        send(ada, ben, 1)


def test_it_counts_for_nobodys_tier_and_not_as_earned(people):
    ada, ben = people
    give(ada, 500)
    send(ada, ben, 500)
    assert TierChange.objects.filter(after__gt="").exclude(before="").count() == 0
    assert ledger.current(ben.account_id).lifetime_earned == 0


def test_not_to_oneself_not_to_the_closed_not_to_nobody(people):
    ada, ben = people
    give(ada, 10)
    with pytest.raises(transfers.TransferToItself):
        send(ada, ada, 1)
    with pytest.raises(MemberNotFound):
        transfers.transfer(sender=ada.pk, receiver=uuid7(), points=1, actor="test")
    Member.objects.filter(pk=ben.pk).update(status=Member.Status.CLOSED)
    with pytest.raises(MemberClosed):
        send(ada, ben, 1)
    with pytest.raises(IntegrityError), transaction.atomic():
        Transfer.objects.create(sender=ada, receiver=ada, points=1, actor="test", out_id=uuid7(), into_id=uuid7())
    assert ledger.current(ada.account_id).total == 10


def test_points_past_their_date_are_written_off_before_anything_is_sent(people):
    ada, ben = people
    give(ada, 10, lives=0)
    with pytest.raises(InsufficientPoints):
        send(ada, ben, 1)
    assert Lot.objects.filter(remaining__gt=0).count() == 0


@pytest.mark.parametrize("language", ["en", "ja"])
def test_both_are_told_once(people, language):
    ada, ben = people
    Profile.objects.update(language=language)
    give(ada, 1_500)
    send(ada, ben, 1_200)
    outbox.drain()
    outbox.drain()
    told = {
        message.member_id: message.text
        for message in Message.objects.filter(channel="inbox", code__startswith="points-")
    }
    assert Message.objects.filter(channel="inbox", code__startswith="points-").count() == len(told) == 2
    assert "1,200" in told[ada.pk] and "300" in told[ada.pk]
    assert "1,200" in told[ben.pk]
    assert {"en": "keep the dates", "ja": "引き継がれます"}[language] in told[ben.pk]


@pytest.fixture
def shop(make_key) -> Sender:  # noqa: F811
    return Sender(make_key("shop", ("manage",)))


def test_the_call_answers_ids_and_balances_and_names_what_it_refuses(people, shop):
    ada, _ben = people
    give(ada, 100)
    body = {"from": {"id": str(ada.pk)}, "to": {"email": "ben@example.com"}, "points": 40}
    made = shop.post("/api/v1/transfers", body).json()
    assert (made["from"]["total"], made["to"]["total"]) == (60, 40)
    assert {str(entry) for entry in Entry.objects.filter(kind__startswith="transfer").values_list("pk", flat=True)} == {
        made["out"],
        made["in"],
    }
    for change, status, code in [
        ({"to": {"id": str(ada.pk)}}, 422, "transfer_to_itself"),
        ({"to": {"email": "nobody@example.com"}}, 422, "member_not_found"),
        ({"points": 61}, 409, "insufficient_points"),
        ({"points": 0}, 400, "out_of_range"),
        ({"points": -5}, 400, "out_of_range"),
        ({"from": {}}, 400, "required"),
    ]:
        answer = shop.post("/api/v1/transfers", body | change)
        assert (answer.status_code, answer.json()["code"]) == (status, code), change
    assert Transfer.objects.count() == 1
