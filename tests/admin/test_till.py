"""The till page: the same calls as the API, in one's own store, once however often a form is sent."""

from __future__ import annotations

import pytest
from django.urls import reverse

from loyalty import books, ledger
from loyalty.models import AuditRecord, Entry, Role
from members.models import Profile, Sale

from .conftest import signed_in


@pytest.fixture
def till(hire):
    return signed_in(hire(Role.CASHIER, store="main"))


def at(name: str, member, *more) -> str:
    return reverse(f"till:{name}", args=[member.pk, *more])


def available(member) -> int:
    return ledger.balance(ledger.current(member.account_id))["available"]


@pytest.mark.parametrize("asked", ["ada@example.com", "+1 202 555 0123"])
def test_a_member_is_found_and_shown_masked(till, ada, asked):
    response = till.post(reverse("till:find"), {"who": asked})
    assert response["Location"] == at("member", ada)
    page = till.get(response["Location"]).content.decode()
    assert "A** L." in page and "Lovelace" not in page and "260" in page and "ada@" not in page


def test_an_unknown_card_says_what_to_do(till, ada):
    response = till.post(reverse("till:find"), {"who": "999"})
    assert response.status_code == 404 and "Nobody has this card" in response.content.decode()


def test_a_sale_is_quoted_and_then_recorded(till, ada):
    quote = till.post(at("sell", ada), {"amount": "1,234.50", "token": "a" * 32})
    assert quote.status_code == 200 and "+1,234" in quote.content.decode() and Sale.objects.count() == 2
    done = till.post(at("sell", ada), {"amount": "1,234.50", "token": "a" * 32, "step": "record"})
    sale = Sale.objects.latest("recorded_at")
    assert done["Location"] == at("sold", ada, sale.pk)
    assert (sale.total_minor, sale.store.code, sale.actor.split(":")[0]) == (123_450, "main", "staff")
    assert "+1,234" in till.get(done["Location"]).content.decode()
    assert books.check().balanced


def test_a_form_sent_twice_is_one_sale(till, ada):
    form = {"amount": "10", "token": "b" * 32, "step": "record"}
    places = {till.post(at("sell", ada), form)["Location"] for _ in range(3)}
    assert len(places) == 1 and Sale.objects.count() == 3


def test_a_form_sent_again_with_another_amount_is_refused(till, ada):
    form = {"amount": "10", "token": "c" * 32, "step": "record"}
    till.post(at("sell", ada), form)
    response = till.post(at("sell", ada), {**form, "amount": "20"})
    assert response.status_code == 422 and "Begin this step again" in response.content.decode()
    assert Sale.objects.count() == 3


def test_lines_are_added_up(till, ada):
    form = {
        "name-1": "Beans",
        "amount-1": "12",
        "name-2": "Filter",
        "amount-2": "3.50",
        "receipt": "P-1",
        "token": "d" * 32,
    }
    till.post(at("sell", ada), {**form, "step": "record"})
    sale = Sale.objects.get(receipt="P-1")
    assert sale.total_minor == 1550 and [line.name for line in sale.lines.order_by("number")] == ["Beans", "Filter"]


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("abc", "in digits"),
        ("-5", "in digits"),
        ("1.999", "too many decimals"),
        ("", "Something is missing"),
        ("1e9", "in digits"),
        ("0.350.1", "in digits"),
    ],
)
def test_an_amount_that_is_none_is_refused_in_words(till, ada, amount, said):
    response = till.post(at("sell", ada), {"amount": amount, "token": "e" * 32, "step": "record"})
    assert response.status_code in (400, 422) and said in response.content.decode()
    assert Sale.objects.count() == 2


def test_points_are_set_aside_and_spent(till, ada):
    assert till.post(at("hold", ada), {"points": "100", "token": "f" * 32}).status_code == 302
    assert till.post(at("hold", ada), {"points": "100", "token": "f" * 32}).status_code == 302
    assert available(ada) == 160, "sent twice, set aside once"
    page = till.get(at("member", ada))
    [hold] = page.context["holds"]
    for _ in range(2):
        assert till.post(at("finish", ada, hold["id"]), {"deed": "settle", "token": hold["token"]}).status_code == 302
    assert available(ada) == 160 and Entry.objects.filter(kind="redeem").count() == 1
    late = till.post(at("finish", ada, hold["id"]), {"deed": "cancel", "token": "g" * 32})
    assert late.status_code == 409 and "spent already" in late.content.decode()
    assert books.check().balanced


