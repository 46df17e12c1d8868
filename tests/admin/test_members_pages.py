"""The list of members and the page about one: masked until somebody says why, and only within reach."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils.translation import override

from loyalty import ledger
from loyalty.admin import words
from loyalty.figures import compact
from loyalty.models import AuditRecord, Role
from members.admin import numbers
from members.models import Member

from .conftest import sell, signed_in

LIST = "admin:members_member_changelist"


def page_of(member: Member) -> str:
    return reverse("admin:members_member_change", args=[member.pk])


def test_the_page_of_ada_shows_what_she_holds_and_why(ada, desk):
    page = desk.get(page_of(ada)).content.decode()
    for text in [
        "Ada Lovelace",
        "260",
        "Sale $120.50",
        "From Bronze to Silver",
        "See why",
        "Highest tier reached",
        "Joined",
    ]:
        assert text in page
    assert "ada@example.com" not in page and "2025550123" not in page and "a**@example.com" in page


def test_contact_data_is_shown_once_for_a_reason_and_the_log_keeps_it(ada, desk, cleo):
    address = reverse("admin:members_member_contact", args=[ada.pk])
    assert "ada@example.com" not in desk.post(address, {"reason": " "}).content.decode()
    assert not AuditRecord.objects.filter(action="member.viewed").exists()
    shown = desk.post(address, {"reason": "call back about a sale"}).content.decode()
    assert "ada@example.com" in shown and "+12025550123" in shown
    record = AuditRecord.objects.get(action="member.viewed")
    assert (record.object_id, record.actor, record.reason) == (
        str(ada.pk),
        f"staff:{cleo.pk}",
        "call back about a sale",
    )
    assert "ada@" not in str(record.data)
    assert "ada@example.com" not in desk.get(page_of(ada)).content.decode()


@pytest.mark.parametrize("role", [Role.MARKETER, Role.AUDITOR])
def test_who_has_no_business_with_names_sees_them_masked(role, ada, hire):
    client = signed_in(hire(role))
    for address in [
        reverse(LIST),
        page_of(ada),
        reverse("admin:loyalty_entry_changelist"),
        reverse("admin:members_sale_changelist"),
    ]:
        content = client.get(address).content.decode()
        assert "Lovelace" not in content and "A** L." in content
    assert client.post(reverse("admin:members_member_contact", args=[ada.pk]), {"reason": "x"}).status_code == 403
    assert "A** L." not in client.get(reverse(LIST) + "?q=Lovelace").content.decode(), "and finds nobody by name"


@pytest.mark.parametrize("asked", ["ADA@Example.com ", "+1 202-555-0123", "lovelace"])
def test_a_member_is_found_however_the_identity_is_written(asked, ada, ben, desk):
    content = desk.get(reverse(LIST), {"q": asked}).content.decode()
    assert "Ada Lovelace" in content and "Ben Bitdiddle" not in content


def test_a_card_is_found_with_and_without_its_spaces(ada, ben, desk):
    card = ada.identities.get(kind="card").value
    for asked in [card, " ".join(card[i : i + 4] for i in range(0, len(card), 4))]:
        content = desk.get(reverse(LIST), {"q": asked}).content.decode()
        assert "Ada Lovelace" in content and "Ben Bitdiddle" not in content


def test_a_manager_reaches_the_members_sales_and_points_of_their_store_only(ada, ben, hire):
    client = signed_in(hire(Role.MANAGER, store="harbour"))
    for name in [
        LIST,
        "admin:members_sale_changelist",
        "admin:loyalty_entry_changelist",
        "admin:loyalty_decision_changelist",
    ]:
        content = client.get(reverse(name)).content.decode()
        assert "Ben Bitdiddle" in content and "Ada" not in content, name
    sale = ada.sales.first()
    for address in [
        page_of(ada),
        reverse("admin:loyalty_decision_change", args=[sale.decision_id]),
        reverse("admin:members_sale_change", args=[sale.pk]),
        reverse("admin:loyalty_account_change", args=[ada.account_id]),
    ]:
        assert client.get(address).status_code == 404
    assert client.post(reverse("admin:members_member_contact", args=[ada.pk]), {"reason": "x"}).status_code == 404
    sell(ada, 500, store="harbour")
    assert client.get(page_of(ada)).status_code == 200, "who has bought there belongs there too"


def test_a_list_is_exported_without_formulas_and_the_log_says_so(ada, desk):
    ada.profile.name = '=HYPERLINK("http://evil.example")'
    ada.profile.save()
    response = desk.get(reverse(LIST), {"export": "csv", "q": "ada@example.com"})
    text = b"".join(response.streaming_content).decode()
    assert response["Content-Type"].startswith("text/csv") and "attachment" in response["Content-Disposition"]
    assert "'=HYPERLINK" in text and "\n=" not in text and '"=' not in text
    assert text.count("\r\n") == 2
    assert AuditRecord.objects.get(action="list.exported").data == {"rows": 1}


def test_numbers_are_exported_as_numbers(ada, desk):
    with transaction.atomic():
        account = ledger.lock(ada.account_id)[0]
        ledger.post(account=account, kind="redeem", house="redeemed", points=-5, reference="r:1", actor="system:test")
    response = desk.get(reverse("admin:loyalty_entry_changelist"), {"export": "csv"})
    rows = [line.split(",")[2:4] for line in b"".join(response.streaming_content).decode().splitlines()[1:]]
    assert sorted(rows) == [["-5", "255"], ["120", "120"], ["140", "260"]]


def test_an_export_obeys_reach_and_needs_the_power(ada, ben, hire):
    manager = signed_in(hire(Role.MANAGER, store="harbour"))
    text = b"".join(manager.get(reverse(LIST), {"export": "csv"}).streaming_content).decode()
    assert "Ben Bitdiddle" in text and "Ada" not in text
    assert signed_in(hire(Role.MARKETER)).get(reverse(LIST), {"export": "csv"}).status_code == 403


def test_hostile_names_are_text(ada, desk):
    ada.profile.name = "<script>alert(1)</script>{{ 7|add:7 }}"
    ada.profile.save()
    for address in [reverse(LIST), page_of(ada), reverse("admin:loyalty_entry_changelist")]:
        content = desk.get(address).content.decode()
        assert "<script>alert(1)" not in content and "&lt;script&gt;alert(1)" in content


def test_an_empty_list_says_how_the_first_row_comes_to_be(programme, desk):
    assert "The first member appears when" in desk.get(reverse(LIST)).content.decode()
    assert "Nothing fits" in desk.get(reverse(LIST), {"q": "nobody"}).content.decode()


def test_the_dashboard_shows_the_last_period_that_has_data(ada, ben, desk):
    page = desk.get("/staff/").content.decode()
    for text in [
        "The books are in balance",
        "12 Feb 2026 to 11 Mar 2026",
        "The last period with sales",
        "$300.50",
        "300",
        "Silver",
    ]:
        assert text in page, text
    figures = numbers.of("4w", None)
    assert (figures.active.now, figures.sales.now, figures.issued.now) == (2, 30_050, 300)
    assert figures.outstanding is not None and figures.outstanding.now == 300
    assert [(level.code, level.members, level.up) for level in figures.levels] == [("bronze", 1, 0), ("silver", 1, 1)]
    assert sum(week.issued for week in figures.weeks) == 300


def test_a_managers_dashboard_counts_their_store(ada, ben, hire):
    page = signed_in(hire(Role.MANAGER, store="harbour")).get("/staff/").content.decode()
    assert "$40.00" in page and "$300.50" not in page and "New members" in page


@pytest.mark.parametrize(
    ("value", "english", "japanese"),
    [
        (0, "0", "0"),
        (-999_999, "\u2212999,999", "\u2212999,999"),
        (1_000_000, "1M", "100万"),
        (48_200_000, "48.2M", "4,820万"),
        (1_234_567_890, "1.23B", "12.3億"),
        (999_999_999_999, "1T", "1兆"),
        (-5_000_000_000_000, "\u22125T", "\u22125兆"),
    ],
)
def test_large_figures_are_short_in_summaries(value, english, japanese):
    for language, text in (("en", english), ("ja", japanese)):
        with override(language):
            assert compact(value) == text
            assert words.short_amount(value, "JPY").replace("¥", "") == text


def test_the_dashboard_is_short_about_large_figures(ada, desk):
    sell(ada, 99_999_999_999_900, receipt="L-1", at=datetime(2026, 4, 20, 9, tzinfo=UTC))
    for point in (1, 2, 3):
        sell(ada, 1_000, receipt=f"L-1-{point}", at=datetime(2026, 3, 25, 9, tzinfo=UTC))
    page = desk.get(reverse("admin:index")).content.decode()
    assert "$1T" in page and "×" in page and "999,999,999,999.00" not in page


def test_an_empty_programme_has_a_dashboard(programme, desk):
    assert "Nobody has joined yet" in desk.get("/staff/").content.decode()


def test_a_cashier_begins_at_the_till(hire):
    assert signed_in(hire(Role.CASHIER, store="main")).get("/staff/")["Location"] == "/staff/till/"
