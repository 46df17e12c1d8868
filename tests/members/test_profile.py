"""Changing who a member is: what is given changes, the rest stays, and what was before stays on record."""

from datetime import date

import pytest
from django.db import transaction

from loyalty.errors import IdentityTaken, InvalidBody
from members import consent, enrolment, identities, locks, profile
from members.models import Consent, Identity, Member, Profile


def change(member: Member, **changes) -> None:
    profile.change(member=locks.lock(id=member.pk).member, actor="test", **changes)


def emails(member: Member) -> dict[str, bool]:
    """Every address a member ever had: is it in use?"""
    found = Identity.objects.filter(member=member, kind="email")
    return {identity.value: identity.retired_at is None for identity in found}


def test_what_is_not_given_stays(ada):
    change(ada, name=" Ada King ")
    stored = Profile.objects.get(pk=ada.pk)
    assert (stored.name, stored.language, stored.birthday) == ("Ada King", "en", None)
    assert emails(ada) == {"ada@example.com": True}


def test_none_takes_a_value_away(ada):
    change(ada, name=None, language=None, birthday=date(1990, 1, 2))
    change(ada, birthday=None, phone=None)
    stored = Profile.objects.get(pk=ada.pk)
    assert (stored.name, stored.language, stored.birthday) == ("", "", None)
    assert identities.find(phone="+12025550123") is None


def test_a_changed_address_keeps_the_one_before_as_history(ada):
    change(ada, email="ada@new.example.com")
    assert emails(ada) == {"ada@example.com": False, "ada@new.example.com": True}
    assert identities.find(email="ada@example.com") is None
    assert identities.find(email="ada@new.example.com") == ada


def test_returning_to_an_address_brings_it_back(ada):
    change(ada, email="ada@new.example.com")
    change(ada, email=" ADA@example.com")
    assert emails(ada) == {"ada@example.com": True, "ada@new.example.com": False}


def test_the_same_address_again_changes_nothing(ada):
    before = Identity.objects.get(member=ada, kind="email")
    change(ada, email="ADA@example.com ")
    after = Identity.objects.get(member=ada, kind="email")
    assert (after.pk, after.created_at, after.retired_at) == (before.pk, before.created_at, None)


def test_an_address_that_was_given_up_may_become_bens_and_is_then_his(ada, ben):
    change(ada, email="ada@new.example.com")
    change(ben, email="ada@example.com")
    assert identities.find(email="ada@example.com") == ben
    with pytest.raises(IdentityTaken), transaction.atomic():
        change(ada, email="ada@example.com")
    assert emails(ada) == {"ada@example.com": False, "ada@new.example.com": True}


def test_a_card_that_was_replaced_is_nobodys_again_not_even_bens(ada, ben):
    lost = identities.of(ada.pk)["card"].value
    change(ada, card="9801 2345 6789 0128")
    assert identities.find(card="9801234567890128") == ada
    assert identities.find(card=lost) is None
    with pytest.raises(IdentityTaken), transaction.atomic():
        change(ben, card=lost)


def test_a_member_keeps_a_card(ada):
    with pytest.raises(InvalidBody) as refused:
        change(ada, card=None)
    assert [(error.field, error.code) for error in refused.value.errors] == [("card", "required")]


def test_everything_that_is_wrong_is_named_and_nothing_changes(ada):
    with pytest.raises(InvalidBody) as refused:
        change(
            ada,
            name="x" * 201,
            email="?",
            phone="1",
            birthday=date(1899, 12, 31),
            language="xx",
            consents=[consent.Choice("marketing", "e mail", given=True)],
            attributes={"9": 1, "ok": "x" * 501},
        )
    assert sorted((error.field, error.code) for error in refused.value.errors) == [
        ("attributes", "not_a_code"),
        ("attributes.ok", "too_long"),
        ("birthday", "out_of_range"),
        ("consents[0].channel", "not_a_code"),
        ("email", "not_an_email"),
        ("language", "unknown_language"),
        ("name", "too_long"),
        ("phone", "not_a_phone"),
    ]
    assert Profile.objects.get(pk=ada.pk).name == "Ada Lovelace"
    assert Consent.objects.count() == 0


def test_attributes_are_merged_and_none_takes_one_away(programme):
    ada = enrolment.enrol(email="ada@example.com", attributes={"size": 38, "vip": True}, actor="test")
    change(ada, attributes={"size": None, "colour": "red"})
    assert Member.objects.get(pk=ada.pk).attributes == {"vip": True, "colour": "red"}


def test_names_of_every_script_are_kept_as_they_are(programme):
    for name in ("山田 太郎", "Zoë Å", "محمد", "👩‍👩‍👧 Team", "O\u202eevil"):
        member = enrolment.enrol(name=name, actor="test")
        assert Profile.objects.get(pk=member.pk).name == name


def test_a_choice_stays_on_record_and_the_newest_is_in_force(ada):
    member = locks.lock(id=ada.pk).member
    news = {"member": member, "purpose": "marketing", "channel": "email"}
    assert consent.give(**news, source="member") is True
    assert consent.give(**news, source="member") is False
    assert consent.allows(ada.pk, purpose="marketing", channel="email") is True
    assert consent.withdraw(**news, source="staff:cleo") is True
    assert consent.current(ada.pk) == {("marketing", "email"): False}
    assert consent.allows(ada.pk, purpose="marketing", channel="email") is False
    assert [(row.given, row.source) for row in consent.history(ada.pk)] == [(True, "member"), (False, "staff:cleo")]


def test_what_was_never_asked_is_not_agreed_to(ada):
    assert consent.allows(ada.pk, purpose="marketing", channel="sms") is False


def test_two_answers_to_one_question_are_refused(ada):
    both = [consent.Choice("marketing", "email", given=given) for given in (True, False)]
    with pytest.raises(InvalidBody) as refused:
        change(ada, consents=both)
    assert [(error.field, error.code) for error in refused.value.errors] == [("consents[1]", "out_of_range")]
    assert Consent.objects.count() == 0
