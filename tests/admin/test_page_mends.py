"""What testers found on the programme's pages: budgets in money, names in conflicts and versions, folded reasons."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from django.db import transaction
from django.urls import reverse

from loyalty import clock, policies
from loyalty.models import Role
from members import closing, terms
from members.models import Terms
from rewards import drafts, whatif
from rewards.models import Draft, SharedCounter

from . import osaka
from .conftest import signed_in
from .test_programme_pages import began, fields, marketer, milo, programme  # noqa: F401
from .test_programme_problems import SOUND
from .test_terms_pages import FORM

CAMPAIGN = {
    "code": "beauty",
    "name": {"en": "Beauty days", "ja": "美容の日"},
    "rules": [{"code": "beauty-rule", "kind": "per_visit", "points": 5}],
}


def said(page) -> str:
    return html.unescape(page.content.decode())


def with_budget(**budget):
    settings = {**osaka.DOCUMENT["settings"], "point_value": "2"}
    document = {**osaka.DOCUMENT, "settings": settings, "campaigns": [{**CAMPAIGN, "budget": budget}]}
    policies.apply(document=document, actor="staff:x")
    SharedCounter.objects.update_or_create(key="campaign:beauty", defaults={"granted": 1250})


def test_a_budget_in_money_is_measured_in_money(marketer):  # noqa: F811
    address = reverse("admin:programme")
    with_budget(money="10000")
    text = said(marketer.get(address))
    assert "¥2,500 of ¥10,000 granted" in text and "25.0%" in text and "points granted" not in text
    with_budget(points=2500, money="10000")
    assert "1,250 of 2,500 points granted" in said(marketer.get(address)), "points are what limits it"


def test_a_conflict_shows_a_changed_name(marketer, milo):  # noqa: F811
    address = began(marketer)
    mine = fields(marketer.get(address)) | SOUND
    other = mine | {"name.en": ["Quiet Tuesdays"], "do": ["save"]}
    assert marketer.post(address, other).status_code == 302
    page = marketer.post(address, mine | {"budget.points": ["700"], "do": ["save"]})
    assert page.status_code == 409
    notice = said(page).split("There now")[1].split("Save again")[0]
    assert "Name: Quiet Tuesdays / " in notice and "Name: Double points on a weekday / " in notice
    same = marketer.post(address, other | {"budget.points": ["700"]})
    assert same.status_code == 409 and "Name: " not in said(same).split("There now")[1].split("Save again")[0]


def test_the_list_of_versions_names_campaigns_and_says_why(marketer, milo):  # noqa: F811
    policies.apply(document={**osaka.DOCUMENT, "campaigns": [CAMPAIGN]}, actor="staff:x")
    drafts.switch(campaign="beauty", enabled=False, actor=f"staff:{milo.pk}")
    soon, later = clock.now() + timedelta(days=40), clock.now() + timedelta(days=80)
    with transaction.atomic():
        closing.announce(earning_until=soon, redeeming_until=later, text={}, reason="We move", actor="staff:x")
    with transaction.atomic():
        closing.call_off(reason="We stay", actor="staff:x")
    text = said(marketer.get(reverse("admin:programme_versions")))
    assert "“Beauty days” paused" in text and "beauty" not in text.replace("Beauty", "")
    assert "The end of the programme announced. We move" in text
    assert "The end of the programme called off. We stay" in text
    japanese = said(marketer.get(reverse("admin:programme_versions"), headers={"accept-language": "ja"}))
    assert "「美容の日」を一時停止" in japanese and "プログラムの終了を告知. We move" not in japanese
    compare = said(marketer.get(reverse("admin:programme_compare") + "?old=3&new=4"))
    assert "End of the programme" in compare and "earning_until" not in compare
    assert "Points are earned until the end of" in compare


def test_a_what_if_of_a_version_is_named_in_the_reader_s_language(marketer):  # noqa: F811
    policies.apply(document={**osaka.DOCUMENT, "campaigns": [CAMPAIGN]}, actor="staff:x")
    ask = {"source": "version:1", "period": "all"}
    started = marketer.post(reverse("admin:whatif_start"), ask, headers={"accept-language": "ja"})
    assert started.status_code == 302, said(started)[-2000:]
    assert "What if: Version 1" in said(marketer.get(started["Location"]))
    for page in (started["Location"], reverse("admin:whatif_start")):
        text = said(marketer.get(page, headers={"accept-language": "ja"}))
        assert "Version 1" not in text and "version:1<" not in text


def test_rules_that_did_not_apply_are_folded(marketer, milo):  # noqa: F811
    address = began(marketer)
    marketer.post(address, fields(marketer.get(address)) | SOUND | {"do": ["save"]})
    review = reverse("admin:draft_review", args=[Draft.objects.get().pk])
    marketer.post(review, {"do": "whatif"})
    while whatif.work():
        pass
    [link] = set(re.findall(r'href="(/staff/what-if/[0-9a-f-]{36}/)"', marketer.get(review).content.decode()))
    text = said(marketer.get(link))
    assert "begin empty in this reckoning" in text, "why it differs from the books"
    sales = text[text.index('id="w-sales"') :]
    assert "<summary>1 rule did not apply</summary>" in sales
    assert 'class="not"' not in re.sub(r"<details>.*?</details>", "", sales, flags=re.DOTALL)


@pytest.fixture
def written(marketer):  # noqa: F811
    where = marketer.post("/staff/terms/")["Location"]
    marketer.post(where, FORM)
    return where


def test_terms_of_a_day_that_is_past_are_refused_at_the_field(marketer, written):  # noqa: F811
    seen = marketer.get(written).context["seen"]
    page = marketer.post(written, {"publish": "1", "sure": "1", "seen": seen, "day": "2020-01-01"})
    assert page.status_code == 200 and Terms.objects.get().published_at is None
    assert 'id="id_day_error">That day is past. Choose today or a later day.' in said(page)


def test_terms_are_asked_for_once_more_before_they_are_published(marketer, written):  # noqa: F811
    seen, today = marketer.get(written).context["seen"], clock.day_of(clock.now(), policies.current().zone).isoformat()
    asked = marketer.post(written, {"publish": "1", "seen": seen, "day": today})
    assert "Publish version 1 for good" in said(asked) and "can never be changed" in said(asked)
    assert Terms.objects.get().published_at is None, "nothing is published yet"
    stale = marketer.post(written, {"publish": "1", "seen": "x", "day": today})
    assert "for good" not in said(stale) and "changed meanwhile" in said(stale)
    assert marketer.post(written, {"publish": "1", "sure": "1", "seen": seen, "day": today}).status_code == 302
    assert terms.current().version == 1


@pytest.mark.parametrize(
    ("earning", "redeeming", "field"), [(-3, 90, "earning"), (60, 10, "redeeming"), (60, 50, "redeeming")]
)
def test_the_closing_says_what_is_wrong_at_its_field(hire, programme, earning, redeeming, field):  # noqa: F811
    cleo = signed_in(hire(Role.ADMINISTRATOR))
    today = clock.day_of(clock.now(), policies.current().zone)
    form = {"act": "announce", "reason": "We move", "name": "Naniwa Club", "text_en": "", "text_ja": ""}
    days = {"earning": today + timedelta(days=earning), "redeeming": today + timedelta(days=redeeming)}
    page = said(cleo.post("/staff/closing/", form | {key: day.isoformat() for key, day in days.items()}))
    assert re.findall(r'id="id_(\w+)_error"', page) == [field]
    assert page.count("Points must count for 30 days") == (field == "redeeming"), "at the field, not at the top too"
    assert policies.current().closing is None
