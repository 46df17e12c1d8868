"""The way of a new marketer in a real browser: sign-in to published campaign, clicks counted; and how it looks."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Browser, Page

from loyalty import factors, policies
from loyalty.models import Role
from rewards import drafts, whatif
from rewards.models import Draft
from tests.browser import DESKTOP, PHONE, Complaints, every_look, overflow

from . import osaka
from .conftest import PASSWORD
from .test_looks import RULES, opened

pytestmark = pytest.mark.browser
SHOTS = os.environ.get("LOYALTY_SHOTS")  # a folder: keep pictures there


@pytest.fixture
def programme(committed):
    return osaka.shop()


@pytest.fixture
def milo(hire):
    return hire(Role.MARKETER)


class Hand:
    """A person at the screen. Every click and every step into a field is counted; typing is not."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.clicks = 0

    def click(self, where: str) -> None:
        self.clicks += 1
        self.page.locator(where).first.click()
        self.page.wait_for_load_state()

    def fill(self, where: str, text: str) -> None:
        field = self.page.locator(where).first
        if not field.evaluate("one => one === document.activeElement"):
            self.clicks += 1
        field.fill(text)


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)


def test_double_points_on_tuesdays_in_fifteen_clicks(browser: Browser, served: str, programme, milo):
    page = browser.new_context(viewport=DESKTOP, locale="en-GB").new_page()
    said = Complaints().watch(page)
    hand = Hand(page)
    page.goto(f"{served}/staff/")
    hand.fill("[name=email]", milo.email)
    hand.fill("[name=password]", PASSWORD)
    hand.click("main button[type=submit]")
    hand.fill("[name=code]", factors.present_code(milo))
    hand.click("main button[type=submit]")
    hand.click("#nav-sidebar a[href='/staff/programme/']")
    hand.click("text=New campaign")
    hand.click("button:has-text('Double points on a weekday')")
    hand.click("label:has-text('Tuesday')")
    hand.click("label:has-text('osaka')")
    hand.click("label:has-text('Silver') >> visible=true")
    hand.fill("[name='budget.points']", "50000")
    page.wait_for_function("document.getElementById('say').innerText.includes('50,000')")
    words = page.inner_text("#say")
    assert "Silver and above members get 2 times the points." in words and "On Tuesday." in words, words
    assert "In the Osaka stores only." in words and "At most 50,000 points in total" in words
    assert page.inner_text("#reach") == "2 of 3 members"
    shoot(page, "path-editor")
    if SHOTS:
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=str(Path(SHOTS) / "campaign-editor.png"))
    hand.click("button:has-text('Save and review')")
    assert "No what-if was run" in page.inner_text("#whatif")
    hand.click("button:has-text('Run a what-if')")
    while whatif.work():
        pass
    page.wait_for_selector("#whatif table")
    assert "Sales replayed" in page.inner_text("#whatif")
    shoot(page, "path-review")
    hand.click("button:has-text('Publish')")
    assert "Version 2 is published" in page.content()
    shoot(page, "path-published")
    [campaign] = policies.current().document["campaigns"]
    assert campaign["window"] == {"weekdays": [2]} and campaign["store_groups"] == ["osaka"]
    assert campaign["audience"]["all"] == [{"field": "member.tier", "op": "in", "value": ["silver", "gold"]}]
    assert campaign["budget"]["points"] == 50_000
    print(f"clicks: {hand.clicks}")
    assert hand.clicks <= 15
    assert said.found == []


@pytest.fixture
def pages(programme, milo) -> dict[str, str]:
    """Every page of the programme, with a campaign that has everything, one that overlaps, a draft with problems."""
    actor = f"staff:{milo.pk}"
    rich = {
        "code": "tuesdays",
        "name": {"en": "Double points on Tuesdays", "ja": "火曜日ポイント2倍"},
        "window": {"from": "2026-11-01T00:00:00+09:00", "weekdays": [2], "hours": ["10:00", "20:00"]},
        "audience": {
            "all": [
                {"field": "member.tier", "op": "in", "value": ["silver", "gold"]},
                {
                    "any": [
                        {"field": "member.purchases", "op": ">=", "value": 3},
                        {"all": [{"field": "member.birthday_month", "op": "=", "value": True}]},
                    ]
                },
            ]
        },
        "store_groups": ["osaka"],
        "budget": {"points": 50000, "at_end": "partial"},
        "control_percent": 10,
        "rules": [
            {"code": "tue-double", "kind": "multiplier", "factor": "2", "of": "all"},
            {
                "code": "tue-beans",
                "kind": "fixed",
                "points": 20,
                "each": "unit",
                "lines": {"include": {"categories": ["coffee"]}, "exclude": {"skus": ["DECAF"]}},
                "when": {"all": [{"field": "basket.amount", "op": ">=", "value": "3000"}]},
                "caps": {"per_day": 100},
            },
        ],
    }
    always = {
        "code": "beans",
        "name": {"en": "Beans", "ja": "コーヒー豆"},
        "window": {"until": "2027-01-01T00:00:00+09:00"},
        "rules": [{"code": "beans-bonus", "kind": "per_visit", "points": 5}],
    }
    document = {**osaka.DOCUMENT, "campaigns": [rich, always]}
    policies.apply(document=document, actor=actor)
    draft = drafts.start(name="火曜日と誕生月のキャンペーンをまとめた長い名前の下書き", actor=actor)
    changed = {**rich, "rules": [{**rich["rules"][0], "factor": "3"}, {**rich["rules"][1], "points": "many"}]}
    drafts.change(
        draft_id=draft.pk,
        section="campaigns",
        code="tuesdays",
        part=changed,
        seen=drafts.fingerprint(rich),
        actor=actor,
    )
    return {
        "overview": reverse("admin:programme"),
        "new": reverse("admin:programme_new"),
        "calendar": reverse("admin:programme_calendar") + "?month=2026-12",
        "draft": reverse("admin:draft", args=[draft.pk]),
        "campaign": reverse("admin:draft_part", args=[draft.pk, "campaigns", "tuesdays"]),
        "rule": reverse("admin:draft_part", args=[draft.pk, "rules", "base"]),
        "review": reverse("admin:draft_review", args=[draft.pk]),
        "versions": reverse("admin:programme_versions"),
        "version": reverse("admin:programme_version", args=[2]),
        "compare": reverse("admin:programme_compare") + "?old=1&new=2",
        "back": reverse("admin:programme_back", args=[1]),
        "switch": reverse("admin:campaign_switch", args=["beans"]),
    }