def test_points_set_aside_go_back(till, ada):
    till.post(at("hold", ada), {"points": "100", "token": "h" * 32})
    [hold] = till.get(at("member", ada)).context["holds"]
    till.post(at("finish", ada, hold["id"]), {"deed": "cancel", "token": hold["token"]})
    assert available(ada) == 260


def test_more_points_than_there_are_is_refused_with_the_numbers(till, ada):
    response = till.post(at("hold", ada), {"points": "9999", "token": "i" * 32})
    assert response.status_code == 409
    assert "9,999 are needed, 260 are available. Nothing was taken." in response.content.decode()


@pytest.mark.parametrize("points", ["0", "-1", "1.5", "abc", "", "99999999999999999999"])
def test_a_number_of_points_that_is_none_is_refused(till, ada, points):
    assert till.post(at("hold", ada), {"points": points, "token": "j" * 32}).status_code in (400, 422)
    assert available(ada) == 260


def test_a_cashier_sells_only_in_their_own_store(till, ada, hire):
    assert till.post(reverse("till:store"), {"store": "harbour"}).status_code == 403
    till.post(at("sell", ada), {"amount": "10", "token": "k" * 32, "step": "record", "store": "harbour"})
    assert Sale.objects.latest("recorded_at").store.code == "main"
    harbour = signed_in(hire(Role.CASHIER, store="harbour"))
    sale = Sale.objects.latest("recorded_at")
    assert harbour.get(at("sold", ada, sale.pk)).status_code == 404
    till.post(at("hold", ada), {"points": "50", "token": "l" * 32})
    [hold] = till.get(at("member", ada)).context["holds"]
    assert harbour.get(at("member", ada)).context["holds"] == []
    refused = harbour.post(at("finish", ada, hold["id"]), {"deed": "settle", "token": "m" * 32})
    assert refused.status_code == 403 and "your own store" in refused.content.decode()


def test_nobody_serves_their_own_membership(hire, ada):
    client = signed_in(hire(Role.ADMINISTRATOR, email="ada@example.com"))
    for name, form in [
        ("sell", {"amount": "10", "step": "record"}),
        ("sell", {"amount": "10"}),
        ("hold", {"points": "10"}),
    ]:
        response = client.post(at(name, ada), {**form, "token": "n" * 32})
        assert response.status_code == 403 and "your own membership" in response.content.decode()
    assert Sale.objects.count() == 2 and available(ada) == 260
    assert AuditRecord.objects.filter(action="till.own_account_refused").count() == 3


def test_the_page_reads_without_script(till, ada):
    page = till.get(at("member", ada)).content.decode()
    assert "<script" not in page and "onclick" not in page and "style=" not in page


@pytest.mark.parametrize("name", ["sell", "hold"])
def test_a_deed_that_is_only_looked_at_leads_to_the_member(till, ada, name):
    assert till.get(at(name, ada))["Location"] == at("member", ada)


def test_finishing_and_choosing_a_store_are_no_dead_ends_either(till, ada):
    assert till.get(at("finish", ada, ada.pk))["Location"] == at("member", ada)
    assert till.get(reverse("till:store"))["Location"] == reverse("till:find")


def test_a_quote_names_every_line_and_the_tier_in_the_language_of_the_page(till, ben):
    Profile.objects.filter(member=ben).update(language="ja")
    form = {"amount-1": "1200", "name-2": "Filter", "amount-2": "3.50", "token": "e" * 32}
    page = till.post(at("sell", ben), form).content.decode()
    assert "<dt>Line 1</dt><dd>$1,200.00</dd>" in page and "<dt>Filter</dt><dd>$3.50</dd>" in page
    assert "Reaches Silver with this sale." in page
