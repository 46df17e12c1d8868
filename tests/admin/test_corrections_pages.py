"""The pages of a correction: see who got what, prepare, approve, undo."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.urls import reverse

from loyalty.models import AuditRecord, Entry, Role
from members import profile
from members.models import Member
from rewards import corrections
from rewards.models import Correction

from .conftest import signed_in

NEW = "/staff/corrections/new/?" + urlencode({"rule": "base", "since": "2026-03-10", "through": "2026-03-11"})


@pytest.fixture
def marketer(hire):
    return signed_in(hire(Role.MARKETER))


def prepare(client, **changes) -> Correction:
    page = client.get(NEW)
    form = {"once": page.context["deed"]["once"].value(), "deed": "take_back", "reason": "Wrong labels", **changes}
    response = client.post(NEW, form)
    assert response.status_code == 302, response.content.decode()[-3000:]
    return Correction.objects.order_by("prepared_at").last()


def test_the_preview_names_members_as_the_person_may_read_them(ada, marketer, desk):
    page = marketer.get(NEW).content.decode()
    assert "A** L." in page and "Ada Lovelace" not in page and "260 → 0" in page
    assert "Ada Lovelace" in desk.get(NEW).content.decode()
    assert marketer.get(NEW + "&export=csv").status_code == 403
    lines = b"".join(desk.get(NEW + "&export=csv")).decode("utf-8-sig").splitlines()
    assert lines[0].startswith("member,sales,granted") and lines[1].startswith(f"{ada.pk},2,260")


def test_the_days_are_the_programmes_own_and_end_with_the_last(ada, marketer):
    one = "/staff/corrections/new/?" + urlencode({"rule": "base", "since": "2026-03-10", "through": "2026-03-10"})
    assert "120 → 0" not in marketer.get(one).content.decode() and "260 → 140" in marketer.get(one).content.decode()


def test_a_marketer_prepares_and_starts_a_small_one(ada, marketer, django_capture_on_commit_callbacks):
    made = prepare(marketer)
    where = reverse("admin:correction", args=[made.pk])
    page = marketer.get(where).content.decode()
    assert "Up to 260 points are taken back from 1 member" in page and "260 points were taken back" in page
    assert Entry.objects.filter(kind="adjust").count() == 0
    marketer.post(where, {"act": "start", "content_hash": made.content_hash})
    response = marketer.get(where)
    assert response["Refresh"] == "5" and "0 of 1 members" in response.content.decode()
    assert corrections.work_off(correction=made.pk)
    assert "Refresh" not in marketer.get(where)
    marketer.post(where, {"act": "undo", "reason": ""})
    assert Correction.objects.get().state == "done"
    marketer.post(where, {"act": "undo", "reason": "It was right"})
    assert corrections.work_off(correction=made.pk) and Correction.objects.get().state == "undone"
    assert "Nothing is left to do here." in marketer.get(where).content.decode()


def test_a_large_one_waits_for_finance(ada, hire, marketer):
    Member.objects.filter(pk=ada.pk).update()
    made = prepare(marketer)
    Correction.objects.update(needs_second=True)
    where = reverse("admin:correction", args=[made.pk])
    assert "Somebody else in finance" in marketer.get(where).content.decode()
    marketer.post(where, {"act": "start", "content_hash": made.content_hash})
    assert Correction.objects.get().state == "prepared"
    finance = signed_in(hire(Role.FINANCE))
    page = finance.get(where).content.decode()
    assert "Approve and begin" in page and "Ada Lovelace" not in page
    finance.post(where, {"act": "start", "content_hash": made.content_hash})
    assert Correction.objects.get().state == "running"
    assert AuditRecord.objects.filter(action="correction.approved").count() == 1


def test_who_may_only_look_changes_nothing(ada, hire, marketer):
    made = prepare(marketer)
    where = reverse("admin:correction", args=[made.pk])
    auditor = signed_in(hire(Role.AUDITOR))
    assert auditor.get(where).status_code == 200
    for act in ("start", "withdraw", "undo", "retry"):
        assert auditor.post(where, {"act": act, "content_hash": made.content_hash, "reason": "x"}).status_code == 403
    assert Correction.objects.get().state == "prepared"


def test_the_list_and_the_decision_lead_to_it(ada, marketer):
    assert "No rule was ever corrected" in marketer.get("/staff/corrections/").content.decode()
    prepare(marketer, deed="forgive")
    assert "Let members keep them" in marketer.get("/staff/corrections/").content.decode()
    sale = ada.sales.get(receipt="R-1")
    page = marketer.get(reverse("admin:loyalty_decision_change", args=[sale.decision_id])).content.decode()
    assert "/staff/corrections/new/?rule=base&amp;since=2026-03-10&amp;through=2026-03-10" in page


def test_a_name_with_markup_stays_text(ada, desk):
    profile.Profile.objects.filter(member=ada).update(name="<b>Ada</b>")
    assert "<b>Ada</b>" not in desk.get(NEW).content.decode()


@pytest.mark.parametrize(
    "query",
    ["rule=&since=2026-03-10&through=2026-03-11", "rule=base&since=2026-03-12&through=2026-03-11",
     "rule=base&since=x&through=2026-03-11", "rule=base&since=2026-03-10&through=2026-03-11&version=a",
     "rule=base&since=2026-03-10&through=2026-03-11&store=nowhere", "rule=nosuch&since=2026-03-10&through=2026-03-11"],
)  # fmt: skip
def test_bad_input_prepares_nothing(ada, marketer, query):
    where = f"/staff/corrections/new/?{query}"
    assert marketer.get(where).status_code == 200
    marketer.post(where, {"once": "0199f4a0-0000-7000-8000-000000000000", "deed": "take_back", "reason": "x"})
    assert not Correction.objects.exists()
