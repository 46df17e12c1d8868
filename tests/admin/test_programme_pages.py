"""The programme on the staff side: read in words, edited in drafts, published; nothing typed is ever lost."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from urllib.parse import unquote

import pytest
from django.test import Client
from django.urls import reverse

from loyalty import clock, factors, policies
from loyalty.models import AuditRecord, Programme, Role
from rewards import drafts
from rewards.models import Draft

from . import osaka
from .conftest import PASSWORD, signed_in
from .test_signin import somewhere


@pytest.fixture
def programme(request):
    if "committed" not in request.fixturenames:
        request.getfixturevalue("db")
    return osaka.shop()


@pytest.fixture
def milo(hire):
    return hire(Role.MARKETER)


@pytest.fixture
def marketer(milo) -> Client:
    return signed_in(milo)


def fields(response) -> dict:
    """What a browser would post of the editor's form: controls by name, lists of values."""
    text = html.unescape(response.content.decode())
    form = text[text.index('id="editor"') : text.index("</form>", text.index('id="editor"'))]
    found: dict[str, list[str]] = {}
    for tag in re.finditer(r"<input\b[^>]*>", form):
        attributes = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag[0]))
        if attributes.get("type") in ("checkbox", "radio") and " checked" not in tag[0]:
            continue
        if "name" in attributes:
            found.setdefault(attributes["name"], []).append(attributes.get("value", "on"))
    for select in re.finditer(r'<select\b[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', select[2]) or re.search(
            r'<option value="([^"]*)"', select[2]
        )
        found[select[1]] = [chosen[1] if chosen else ""]
    found.pop("csrfmiddlewaretoken", None)
    return found


def began(client: Client, pattern: str = "weekday") -> str:
    response = client.post(reverse("admin:programme_new"), {"pattern": pattern})
    assert response.status_code == 302, response.content[:500]
    return response["Location"]


def test_the_programme_reads_as_sentences(marketer):
    page = marketer.get(reverse("admin:programme")).content.decode()
    assert "1 point for every ¥100." in page
    page = marketer.get(reverse("admin:programme"), headers={"accept-language": "ja"}).content.decode()
    assert "100円" in page and "ごとに" in page


def test_a_campaign_is_built_saved_and_published(marketer, milo):
    address = began(marketer)
    page = marketer.get(address)
    form = fields(page)
    form |= {
        "window.weekdays": ["2"],
        "store_groups": ["osaka"],
        "audience.0.op": ["at_least"],
        "audience.0.value": ["silver"],
        "budget.points": ["50,000"],
        "do": ["review"],
    }
    response = marketer.post(address, form)
    assert response.status_code == 302 and response["Location"].endswith("/review/"), response.content.decode()[-3000:]
    draft = Draft.objects.get()
    [campaign] = draft.document["campaigns"]
    assert campaign["window"] == {"weekdays": [2]} and campaign["store_groups"] == ["osaka"]
    assert campaign["audience"] == {"all": [{"field": "member.tier", "op": "in", "value": ["silver", "gold"]}]}
    assert campaign["budget"] == {"points": 50000, "at_end": "partial"}
    review = marketer.get(response["Location"]).content.decode()
    assert "Silver and above members get 2 times the points." in review and "On Tuesday." in review
    seen = drafts.fingerprint(draft.document)
    done = marketer.post(response["Location"], {"do": "publish", "seen": seen, "when": "now", "note": "Tuesdays"})
    assert done.status_code == 302, done.content.decode()[-3000:]
    newest = Programme.objects.order_by("version").last()
    assert newest.version == 2 and newest.document["campaigns"] == [campaign] and newest.actor == f"staff:{milo.pk}"
    record = AuditRecord.objects.get(action="programme.published")
    assert record.object_id == "2" and record.reason == "Tuesdays"
    page = marketer.get(reverse("admin:programme")).content.decode()
    assert "running" in page and "Tuesdays" in page


def test_buttons_of_the_form_change_its_shape_and_lose_nothing(marketer):
    address = began(marketer)
    form = fields(marketer.get(address)) | {
        "budget.points": ["not a number"],
        "window.from": ["2026-12-01"],
        "do": ["row:audience:"],
    }
    page = marketer.post(address, form)
    again = fields(page)
    assert (
        "audience.1.field" in again
        and again["budget.points"] == ["not a number"]
        and again["window.from"] == ["2026-12-01"]
    )
    again |= {"audience.1.field": ["member.purchases"], "do": ["look"]}
    page = marketer.post(address, again)
    again = fields(page)
    assert again["audience.1.op"] == [">="] and again["audience.1.value"] == [""]
    page = marketer.post(address, again | {"do": ["group:audience:"]})
    again = fields(page)
    assert again["audience.2.join"] == ["any"] and "audience.2.0.field" in again
    page = marketer.post(address, again | {"do": ["drop:audience:1"]})
    again = fields(page)
    assert "audience.1.join" in again and "audience.2.join" not in again
    assert Draft.objects.get().document["campaigns"][0].get("budget") == {"at_end": "partial"}, "looking saves nothing"


