"""A till's takings beside ours: files of all sorts, days and receipts, the pages, the API."""

from __future__ import annotations

import csv
import io
import threading
import zipfile
from datetime import UTC, date, datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse

from loyalty import policies
from loyalty.models import AuditRecord, Entry, Role, Store
from members import reconciliation
from members.models import Difference, ReconciledDay, Reconciliation, Sale
from tests.api.conftest import Sender, fresh_limits, make_key  # noqa: F401  (fixtures)

from .conftest import sell, signed_in

TENTH = date(2026, 3, 10)
# Ada's R-1 of 120.50 on 10 March and R-2 of 140.00 on 11 March are known; see conftest.
AGREES = b"store,day,receipt,amount\nmain,2026-03-10,R-1,120.50\nmain,2026-03-11,R-2,140.00\n"


@pytest.fixture
def finance(ada, hire):
    return signed_in(hire(Role.FINANCE))


def upload(client, content: bytes, name: str = "till.csv"):
    return client.post(reverse("admin:reconciliation"), {"file": SimpleUploadedFile(name, content)})


def found() -> set[tuple[str, str, int | None, int | None]]:
    return set(Difference.objects.values_list("receipt", "what", "theirs_minor", "ours_minor"))


def test_days_that_agree_are_kept_as_such(finance):
    before = list(Entry.objects.values_list("pk"))
    assert upload(finance, AGREES).status_code == 302
    assert set(ReconciledDay.objects.values_list("day", "agrees", "theirs_minor", "ours_minor")) == {
        (TENTH, True, 12_050, 12_050),
        (date(2026, 3, 11), True, 14_000, 14_000),
    }
    assert found() == set() and list(Entry.objects.values_list("pk")) == before
    assert AuditRecord.objects.get(action="store.reconciled").data == {"days": 2, "differences": 0}


def test_every_kind_of_difference_is_told_by_receipt(ada, ben, finance):
    sell(ada, 500, receipt="R-3")
    sell(ada, 600, receipt="R-4")
    sell(ada, 700, receipt="R-5")
    Sale.objects.filter(receipt="R-4").update(status=Sale.Status.VOIDED)
    answer = upload(
        finance,
        b"store,day,receipt,amount\nmain,2026-03-10,R-1,120.49\nmain,2026-03-10,R-2,140.00\n"
        b"main,2026-03-10,R-3,5.00\nmain,2026-03-10,R-4,6.00\nmain,2026-03-10,R-9,1.00\nmain,2026-03-10,B-1,-2.00\n",
    )
    assert found() == {
        ("R-1", "amount", 12_049, 12_050),
        ("R-2", "day", 14_000, 14_000),
        ("R-4", "voided", 600, 600),
        ("R-5", "missing_there", None, 700),
        ("R-9", "missing_here", 100, None),
    }
    day = ReconciledDay.objects.get()
    assert (day.theirs_count, day.theirs_minor) == (5, 12_049 + 14_000 + 500 + 600 + 100)
    assert (day.ours_count, day.ours_minor, day.agrees) == (3, 12_050 + 500 + 700, False)
    assert Reconciliation.objects.get().returns == 1
    page = finance.get(answer["Location"])
    assert len(page.context["rows"]) == 5 and page.context["returns"] == "1"
    only = finance.get(answer["Location"], {"what": "missing_here"})
    assert [(row["receipt"], row["since"]) for row in only.context["rows"]] == [("R-9", False)]
    sell(ada, 100, receipt="R-9")
    again = finance.get(answer["Location"], {"what": "missing_here"})
    assert [(row["receipt"], row["since"]) for row in again.context["rows"]] == [("R-9", True)]


def test_a_receipt_belongs_to_its_store(ada, ben, finance):
    upload(finance, b"store,day,receipt,amount\nharbour,2026-03-10,R-1,120.50\n")
    assert ("R-1", "missing_here", 12_050, None) in found()


def test_totals_alone_are_compared_as_totals(finance):
    upload(finance, b"store;day;count;total\nmain;2026-03-10;1;120.50\nmain;2026-03-11;2;140.00\n")
    assert list(ReconciledDay.objects.order_by("day").values_list("agrees", "by_receipt")) == [
        (True, False),
        (False, False),
    ]
    assert found() == set()


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("till.csv", AGREES)
    return out.getvalue()


