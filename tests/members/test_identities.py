"""What a member is found by has one form, however it is written."""

from datetime import UTC, datetime

import pytest

from loyalty import policies
from loyalty.errors import MemberClosed, MemberErased, MemberNotFound
from loyalty.models import Programme
from members import enrolment, identities, locks, regions
from members.models import Identity, Member
from tests.members.conftest import PROGRAMME

JAPANESE = {**PROGRAMME, "settings": {"currency": "JPY", "timezone": "Asia/Tokyo", "languages": ["ja"]}}


@pytest.mark.parametrize(
    "typed", ["ada@example.com", " ADA@Example.com ", "ａｄａ＠ｅｘａｍｐｌｅ．ｃｏｍ", "ada@EXAMPLE.com\n"]
)
def test_an_address_is_trimmed_half_width_and_lower_case(typed):
    assert identities.fold("email", typed) == "ada@example.com"


def test_plus_addresses_are_addresses_of_their_own():
    assert identities.fold("email", "ada+till@example.com") == "ada+till@example.com"


@pytest.mark.parametrize("typed", ["ada", "ada@", "@example.com", "a b@example.com", "", "a@b", "x" * 250 + "@e.com"])
def test_what_cannot_be_an_address_is_refused(typed):
    with pytest.raises(identities.NotAnIdentityError):
        identities.fold("email", typed)


@pytest.mark.parametrize("typed", ["+1 202 555 0123", "(202) 555-0123", "202.555.0123", "＋１２０２５５５０１２３"])
def test_a_phone_number_becomes_e164_dialled_in_the_programmes_country(programme, typed):
    assert identities.fold("phone", typed) == "+12025550123"


@pytest.mark.django_db
def test_a_number_without_country_code_is_japanese_where_the_programme_counts_yen():
    policies.apply(document=JAPANESE, actor="test", valid_from=datetime(2020, 1, 1, tzinfo=UTC))
    assert identities.fold("phone", "０９０－１２３４－５６７８") == "+819012345678"
    assert identities.fold("phone", "+44 7700 900123") == "+447700900123"


def test_the_country_is_the_settings_else_the_zones_else_the_currencys(programme):
    def of(**settings) -> str | None:
        document = {**PROGRAMME, "settings": settings}
        policies.apply(document=document, actor="test", valid_from=datetime(2020, 1, 1, tzinfo=UTC))
        return regions.of(policies.current())

    assert of(currency="EUR", timezone="Europe/Vienna") == "AT"
    assert of(currency="EUR", timezone="UTC") is None
    assert of(currency="EUR", timezone="UTC", region="be") == "BE"
    assert of(currency="JPY", timezone="UTC") == "JP"


@pytest.mark.parametrize("typed", ["12345", "+999 1234567", "hello", "+", "202555012345678", "2025550123 ext. 5"])
def test_what_cannot_be_a_phone_number_is_refused(programme, typed):
    with pytest.raises(identities.NotAnIdentityError) as refused:
        identities.fold("phone", typed)
    assert refused.value.code == "not_a_phone"


def test_external_ids_keep_their_capitals():
    assert identities.fold("external_id", " Crm-1 ") == "Crm-1"
    assert identities.fold("external_id", "crm-1") == "crm-1"


def test_a_member_is_found_by_each_of_their_identities(ada, ben):
    card = identities.of(ada.pk)["card"]
    assert identities.find(card=identities.text(card)) == ada
    assert identities.find(email="ADA@EXAMPLE.COM") == ada
    assert identities.find(phone="202 555 0123") == ada
    assert identities.find(email="ben@example.com") == ben
    assert identities.find(email="nobody@example.com") is None
    assert identities.find(email="not an address") is None
    assert identities.find(external_id="ada@example.com") is None


def test_locking_finds_by_every_reference_and_gives_both_rows_in_one_statement(ada, django_assert_num_queries):
    newest = Programme.objects.latest("version")
    with policies.newest_is(newest.version, newest.applied_at), django_assert_num_queries(1):  # as within a request
        locked = locks.lock(email="Ada@example.com")
    assert (locked.member, locked.account.pk) == (ada, ada.account_id)
    fresh, account = Member.objects.get(pk=ada.pk), locked.account
    for field in Member._meta.concrete_fields:
        assert getattr(locked.member, field.attname) == getattr(fresh, field.attname)
    for field in account._meta.concrete_fields:
        assert getattr(account, field.attname) == getattr(fresh.account, field.attname)
    assert not locked.member._state.adding


def test_nobody_is_locked_by_what_nobody_has(ada):
    for reference in ({"email": "x@example.com"}, {"card": "??"}, {"phone": "1"}, {"id": ada.account_id}):
        with pytest.raises(MemberNotFound):
            locks.lock(**reference)
        with pytest.raises(MemberNotFound):
            locks.find(**reference)
    with pytest.raises(TypeError):
        locks.lock(email="ada@example.com", card="9801")
    with pytest.raises(TypeError):
        locks.lock()


def test_a_closed_membership_neither_earns_nor_spends_but_can_be_settled(ada):
    Member.objects.filter(pk=ada.pk).update(status="closed")
    with pytest.raises(MemberClosed):
        locks.lock(id=ada.pk)
    assert locks.lock(id=ada.pk, closed=True).member == ada


def test_an_erased_member_is_gone_for_every_reference(ada):
    Member.objects.filter(pk=ada.pk).update(status="erased")
    for closed in (False, True):
        with pytest.raises(MemberErased):
            locks.lock(id=ada.pk, closed=closed)


def test_a_retired_card_finds_nobody_and_is_never_given_out_again(ada):
    Identity.objects.filter(member=ada, kind="card").update(retired_at=datetime(2026, 1, 1, tzinfo=UTC))
    card = Identity.objects.get(member=ada, kind="card").value
    assert identities.find(card=card) is None
    with pytest.raises(MemberNotFound):
        locks.lock(card=card)
    with pytest.raises(identities.IdentityTaken):
        enrolment.enrol(card=card, actor="test")