def test_what_cannot_be_read_is_named_at_its_control(marketer):
    address = began(marketer)
    form = fields(marketer.get(address)) | {"rules.0.factor": ["twice"], "do": ["look"]}
    page = marketer.post(address, form).content.decode()
    assert 'id="f-rules-0-factor" value="twice"' in page and 'id="f-rules-0-factor-error"' in page


def test_two_editors_are_told_of_each_other(marketer, hire):
    other = hire(Role.MARKETER)
    theirs = signed_in(other)
    address = began(marketer)
    mine, second = fields(marketer.get(address)), fields(theirs.get(address))
    assert theirs.post(address, second | {"rules.0.factor": ["3"], "do": ["save"]}).status_code == 302
    page = marketer.post(address, mine | {"budget.points": ["700"], "do": ["save"]})
    text = page.content.decode()
    assert page.status_code == 409 and "saved this in the meantime" in text and "3 times the points" in text
    again = fields(page)
    assert again["budget.points"] == ["700"]
    assert marketer.post(address, again | {"do": ["save"]}).status_code == 302
    [campaign] = Draft.objects.get().document["campaigns"]
    assert campaign["budget"]["points"] == 700 and campaign["rules"][0]["factor"] == "2"
    assert Draft.objects.get().changes.count() == 3, "the other edit is kept"


def test_what_was_typed_outlives_the_session(hire, milo):
    client = Client(REMOTE_ADDR=somewhere(), enforce_csrf_checks=False)
    desk = signed_in(milo)
    address = began(desk)
    form = fields(desk.get(address)) | {"budget.points": ["4711"], "do": ["save"]}
    desk.post(reverse("admin:logout"))
    response = desk.post(address, form)
    assert response.status_code == 302 and "/staff/login/" in response["Location"]
    target = unquote(response["Location"].split("next=")[1])
    client.post(reverse("admin:login"), {"email": milo.email, "password": PASSWORD, "next": target})
    back = client.post(reverse("admin:login_code"), {"code": factors.present_code(milo)})
    assert back["Location"] == target
    page = client.get(target)
    assert fields(page)["budget.points"] == ["4711"] and "still here" in page.content.decode()
    assert Draft.objects.get().document["campaigns"][0]["budget"] == {"at_end": "partial"}


def test_a_version_published_meanwhile_is_not_published_over(marketer, milo):
    address = began(marketer, "hours")
    draft = Draft.objects.get()
    changed = {**osaka.DOCUMENT, "rules": [{**osaka.DOCUMENT["rules"][0], "points": 2}]}
    policies.apply(document=changed, actor="staff:other")
    review = reverse("admin:draft_review", args=[draft.pk])
    seen = drafts.fingerprint(draft.document)
    refused = marketer.post(review, {"do": "publish", "seen": seen, "when": "now"})
    assert refused.status_code == 409 and Programme.objects.count() == 2
    assert marketer.post(review, {"do": "rebase"}).status_code == 302
    draft.refresh_from_db()
    assert draft.document["rules"][0]["points"] == 2 and draft.document["campaigns"] and draft.based_on == 2
    done = marketer.post(review, {"do": "publish", "seen": drafts.fingerprint(draft.document), "when": "now"})
    assert done.status_code == 302 and policies.current().version == 3
    assert address


def test_the_same_thing_changed_on_both_sides_is_asked_about(marketer, milo):
    actor = f"staff:{milo.pk}"
    draft = drafts.start(name="Three", actor=actor)
    base = osaka.DOCUMENT["rules"][0]
    drafts.change(
        draft_id=draft.pk,
        section="rules",
        code="base",
        part={**base, "points": 3},
        seen=drafts.fingerprint(base),
        actor=actor,
    )
    policies.apply(document={**osaka.DOCUMENT, "rules": [{**base, "points": 2}]}, actor="staff:other")
    review = reverse("admin:draft_review", args=[draft.pk])
    page = marketer.post(review, {"do": "rebase"})
    assert page.status_code == 409 and 'name="take.rules/base"' in page.content.decode()
    assert marketer.post(review, {"do": "rebase", "take.rules/base": "theirs"}).status_code == 302
    draft.refresh_from_db()
    assert draft.document["rules"][0]["points"] == 2


def test_going_back_is_a_version_of_its_own(marketer):
    policies.apply(document={**osaka.DOCUMENT, "rules": []}, actor="staff:other")
    page = reverse("admin:programme_back", args=[1])
    assert "1 point for every" in marketer.get(page).content.decode()
    assert marketer.post(page, {"seen": "1"}).status_code == 409, "another one was newest when it was asked"
    assert marketer.post(page, {"seen": "2", "note": "Too dear"}).status_code == 302
    assert policies.current().version == 3 and policies.current().document == osaka.DOCUMENT
    versions = marketer.get(reverse("admin:programme_versions")).content.decode()
    assert "Back to version 1. Too dear" in versions
    compare = marketer.get(reverse("admin:programme_compare") + "?old=2&new=3").content.decode()
    assert "1 point for every" in compare