@every_look
def test_every_page_fits_and_can_be_read(browser, served, pages, milo, language, size, scheme):
    context, wrong = opened(browser, served, milo, language=language, size=size, scheme=scheme), []
    for name, address in pages.items():
        page = context.new_page()
        said = Complaints().watch(page)
        response = page.goto(served + address)
        assert response is not None and response.status == 200, address
        page.wait_for_timeout(100)
        wrong += [(name, text) for text in said.found]
        if over := overflow(page):
            wrong.append((name, f"{over} px too wide"))
        found = Axe().run(
            page,
            context=".work",
            options={"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}},
        )
        wrong += [(name, f"{v['id']}: {n['html'][:160]}") for v in found.response["violations"] for n in v["nodes"]]
        shoot(page, f"{name}-{language}-{size['width']}-{scheme}")
        page.close()
    context.close()
    assert RULES and wrong == []


def test_the_editor_works_without_script(browser, served, pages, milo):
    context = browser.new_context(viewport=PHONE, java_script_enabled=False)
    source = opened(browser, served, milo, language="en", size=PHONE, scheme="light")
    context.add_cookies(source.cookies())
    page = context.new_page()
    page.goto(served + pages["campaign"])
    page.click("button[value='row:audience:1']")
    page.select_option("[name='audience.1.2.field']", "member.spend")
    page.click("button.no-script")
    page.fill("[name='audience.1.2.value']", "5,000")
    page.fill("[name='rules.1.points']", "25")
    page.click("button[value=save]")
    campaign = Draft.objects.get().document["campaigns"][0]
    assert campaign["audience"]["all"][1]["any"][2] == {"field": "member.spend", "op": ">=", "value": "5000"}
    assert campaign["rules"][1]["points"] == 25
    context.close()
    source.close()


def test_a_row_added_with_script_gets_the_focus_back(browser, served, pages, milo):
    context = opened(browser, served, milo, language="en", size=DESKTOP, scheme="light")
    page = context.new_page()
    said = Complaints().watch(page)
    page.goto(served + pages["rule"])
    page.click("button[value='row:when:']")
    page.wait_for_selector("[name='when.0.field']")
    page.focus("[name='when.0.field']")
    page.select_option("[name='when.0.field']", "time.hour")
    page.wait_for_selector("input[type=text][name='when.0.value']")
    assert page.evaluate("document.activeElement.name") == "when.0.field"
    page.fill("[name='when.0.value']", "18")
    page.wait_for_function("document.getElementById('say').innerText.includes('18')")
    assert "hour of the day is at least 18" in page.inner_text("#say")
    assert said.found == []
    context.close()


def test_problems_come_and_go_at_their_controls_while_one_types(browser, served, programme, milo):
    """The live panel: what is wrong is said beside the control, in its words, and no longer when it is mended."""
    context = opened(browser, served, milo, language="ja", size=DESKTOP, scheme="light")
    page = context.new_page()
    said = Complaints().watch(page)
    page.goto(f"{served}{reverse('admin:programme_new')}")
    page.click("button[value=weekday]")
    page.wait_for_selector("#f-window-weekdays-error")
    assert "曜日を1つ以上" in page.inner_text("#f-window-weekdays-error")
    page.check("[name='window.weekdays'][value='2']")
    page.wait_for_selector("#f-window-weekdays-error", state="detached")
    page.locator("[name='audience.0.value']").last.check()
    page.wait_for_selector("#f-audience-0-error", state="detached")
    page.fill("[name='rules.0.factor']", "abc")
    page.fill("[name='budget.points']", "9" * 30)
    page.wait_for_selector("#f-budget-points-error")
    assert page.inner_text("#f-rules-0-factor-error") == "「abc」は数ではありません。"
    assert page.inner_text("#f-budget-points-error").startswith("大きすぎます。")
    assert page.get_attribute("[name='budget.points']", "aria-describedby") == "f-budget-points-error"
    assert page.evaluate("document.activeElement.name") == "budget.points", "typing is not disturbed"
    assert page.input_value("[name='budget.points']") == "9" * 30
    shoot(page, "live-problems-ja-1280")
    assert "倍率" in page.inner_text("#panel") and overflow(page) == 0
    page.set_viewport_size(PHONE)
    shoot(page, "live-problems-ja-390")
    assert overflow(page) == 0
    page.fill("[name='rules.0.factor']", "2")
    page.fill("[name='budget.points']", "500")
    page.wait_for_selector("#f-budget-points-error", state="detached")
    assert page.locator("#editor .error[id]").count() == 0 and page.locator("[aria-invalid]").count() == 0
    page.wait_for_selector("#panel table.tried")
    assert said.found == []
    context.close()
