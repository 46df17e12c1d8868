"""The pages of a correction: see who got what, prepare, approve, undo."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

import pytest
from django.urls import reverse

from loyalty import policies
from loyalty.models import AuditRecord, Entry, Role
from members import profile
from rewards import corrections
from rewards.models import Correction

from .conftest import DOCUMENT, signed_in

NEW = "/staff/corrections/new/"
DAYS = {"rule": "base", "since": "2026-03-10", "through": "2026-03-11"}


@pytest.fixture
def marketer(hire):
    return signed_in(hire(Role.MARKETER))


def ask(client, **changes) -> str:
    """The address of a question that was counted."""
    page = client.get(NEW)
    response = client.post(NEW, {"once": page.context["asked"]["once"].value(), **DAYS, **changes})
    assert response.status_code == 302, response.content.decode()[-3000:]
    assert corrections.count(correction=UUID(response.url.rstrip("/").rpartition("/")[2]))
    return response.url


def prepare(client, **changes) -> Correction:
    where = ask(client)
    form = {"deed": "take_back", "reason": "Wrong labels", **changes}
    response = client.post(where, form)
    assert response.status_code == 302, response.content.decode()[-3000:]
    return Correction.objects.order_by("prepared_at").last()


def test_the_preview_names_members_as_the_person_may_read_them(ada, marketer, desk):
    page = marketer.get(ask(marketer)).content.decode()
    assert "A** L." in page and "Ada Lovelace" not in page and "260 → 0" in page
    assert "Ada Lovelace" in desk.get(ask(desk)).content.decode()
    assert marketer.get(ask(marketer) + "?export=csv").status_code == 403
    lines = b"".join(desk.get(ask(desk) + "?export=csv")).decode("utf-8-sig").splitlines()
    assert lines[0].startswith("member,sales,granted") and lines[1].startswith(f"{ada.pk},2,260")


def test_the_page_renews_itself_until_it_is_counted(ada, marketer):
    page = marketer.get(NEW)
    where = marketer.post(NEW, {"once": page.context["asked"]["once"].value(), **DAYS}).url
    assert marketer.post(NEW, {"once": page.context["asked"]["once"].value(), **DAYS}).url == where
    page = marketer.get(where)
    assert page["Refresh"] == "2" and "Being counted" in page.content.decode()
    assert marketer.post(where, {"deed": "take_back", "reason": "x"}).status_code == 200  # nothing to decide yet
    found = Correction.objects.get()
    assert found.state == "counting" and not found.parts.exists()
    assert corrections.count(correction=found.pk)
    page = marketer.get(where)
    assert "Refresh" not in page and "What shall be done" in page.content.decode()
    assert "No rule was ever corrected" in marketer.get("/staff/corrections/").content.decode()


def test_what_somebody_else_asked_can_be_read_but_not_prepared(ada, hire, marketer):
    where = ask(marketer)
    other = signed_in(hire(Role.MARKETER))
    assert "What shall be done" not in other.get(where).content.decode()
    other.post(where, {"deed": "take_back", "reason": "x"})
    assert Correction.objects.get().state == "counted"
    assert signed_in(hire(Role.AUDITOR)).get(where).status_code == 403


def test_the_days_are_the_programmes_own_and_end_with_the_last(ada, marketer):
    page = marketer.get(ask(marketer, through="2026-03-10")).content.decode()
    assert "120 → 0" not in page and "260 → 140" in page


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


def limited(**limits) -> None:
    settings = {**DOCUMENT["settings"], "adjustments": limits}
    policies.apply(document={**DOCUMENT, "settings": settings}, actor="system:test")


def test_a_large_one_waits_for_finance(ada, hire, marketer):
    limited(second_person_over=200)
    finance = signed_in(hire(Role.FINANCE))
    made = prepare(marketer)
    assert made.needs_second
    where = reverse("admin:correction", args=[made.pk])
    page = marketer.get(where).content.decode()
    assert "With these 260 a second person must approve." in page and "Who may approve: Cleo finance." in page
    assert "Take the points back</button>" not in page
    marketer.post(where, {"act": "start", "content_hash": made.content_hash})
    assert Correction.objects.get().state == "prepared"
    page = finance.get(where).content.decode()
    assert "Approve and begin" in page and "Ada Lovelace" not in page
    finance.post(where, {"act": "start", "content_hash": made.content_hash})
    assert Correction.objects.get().state == "running"
    assert AuditRecord.objects.filter(action="correction.approved").count() == 1
    assert corrections.work_off(correction=made.pk)
    assert "Ask to give the points back" in marketer.get(where).content.decode()
    marketer.post(where, {"act": "undo", "reason": "It was right"})
    assert "Ask to give" not in marketer.get(where).content.decode()
    assert "Approve: give the points back" in finance.get(where).content.decode()
    marketer.post(where, {"act": "call_off"})
    assert Correction.objects.get().undo_asked_by == ""
    marketer.post(where, {"act": "undo", "reason": "It was right"})
    finance.post(where, {"act": "undo"})
    assert Correction.objects.get().state == "undoing"


def test_the_page_says_how_much_is_left_today(ada, hire, marketer):
    limited(second_person_over=300, daily_per_person=400)
    where = ask(marketer)
    assert "Today you may still move 300 points alone; you moved 0." in marketer.get(where).content.decode()
    made = prepare(marketer)
    marketer.post(reverse("admin:correction", args=[made.pk]), {"act": "start", "content_hash": made.content_hash})
    page = marketer.get(where).content.decode()
    assert "One person may move 400 points a day by hand; 140 of them are left." in page
    limited(second_person_over=300, daily_per_person=None)
    page = marketer.get(where).content.decode()
    assert "Today you may still move 40 points alone; you moved 260." in page
    assert "With these 260 a second person must approve." in page


def test_the_rule_is_chosen_by_its_name_also_one_of_a_former_version(ada, marketer):
    gone = {"code": "x-gone", "name": {"en": "Ten for nothing", "ja": "おまけ"}, "kind": "fixed", "points": 10}
    quiet = {"code": "saturday-double", "kind": "multiplier", "factor": "2", "of": "all"}
    fair = {"code": "fair", "name": {"en": "Summer fair", "ja": "夏祭り"}, "rules": [quiet]}
    policies.apply(document={**DOCUMENT, "rules": [*DOCUMENT["rules"], gone]}, actor="system:test")
    policies.apply(document={**DOCUMENT, "campaigns": [fair]}, actor="system:test")
    page = marketer.get(NEW + "?" + urlencode({**DAYS, "rule": "x-gone"})).content.decode()
    assert '<option value="base">1 point per dollar</option>' in page
    assert '<option value="saturday-double">Summer fair</option>' in page
    assert '<optgroup label="Of former versions only">' in page
    assert '<option value="x-gone" selected>Ten for nothing (x-gone)</option>' in page
    page = marketer.post(NEW, {**DAYS, "rule": "nosuch"}).content.decode()
    assert "There is no such rule: choose one of the list." in page and not Correction.objects.exists()


def test_the_programme_page_leads_to_it(ada, hire, marketer):
    quiet = {"code": "saturday-double", "kind": "multiplier", "factor": "2", "of": "all"}
    policies.apply(document={**DOCUMENT, "campaigns": [{"code": "fair", "rules": [quiet]}]}, actor="system:test")
    page = marketer.get(reverse("admin:programme")).content.decode()
    for rule in ("base", "saturday-double"):
        assert f"/staff/corrections/new/?rule={rule}" in page
    assert (
        "/staff/corrections/new/" not in signed_in(hire(Role.AUDITOR)).get(reverse("admin:programme")).content.decode()
    )


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
    assert "<b>Ada</b>" not in desk.get(ask(desk)).content.decode()


@pytest.mark.parametrize(
    "wrong",
    [{"rule": ""}, {"through": "2026-03-09"}, {"since": "x"}, {"version": "a"}, {"store": "nowhere"},
     {"rule": "nosuch"}, {"once": "x"}],
)  # fmt: skip
def test_bad_input_asks_nothing(ada, marketer, wrong):
    page = marketer.post(NEW, {"once": "0199f4a0-0000-7000-8000-000000000000", **DAYS, **wrong})
    assert (page.status_code == 200 and 'class="error"' in page.content.decode()) or "once" in wrong
    assert marketer.get(NEW + "?" + urlencode({**DAYS, **wrong})).status_code == 200
    assert not Correction.objects.exists()