def test_what_begins_later_is_not_undone_by_what_is_published_before(marketer):
    later = clock.now() + timedelta(days=7)
    dearer = {**osaka.DOCUMENT, "rules": [{**osaka.DOCUMENT["rules"][0], "points": 2}]}
    policies.apply(document=dearer, actor="staff:x", valid_from=later)
    began(marketer, "hours")
    draft = Draft.objects.get()
    seen = drafts.fingerprint(draft.document)
    review = reverse("admin:draft_review", args=[draft.pk])
    refused = marketer.post(review, {"do": "publish", "seen": seen, "when": "now"})
    assert refused.status_code == 409 and "would undo this one" in refused.content.decode()
    day = (later + timedelta(days=2)).date().isoformat()
    assert marketer.post(review, {"do": "publish", "seen": seen, "when": "later", "from": day}).status_code == 302
    assert marketer.post(reverse("admin:programme_back", args=[1]), {"seen": "3"}).status_code == 302
    for days in (0, 8, 20):
        assert policies.current(clock.now() + timedelta(days=days)).document == osaka.DOCUMENT, "going back is for good"


def test_a_campaign_is_paused_and_runs_again(marketer):
    began(marketer, "hours")
    draft = Draft.objects.get()
    drafts.publish(draft_id=draft.pk, seen=drafts.fingerprint(draft.document), actor="staff:x")
    code = draft.document["campaigns"][0]["code"]
    page = reverse("admin:campaign_switch", args=[code])
    assert marketer.get(page).status_code == 200
    assert marketer.post(page, {"enabled": "no"}).status_code == 302
    assert policies.current().document["campaigns"][0]["enabled"] is False
    assert "paused" in marketer.get(reverse("admin:programme")).content.decode()
    marketer.post(page, {"enabled": "yes"})
    assert policies.current().document["campaigns"] == draft.document["campaigns"]


def test_the_test_basket_shows_before_and_after(marketer):
    address = began(marketer)
    form = fields(marketer.get(address)) | {
        "audience.0.value": ["silver"],
        "try.who": ["tier:gold"],
        "try.store": ["umeda"],
        "try.line.0.amount": ["2,000"],
        "try.sale": [""],
        "do": ["look"],
    }
    page = marketer.post(address, form)
    panel = page.context["panel"]
    assert panel["old"]["points"] == "20" and panel["new"]["points"] == "40", panel
    assert panel["reach"]["reached"] == "2" and panel["reach"]["members"] == "3"
    assert len(panel["samples"]) == 3


def test_auditors_read_and_change_nothing(marketer, hire):
    address = began(marketer)
    auditor = signed_in(hire(Role.AUDITOR))
    page = auditor.get(address)
    assert page.status_code == 200 and "Save and review" not in page.content.decode()
    assert auditor.post(address, {"do": "save"}).status_code == 403
    draft = Draft.objects.get()
    assert auditor.post(reverse("admin:draft", args=[draft.pk]), {"do": "discard"}).status_code == 403
    assert signed_in(hire(Role.SUPPORT)).get(address).status_code == 403
    assert signed_in(hire(Role.CASHIER, store="umeda")).get(reverse("admin:programme")).status_code == 403


def test_the_calendar_shows_campaigns_that_overlap(marketer):
    for pattern in ("weekday", "hours"):
        began(marketer, pattern)
    first, second = Draft.objects.order_by("created_at")
    document = {**osaka.DOCUMENT, "campaigns": [first.document["campaigns"][0], second.document["campaigns"][0]]}
    document["campaigns"][0]["window"] = {"weekdays": [2]}
    policies.apply(document=document, actor="staff:x")
    page = marketer.get(reverse("admin:programme_calendar") + "?month=2026-12")
    days = {day["iso"]: len(day["running"]) for week in page.context["weeks"] for day in week}
    assert days["2026-12-01"] == 2 and days["2026-12-02"] == 1
    assert b"several" in page.content


def test_every_starting_point_opens(marketer):
    for pattern in ("product", "threshold", "hours", "birthday", "back", "empty"):
        page = marketer.get(began(marketer, pattern))
        assert page.status_code == 200
        form = fields(page)
        assert marketer.post(page.request["PATH_INFO"], form | {"do": ["look"]}).status_code == 200


def test_opening_and_saving_changes_nothing(marketer):
    address = began(marketer)
    before = Draft.objects.get().document
    assert marketer.post(address, fields(marketer.get(address)) | {"do": ["save"]}).status_code == 302
    assert Draft.objects.get().document == before and Draft.objects.get().changes.count() == 1
