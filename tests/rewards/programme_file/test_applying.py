"""Applying, rolling back and exporting: versions, levels, stores, and nothing by halves."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from loyalty import books, clock, policies
from loyalty.models import AuditRecord, Programme, Store
from members import enrolment, recount, tiers
from members.models import TierStanding
from rewards import programme_file, rules
from rewards.earning import Receipt, record_sale
from rewards.programme import ruleset
from rewards.programme_file import ProgrammeRefused, canonical, export

from .programmes import CONTRACT, LONG_AGO, SMALL, small

BASE = SMALL["rules"][0]
TEXT = "# by hand\n" + canonical(SMALL).replace("\n", "\r\n")


def apply(document=None, **more):
    return programme_file.apply(document=document or SMALL, actor="staff:cleo", **more)


def sell(member, minor, number):
    line = rules.Line(1, minor, sku="LP")
    basket = rules.Basket((line,), occurred_at=clock.now(), currency="USD", store="main")
    receipt = Receipt(store=policies.store("main"), number=number, basket=basket, total_minor=minor)
    return record_sale(receipt=receipt, member={"id": member.pk}, actor="test")


@pytest.mark.django_db
def test_the_text_comes_back_word_for_word_until_somebody_edits():
    for text in (CONTRACT.read_text(encoding="utf-8"), TEXT, "\ufeff" + TEXT):
        programme_file.apply(text=text, actor="staff:cleo")
        assert export() == text
    edited = apply(small(name="Edited"))
    assert edited.text == "" and export() == canonical(small(name="Edited"))
    assert export(2) == TEXT and export(0) == canonical(policies.EMPTY)
    with pytest.raises(Programme.DoesNotExist):
        export(9)


@pytest.mark.django_db
def test_a_programme_half_right_changes_nothing():
    apply()
    bad = small(stores=[{"code": "other"}], rules=[BASE, {**BASE, "per": "0.001"}])
    with pytest.raises(ProgrammeRefused) as refused:
        apply(bad)
    assert {problem.code for problem in refused.value.problems} == {"doubled_code", "too_many_decimals"}
    assert (Programme.objects.count(), AuditRecord.objects.filter(action__startswith="programme").count()) == (1, 1)
    assert list(Store.objects.filter(retired_at=None).values_list("code", flat=True)) == ["main"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "changes",
    [
        {"rules": [{"code": "base", "kind": "nonsense"}]},
        {"rules": [BASE, BASE]},
        {"tiers": [{"group": "g", "levels": [{"code": "x", "from": "many"}]}]},
        {"settings": {"timezone": "Moon/Base"}},
    ],
)
def test_what_does_not_compile_cannot_be_applied_by_any_way(changes):
    with pytest.raises(Exception) as refused, transaction.atomic():  # noqa: PT011  (of whoever cannot compile it)
        policies.apply(document=small(**changes), actor="test")
    assert isinstance(refused.value, ValueError | KeyError)
    assert Programme.objects.count() == 0


@pytest.mark.django_db
def test_a_rule_has_a_version_of_its_own_that_is_never_given_to_other_content():
    bonus = {"code": "bonus", "kind": "per_visit", "points": 5}
    inside = {"code": "c", "stores": ["main"], "rules": [bonus]}
    assert apply().versions == {"base": 1}
    assert apply(small(name="Same rules")).versions == {"base": 1}
    assert apply(small(rules=[{**BASE, "points": 2}, bonus])).versions == {"base": 2, "bonus": 1}
    assert apply(small(rules=[{**BASE, "points": 2}])).versions == {"base": 2, "bonus": 1}
    assert apply(small(campaigns=[inside])).versions == {"base": 3, "bonus": 2}
    moved = {**inside, "control_percent": 10}
    assert apply(small(campaigns=[moved])).versions == {"base": 3, "bonus": 3}
    rolled = programme_file.rollback(version=1, actor="staff:cleo")
    assert (rolled.version, rolled.versions) == (7, {"base": 3, "bonus": 3})
    assert {rule.code: rule.version for rule in ruleset(policies.current()).rules} == {"base": 3}
    assert {rule.code: rule.version for rule in ruleset(policies.version(1)).rules} == {"base": 1}


@pytest.mark.django_db
def test_rolling_back_makes_the_old_document_and_its_text_the_next_version():
    programme_file.apply(text=TEXT, actor="staff:cleo")
    apply(small(name="Edited"))
    rolled = programme_file.rollback(version=1, actor="staff:ben")
    assert (rolled.version, rolled.actor, export()) == (3, "staff:ben", TEXT)
    record = AuditRecord.objects.get(action="programme.rolled_back")
    assert (record.object_id, record.data["to"]) == ("3", 1)
    with pytest.raises(Programme.DoesNotExist):
        programme_file.rollback(version=8, actor="staff:ben")


@pytest.mark.django_db
def test_only_the_first_version_begins_in_the_past_and_later_ones_begin_when_they_say():
    apply(valid_from=LONG_AGO)
    with pytest.raises(ProgrammeRefused, match="past"):
        apply(small(name="Late"), valid_from=clock.now() - timedelta(minutes=1))
    tomorrow = clock.now() + timedelta(days=1)
    apply(small(name="Tomorrow"), valid_from=tomorrow)
    assert policies.current().version == 1
    assert policies.current(tomorrow).version == 2
    assert policies.current(tomorrow - timedelta(seconds=1)).version == 1


@pytest.mark.django_db
def test_new_thresholds_move_everybody_and_the_books_agree():
    apply(valid_from=LONG_AGO)
    ada, ben = (enrolment.enrol(email=f"{name}@example.com", actor="test") for name in ("ada", "ben"))
    sell(ada, 60_000, "R-1")
    sell(ben, 5_000, "R-2")
    higher = small(
        tiers=[{**SMALL["tiers"][0], "levels": [{"code": "silver", "from": "20"}, {"code": "gold", "from": "900"}]}]
    )
    moves = recount.movements(policies.parse(higher))
    assert [vars(move) for move in moves] == [
        {"group": "status", "before": "", "after": "silver", "members": 1},
        {"group": "status", "before": "gold", "after": "silver", "members": 1},
    ]
    apply(higher)
    assert set(TierStanding.objects.values_list("level", flat=True)) == {"silver"}
    assert recount.movements(policies.current()) == []
    assert books.check().problems == []


@pytest.mark.django_db
def test_levels_and_stores_follow_a_version_when_it_begins_by_itself():
    apply(small(stores=[{"code": "main"}, {"code": "old"}]), valid_from=LONG_AGO)
    ada = enrolment.enrol(email="ada@example.com", actor="test")
    sell(ada, 5_000, "R-1")
    soon = clock.now() + timedelta(seconds=1)
    lower = [{**SMALL["tiers"][0], "levels": [{"code": "silver", "from": "20"}]}]
    apply(small(tiers=lower), valid_from=soon)
    assert (TierStanding.objects.get(member=ada).level, policies.store("old").code) == ("", "old")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(1.1)")
    assert recount.follow_programme() == 1
    assert TierStanding.objects.get(member=ada).level == "silver"
    assert Store.objects.get(code="old").retired_at is not None
    assert recount.follow_programme() == 0
    assert books.check().problems == []


@pytest.mark.django_db
def test_levels_that_are_not_worked_out_yet_are_kept_and_stop_no_sale():
    apply(small(tiers=[{**SMALL["tiers"][0], "window": {"kind": "calendar", "period": "year"}}]))
    ada = enrolment.enrol(email="ada@example.com", actor="test")
    assert sell(ada, 90_000, "R-1").decision.points == 900
    assert tiers.shown(policies.current(), tiers.standings_of(ada.pk), "en") is None
    assert books.check().problems == []


def test_of_two_who_apply_at_once_one_waits(committed):
    def another() -> None:
        try:
            apply(small(name="Second"))
        finally:
            connection.close()

    with transaction.atomic():
        apply(small(name="First"))
        thread = threading.Thread(target=another)
        thread.start()
        thread.join(0.5)
        assert thread.is_alive()
    thread.join(60)
    assert list(Programme.objects.values_list("version", "document__name")) == [(1, "First"), (2, "Second")]


@pytest.mark.django_db
def test_give_the_text_or_the_document():
    for given in ({}, {"text": TEXT, "document": SMALL}):
        with pytest.raises(TypeError):
            programme_file.apply(actor="test", **given)