HEAD = b"store,day,receipt,amount\n"
GOOD = b"main,2026-03-10,R-1,120.50\n"
REFUSED = {
    "not a csv at all": (b"\x89PNG\r\n\x1a\n\0\0", "not_utf8"),
    "zip": (zipped(), "not_utf8"),
    "latin-1": ("store,day,receipt,amount\nmain,2026-03-10,Café,1.00\n".encode("latin-1"), "not_utf8"),
    "utf-16": (AGREES.decode().encode("utf-16"), "not_utf8"),
    "nul": (HEAD + b"main,2026-03-10,R\0,1\n", "not_csv"),
    "another head": (b"shop,date,bon,sum\n" + GOOD, "head"),
    "no head": (GOOD, "head"),
    "empty": (b"", "head"),
    "head alone": (HEAD + b"\n\n", "empty"),
    "200 MB": (None, "too_large"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_cannot_be_read_says_why_and_nothing_is_kept(db, programme, case, monkeypatch):
    content, code = REFUSED[case]
    if content is None:
        monkeypatch.setattr("members.reconciliation.reading.MOST_BYTES", 10)
        content = AGREES
    with pytest.raises(reconciliation.Unreadable) as wrong:
        reconciliation.read(content, currency="USD")
    assert wrong.value.code == code


BAD_ROWS = {
    b"harbor,2026-03-10,R-1,1.00": ("store", "store"),
    b"main,10.03.2026,R-1,1.00": ("day", "day"),
    b"main,2026-02-30,R-1,1.00": ("day", "day"),
    b"main,2026-03-10,R-1,1.005": ("amount", "decimals"),
    b"main,2026-03-10,R-1,1e3": ("amount", "money"),
    b"main,2026-03-10,R-1,NaN": ("amount", "money"),
    b"main,2026-03-10,R-1,=1+1": ("amount", "money"),
    "main,2026-03-10,R-1,１".encode(): ("amount", "money"),
    b"main,2026-03-10,,1.00": ("receipt", "receipt"),
    b"main,2026-03-10," + b"R" * 101 + b",1.00": ("receipt", "receipt"),
    b"main,2026-03-10,R-1": ("", "columns"),
    b"main,2026-03-10,R-1,1.00,x": ("", "columns"),
    b"main,2026-03-11,R-1,120.50": ("receipt", "twice"),
}


@pytest.mark.parametrize("row", BAD_ROWS)
def test_one_bad_row_of_many_is_named_and_nothing_is_kept(finance, row):
    first = b"main,2026-03-10,R-1,120.50\n" if BAD_ROWS[row][1] == "twice" else b"main,2026-03-10,S,1.00\n"
    many = b"".join(b"main,2026-03-10,X-%d,1.00\n" % number for number in range(100))
    answer = upload(finance, HEAD + first + many + row + b"\n" + b"main,2026-03-10,Y,1.00\n")
    assert answer.status_code == 422 and not Reconciliation.objects.exists()
    ((line, column, text),) = answer.context["wrong_rows"]
    assert (line, column) == (103, BAD_ROWS[row][0]) and str(text)


@pytest.mark.parametrize(
    "content",
    [b"\xef\xbb\xbf" + AGREES, AGREES.replace(b"\n", b"\r\n"), AGREES.replace(b",", b";"), AGREES + b"\n\n"],
    ids=["mark", "crlf", "semicolon", "empty lines"],
)
def test_files_as_programs_write_them_are_read(finance, content):
    assert upload(finance, content).status_code == 302
    assert set(ReconciledDay.objects.values_list("agrees", flat=True)) == {True}


def test_the_same_file_again_adds_nothing(finance):
    first = upload(finance, AGREES)
    second = upload(finance, AGREES, name="other name.csv")
    assert second["Location"] == first["Location"]
    assert (Reconciliation.objects.count(), ReconciledDay.objects.count()) == (1, 2)
    assert "Nothing was added" in finance.get(second["Location"]).content.decode()


def test_the_same_file_from_two_people_at_once_is_compared_once(committed, ada):
    rows = reconciliation.read(AGREES, currency="USD")
    barrier, seen = threading.Barrier(8), []

    def one() -> None:
        barrier.wait(20)
        statement = reconciliation.Statement(rows=rows, content=AGREES, source="file")
        seen.append(reconciliation.reconcile(statement=statement, actor="staff:cleo"))
        connection.close()

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done.repeated for done in seen) == [False] + [True] * 7
    assert Reconciliation.objects.count() == 1 and ReconciledDay.objects.count() == 2


def test_differences_leave_as_a_file_without_formulas(finance):
    answer = upload(finance, HEAD + b'main,2026-03-10,"=HYPERLINK(""http://x"")",1.00\nmain,2026-03-10,@R,2.00\n')
    where = reverse("admin:reconciliation_file", args=[Reconciliation.objects.get().pk])
    text = b"".join(finance.get(where).streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["receipt"] for row in rows} == {'\'=HYPERLINK("http://x")', "'@R", "R-1"}
    assert finance.get(answer["Location"]).status_code == 200


def test_the_list_is_filtered_by_store_and_state(ada, ben, finance):
    upload(finance, AGREES)
    upload(finance, HEAD + b"harbour,2026-03-10,H-9,1.00\n")
    where = reverse("admin:reconciliation")
    assert len(finance.get(where).context["days"]) == 3
    assert len(finance.get(where, {"state": "differs"}).context["days"]) == 1
    assert len(finance.get(where, {"store": "main", "state": "agrees"}).context["days"]) == 2
    assert finance.get(where, {"store": "main", "state": "differs"}).context["days"] == []


def test_an_auditor_looks_and_uploads_nothing(ada, hire):
    auditor = signed_in(hire(Role.AUDITOR))
    assert auditor.get(reverse("admin:reconciliation")).status_code == 200
    assert upload(auditor, AGREES).status_code == 403 and not Reconciliation.objects.exists()


DAY = {"store": "main", "day": "2026-03-10"}


@pytest.fixture
def pos(ada, make_key) -> Sender:  # noqa: F811
    return Sender(make_key("pos", ("manage",)))


def test_a_till_compares_its_day_over_the_api(ada, pos):
    sell(ada, 500, receipt="R-3")
    body = {**DAY, "receipts": [{"receipt": "R-1", "amount": "120.50"}, {"receipt": "R-8", "amount": "1.00"}]}
    answer = pos.post("/api/v1/reconciliations", body)
    assert answer.status_code == 201
    said = answer.json()
    assert (said["agrees"], said["theirs"], said["ours"]) == (
        False,
        {"count": 2, "total": "121.50"},
        {"count": 2, "total": "125.50"},
    )
    sale = str(Sale.objects.get(receipt="R-3").pk)
    assert said["differences"] == [
        {"receipt": "R-3", "what": "missing_there", "theirs": None, "ours": "5.00", "sale": sale},
        {"receipt": "R-8", "what": "missing_here", "theirs": "1.00", "ours": None, "sale": None},
    ]
    again = pos.post("/api/v1/reconciliations", body)  # under another key
    assert again.json() == {**said, "repeated": True} and Reconciliation.objects.count() == 1
    assert pos.get(f"/api/v1/reconciliations/{said['id']}").json() == said


def test_a_day_by_its_total_over_the_api(pos):
    answer = pos.post("/api/v1/reconciliations", {**DAY, "count": 1, "total": "120.50"})
    assert answer.json()["agrees"] is True and answer.json()["differences"] == []


@pytest.mark.parametrize(
    ("more", "status", "where"),
    [
        ({}, 400, "count"),
        ({"count": 1}, 400, "total"),
        ({"count": 1, "total": "1", "receipts": [{"receipt": "a", "amount": "1"}]}, 400, "receipts"),
        ({"receipts": [{"receipt": "a", "amount": "1"}] * 2}, 400, "receipts[1].receipt"),
        ({"receipts": [{"receipt": "a", "amount": "1.001"}]}, 400, "receipts[0].amount"),
        ({"count": 1, "total": "1", "store": "nowhere"}, 422, None),
        ({"count": 1, "total": "1", "currency": "JPY"}, 422, None),
    ],
)
def test_what_is_wrong_with_a_body_is_said(pos, more, status, where):
    answer = pos.post("/api/v1/reconciliations", {**DAY, **more})
    assert answer.status_code == status and not Reconciliation.objects.exists()
    if where:
        assert [error["field"] for error in answer.json()["errors"]] == [where]


def test_a_key_of_one_store_reads_and_writes_only_its_own(ada, pos, make_key):  # noqa: F811
    made = pos.post("/api/v1/reconciliations", {**DAY, "count": 1, "total": "120.50"}).json()
    bound = Sender(make_key("harbour", ("manage",), store=Store.objects.get(code="harbour")))
    assert bound.get(f"/api/v1/reconciliations/{made['id']}").status_code == 404
    assert bound.post("/api/v1/reconciliations", {**DAY, "count": 1, "total": "1"}).status_code == 403
    other = Sender(make_key("till", ("sales",)))
    assert other.post("/api/v1/reconciliations", {**DAY, "count": 1, "total": "1"}).status_code == 403


def test_days_are_those_of_the_programmes_zone(ada, hire):
    document = {**policies.current().document}
    document["settings"] = {**document["settings"], "timezone": "Asia/Tokyo"}
    policies.apply(document=document, actor="test")
    sell(ada, 100, receipt="R-night", at=datetime(2026, 3, 11, 16, tzinfo=UTC))  # 12 March in Tokyo
    upload(signed_in(hire(Role.FINANCE)), HEAD + b"main,2026-03-12,R-night,1.00\n")
    assert ReconciledDay.objects.get().agrees
