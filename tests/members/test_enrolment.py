"""Joining: all of it or nothing, and nobody twice."""

from datetime import UTC, date, datetime

import pytest
from django.db import transaction

from loyalty.errors import IdentityTaken, InvalidBody
from loyalty.models import Account, Fact
from members import cards, consent, enrolment, identities
from members.models import Consent, Identity, Member, Profile, TierStanding


def rows() -> list[int]:
    """How many rows of everything that an enrolment writes there are."""
    return [model.objects.count() for model in (Account, Member, Profile, Identity, Consent, TierStanding, Fact)]


def test_enrolling_writes_everything_that_makes_a_member(programme, main, django_assert_num_queries):
    with django_assert_num_queries(3):
        member = enrolment.enrol(
            name="  Ada Lovelace ",
            email=" Ada@Example.COM ",
            phone="(202) 555-0123",
            external_id="crm-1",
            birthday=date(2000, 2, 29),
            language="EN-gb",
            store=main,
            consents=[consent.Choice("marketing", "email", given=True)],
            attributes={"shoe_size": 38},
            actor="key:till",
        )
    stored = Member.objects.select_related("profile", "account", "store").get(pk=member.pk)
    assert (stored.profile.name, stored.profile.language) == ("Ada Lovelace", "en")
    assert stored.profile.birthday == date(2000, 2, 29)
    assert (stored.account.total, stored.store, stored.attributes) == (0, main, {"shoe_size": 38})
    found = {identity.kind: identity.value for identity in stored.identities.all()}
    card = found.pop("card")
    assert cards.is_ours(card)
    assert found == {"email": "ada@example.com", "phone": "+12025550123", "external_id": "crm-1"}
    [choice] = stored.consents.all()
    assert (choice.purpose, choice.channel, choice.given, choice.source) == ("marketing", "email", True, "key:till")
    [standing] = TierStanding.objects.filter(member=stored)
    assert (standing.group, standing.level, standing.since) == ("status", "bronze", stored.enrolled_at)
    facts = Fact.objects.order_by("name")
    assert [fact.name for fact in facts] == ["member.enrolled", "profile.complete"]
    for fact in facts:
        assert fact.account == stored.account_id
        assert fact.payload == {"member": str(stored.pk), "store": "main"}


def test_history_keeps_its_own_date(programme):
    joined = datetime(1997, 1, 1, tzinfo=UTC)
    member = enrolment.enrol(email="ada@example.com", occurred_at=joined, actor="demo")
    assert (member.enrolled_at, member.account.opened_at) == (joined, joined)
    assert member.created_at.year >= 2020
    assert Fact.objects.get().occurred_at == joined
    assert TierStanding.objects.get().since == joined


def test_a_member_without_a_card_is_issued_one_and_one_with_a_card_keeps_it(programme):
    enrolment.enrol(card="９８０１-2345 6789 0128", actor="test")
    assert Identity.objects.get().value == "9801234567890128"


def test_every_field_that_is_wrong_is_named_and_nobody_joins(programme):
    before = rows()
    with pytest.raises(InvalidBody) as refused:
        enrolment.enrol(
            name="A\nda",
            email="not an address",
            phone="12345",
            card="98!",
            external_id=" ",
            birthday=date(2999, 1, 1),
            language="klingon",
            consents=[consent.Choice("Marketing!", "email", given=True)],
            attributes={"1": [1]},
            actor="test",
        )
    assert sorted((error.field, error.code) for error in refused.value.errors) == [
        ("attributes", "not_a_code"),
        ("birthday", "out_of_range"),
        ("card", "not_a_card"),
        ("consents[0].purpose", "not_a_code"),
        ("email", "not_an_email"),
        ("external_id", "required"),
        ("language", "not_a_language"),
        ("name", "not_text"),
        ("phone", "not_a_phone"),
    ]
    assert rows() == before


@pytest.mark.parametrize(
    ("field", "value"),
    [("email", "ADA@example.com "), ("phone", "202-555-0123"), ("card", None), ("external_id", "crm-1")],
)
def test_what_belongs_to_ada_cannot_be_bens(programme, field, value):
    ada = enrolment.enrol(email="ada@example.com", phone="+12025550123", external_id="crm-1", actor="test")
    value = value or cards.text(identities.of(ada.pk)["card"].value)
    before = rows()
    with pytest.raises(IdentityTaken) as refused, transaction.atomic():
        enrolment.enrol(**{field: value, "name": "Ben"}, actor="test")
    [error] = refused.value.errors
    assert (refused.value.status, error.field, error.code) == (409, field, "identity_taken")
    assert rows() == before


def test_a_language_nobody_here_speaks_is_refused_with_those_that_are_spoken(programme):
    with pytest.raises(InvalidBody) as refused:
        enrolment.enrol(email="ada@example.com", language="tlh", actor="test")
    [error] = refused.value.errors
    assert (error.code, error.detail) == ("unknown_language", "The programme speaks: en, ja.")
