"""The liability on the staff side: the book, a month before and after it is closed, the journal, the way to entries."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest
from django.urls import reverse

from loyalty import roles
from loyalty.liability import book
from loyalty.models import AuditRecord, ClosedMonth, Entry, Role

from .conftest import sell, signed_in

MARCH = {"rate": "97", "value": "0.01", "method": "own", "note": "As agreed"}
MONTH = ["2026-03"]


@pytest.fixture
def finance(hire):
    return signed_in(hire(Role.FINANCE))


def closing(client, **more):
    page = client.get(reverse("admin:liability_month", args=MONTH), MARCH)
    seen = page.context["seen"]
    return client.post(reverse("admin:liability_month", args=MONTH), {**MARCH, "seen": seen, **more})


def test_the_book_shows_every_number_with_its_entries(ada, ben, finance):
    page = finance.get(reverse("admin:liability"), {"since": "2026-03-01", "until": "2026-03-31"})
    earned = book.of(date(2026, 3, 1), date(2026, 4, 1)).whole.moved["issued"]
    assert page.context["closing"] == f"{earned:,}" and earned > 0
    ((name, cell),) = page.context["summary"]
    assert (str(name), cell["value"]) == ("Issued", f"+{earned:,}")
    listed = finance.get(cell["link"])
    assert listed.status_code == 200
    assert sum(entry.points for entry in listed.context["cl"].queryset) == earned
    (store,) = [row for row in page.context["stores"] if row["name"] == "Main store"]
    in_store = finance.get(store["cells"][0]["link"]).context["cl"].queryset
    assert {entry.store.code for entry in in_store} == {"main"}


@pytest.mark.parametrize("query", [{"since": "2026-03-31", "until": "2026-03-01"}, {"since": "x", "until": "y"}])
def test_a_period_that_is_none_is_said_and_the_usual_one_shown(ada, finance, query):
    page = finance.get(reverse("admin:liability"), query)
    assert page.status_code == 200 and page.context["wrong"]


@pytest.mark.parametrize("month", ["2026-13", "26-03", "2026-3", "0000-01", "٢٠٢٦-٠٣"])
def test_a_month_that_is_none_is_not_found(ada, finance, month):
    assert finance.get(reverse("admin:liability_month", args=[month])).status_code == 404


def test_finance_closes_a_month_and_what_comes_later_stands_beside_it(ada, finance):
    before = closing(finance)
    assert before.status_code == 302 and ClosedMonth.objects.get().inputs["note"] == "As agreed"
    page = finance.get(before["Location"])
    figures = ClosedMonth.objects.get().figures
    assert page.context["closed"]["holds"] and page.context["later"] == []
    sell(ada, 1_000, receipt="R-late")  # of 10 March
    page = finance.get(before["Location"])
    assert [row["points"] for row in page.context["later"]] == ["+10"]
    assert ClosedMonth.objects.get().figures == figures
    listed = finance.get(page.context["later_link"]).context["cl"].queryset
    assert [entry.points for entry in listed] == [10]
    april = finance.get(reverse("admin:liability_month", args=["2026-04"]))
    assert april.context["book"]["later"] == "+10"


def test_what_was_seen_is_what_is_closed(ada, finance):
    page = finance.get(reverse("admin:liability_month", args=MONTH), MARCH)
    sell(ada, 1_000, receipt="R-meanwhile")
    answer = finance.post(reverse("admin:liability_month", args=MONTH), {**MARCH, "seen": page.context["seen"]})
    assert answer.status_code == 422 and not ClosedMonth.objects.exists()


@pytest.mark.parametrize("wrong", [{"rate": "101"}, {"rate": "-1"}, {"rate": "nan"}, {"value": "x"}, {"note": ""}])
def test_nothing_is_closed_on_a_form_that_is_not_right(ada, finance, wrong):
    assert closing(finance, **wrong).status_code == 422
    assert not ClosedMonth.objects.exists()


def test_an_auditor_reads_and_closes_nothing(ada, hire):
    auditor = signed_in(hire(Role.AUDITOR))
    page = auditor.get(reverse("admin:liability_month", args=MONTH))
    assert page.status_code == 200 and not page.context["may_close"]
    assert closing(auditor).status_code == 403 and not ClosedMonth.objects.exists()
    assert not roles.may(hire(Role.MANAGER), "do", "books")


def test_the_journal_ties_to_the_book_and_is_recorded(ada, ben, finance):
    answer = finance.get(reverse("admin:liability_journal", args=MONTH))
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(text)))
    kept = [line for line in lines if line["account"] == "2100"]
    moved = sum(int(line["credit_points"]) - int(line["debit_points"]) for line in kept)
    assert moved == sum(Entry.objects.filter(occurred_at__month=3).values_list("points", flat=True))
    for one, other in (("debit", "credit"), ("debit_points", "credit_points")):
        assert sum(float(line[one]) for line in lines) == sum(float(line[other]) for line in lines)
    assert AuditRecord.objects.filter(action="journal.exported", object_id="2026-03").count() == 1


def test_a_store_that_looks_like_a_formula_is_made_harmless(ada, finance):
    Entry.objects.first().store.__class__.objects.filter(code="main").update(code="=HYPERLINK(1)")
    text = b"".join(finance.get(reverse("admin:liability_journal", args=MONTH)).streaming_content).decode("utf-8-sig")
    assert {line["store"] for line in csv.DictReader(io.StringIO(text))} == {"'=HYPERLINK(1)"}
