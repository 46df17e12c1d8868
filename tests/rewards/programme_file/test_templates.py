"""The templates run as they are: checked, applied, given back, and lived in."""

from __future__ import annotations

import io

import pytest
from django.core.management import call_command

from loyalty import books
from loyalty.models import Programme
from loyalty.runtime import environment
from members.models import Member, Sale
from rewards import programme_file
from rewards.demo import invented, replay, shops
from rewards.programme_file import canonical, check, export, read

TEMPLATES = tuple(shops.SHOPS)
FEW = 12


def text_of(demo: str) -> str:
    return replay.programme_of(demo).read_bytes().decode()


def test_the_launcher_knows_the_demos():
    assert environment.DEMOS == replay.DEMOS


@pytest.mark.django_db
@pytest.mark.parametrize("demo", TEMPLATES)
def test_a_template_is_short_right_and_given_back_to_the_byte(demo):
    text = text_of(demo)
    assert len(text.splitlines()) < 150
    assert {problem.code for problem in check(text)} <= {"sku_unseen", "not_worked_out"}
    programme_file.apply(text=text, actor="staff:cleo")
    assert export() == text
    programme_file.apply(document=read(text).document, actor="staff:cleo")
    assert export() == canonical(read(text).document)
    assert {problem.code for problem in check(export())} <= {"sku_unseen", "not_worked_out"}


@pytest.mark.parametrize("demo", TEMPLATES)
def test_an_invented_history_is_always_the_same_and_fits_its_programme(demo):
    shop, document = shops.SHOPS[demo], read(text_of(demo)).document
    until = replay.log.datetime(2026, 11, 24, 12, tzinfo=shop.zone)
    sales = invented.purchases(shop, until=until)
    assert sales == invented.purchases(shop, until=until)
    assert len(sales) == shop.sales and len({sale.receipt for sale in sales}) == shop.sales
    assert {sale.customer for sale in sales} == set(range(1, shop.customers + 1))
    assert all(sale.occurred_at < until for sale in sales)
    assert document["settings"]["currency"] == shop.currency
    assert document["settings"]["timezone"] == shop.zone.key
    assert set(shop.stores) == {store["code"] for store in document["stores"]}


@pytest.mark.parametrize("demo", TEMPLATES)
def test_a_demo_loads_a_part_and_then_the_rest_and_the_books_agree(committed, settings, tmp_path, demo):
    settings.LOYALTY_HOME = tmp_path
    replay.replay(progress=lambda _: None, customers=3, demo=demo)
    first = Sale.objects.count()
    replay.replay(progress=lambda _: None, customers=FEW, demo=demo)
    assert (Member.objects.count(), Programme.objects.count()) == (FEW, 1)
    assert Sale.objects.count() > first >= 3
    assert replay.replay(progress=lambda _: None, customers=FEW, demo=demo) == 0
    assert books.check().problems == []
    with pytest.raises(replay.ProgrammeInUseError):
        replay.replay(progress=lambda _: None, customers=3)


@pytest.mark.more
@pytest.mark.parametrize("demo", TEMPLATES)
def test_a_whole_demo_loads_with_people_to_sign_in_as(committed, settings, tmp_path, demo):
    settings.LOYALTY_HOME = tmp_path
    out = io.StringIO()
    call_command("seed_demo", demo, stdout=out)
    shop = shops.SHOPS[demo]
    assert (Member.objects.count(), Sale.objects.count()) == (shop.customers, shop.sales)
    assert out.getvalue() == f"{shop.customers + shop.sales} events loaded.\n"
    assert books.check().problems == []
