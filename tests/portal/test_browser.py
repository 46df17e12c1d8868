"""The portal in a real browser: signing in, the card, receipts, languages, sizes, light and dark."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from members import profile
from members.models import Member
from tests.browser import DESKTOP, PHONE, Complaints, new_page, overflow
from tests.portal import data
from tests.size import SIZE

pytestmark = pytest.mark.browser
SMALL = {"width": 320, "height": 568}
LOCALES = {"en": "en-GB", "ja": "ja-JP"}
PAGES = ["/", "/activity/", "/card/", "/rewards/", "/events/", "/inbox/", "/tiers/", "/profile/", "/profile/edit/"]
OPEN = ["/sign-in/", "/join/"]
TO_SIGN_IN = {"en": "Send the code", "ja": "コードを送る"}


@pytest.fixture
def world(committed: str) -> data.World:
    """The members, committed."""
    return data.build()


def mailed_code(folder: Path) -> str:
    """The code in the newest mail file."""
    newest = max(folder.iterdir(), key=lambda file: file.stat().st_mtime_ns)
    return re.findall(r"^ {4}(\d{6})$", newest.read_text(), re.MULTILINE)[-1]


def sign_in(page: Page, served: str, email: str, language: str, settings) -> None:
    """By the mailed code, as a person does it."""
    page.goto(f"{served}/sign-in/")
    page.get_by_label({"en": "E-mail address", "ja": "メールアドレス"}[language]).fill(email)
    page.get_by_role("button", name=TO_SIGN_IN[language]).click()
    page.locator("#code").fill(mailed_code(Path(settings.EMAIL_FILE_PATH)))
    page.locator("#code").press("Enter")
    page.wait_for_url(f"{served}/")


def speak(member: Member, language: str) -> None:
    """Let the member's pages be in this language."""
    member.profile.language = language
    profile.Profile.objects.filter(member=member).update(language=language)


def contrast_faults(page: Page) -> list[str]:
    """What axe finds against WCAG 2.2 AA."""
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": rules}})
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found.response["violations"]
        for node in violation["nodes"]
    ]


@pytest.mark.parametrize("language", ["en", "ja"])
def test_ada_signs_in_turns_her_card_reads_a_receipt_and_changes_the_language(
    world, served, browser: Browser, settings, language
):
    speak(world.ada, language)
    page = new_page(browser, locale=LOCALES[language])
    complaints = Complaints().watch(page)
    sign_in(page, served, "misaki@example.jp", language, settings)
    expect(page.locator(".hero .bar")).to_be_visible()
    page.locator("input[value=qr]").check()
    expect(page.locator(".hero .qr")).to_be_visible()
    expect(page.locator(".hero .bar")).to_be_hidden()
    page.goto(f"{served}/activity/")
    closed = page.locator("details:not([open])").first
    name = closed.get_attribute("id")
    closed.locator("summary").click()
    expect(page.locator(f"#{name} .receipt .total")).to_be_visible()
    other = {"en": "ja", "ja": "en"}[language]
    page.locator(f"button[lang={other}]").click()
    expect(page.locator("html")).to_have_attribute("lang", other)
    assert page.url == f"{served}/activity/"
    assert complaints.found == []


def test_everything_works_without_javascript(world, served, browser: Browser, settings):
    speak(world.ada, "en")
    context = browser.new_context(viewport=PHONE, locale="en-GB", java_script_enabled=False)
    page = context.new_page()
    sign_in(page, served, "misaki@example.jp", "en", settings)
    page.locator("input[value=qr]").check()
    expect(page.locator(".hero .qr")).to_be_visible()
    page.goto(f"{served}/profile/")
    switch = page.get_by_role("switch", name="Offers by e-mail")
    expect(switch).to_have_attribute("aria-checked", "true")
    switch.click()
    expect(page.get_by_role("switch", name="Offers by e-mail")).to_have_attribute("aria-checked", "false")
    expect(page.get_by_role("status")).to_contain_text("Offers by e-mail: off.")
    page.goto(f"{served}/inbox/")
    page.locator("a.row").first.click()
    page.get_by_role("button", name="Mark as unread").click()
    expect(page.get_by_role("status")).to_contain_text("Marked as unread.")
    page.goto(f"{served}/profile/")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Sign in")
    page.goto(f"{served}/card/")
    assert page.url == f"{served}/sign-in/?next=/card/"


LOOKS = [("en", PHONE, False), ("ja", PHONE, True)]
if SIZE != "short":
    LOOKS += [("ja", PHONE, False), ("en", PHONE, True)]
    LOOKS += [(language, DESKTOP, dark) for language in ("en", "ja") for dark in (False, True)]


@pytest.mark.parametrize(("language", "size", "dark"), LOOKS)
def test_no_page_overflows_complains_or_is_hard_to_read(
    world, served, browser: Browser, settings, language, size, dark
):
    for member in (world.ada, world.ben, world.eve):
        speak(member, language)
    page = new_page(browser, locale=LOCALES[language], size=size, dark=dark)
    complaints = Complaints().watch(page)
    for address in OPEN:
        check(page, served + address)
    sign_in(page, served, "misaki@example.jp", language, settings)
    for address in PAGES:
        check(page, served + address)
    page.context.clear_cookies()
    sign_in(page, served, "ben@example.com", language, settings)
    check(page, served + "/")
    assert complaints.found == []


def check(page: Page, address: str) -> None:
    """No sideways scroll at 320 px and at the size given, targets large enough, nothing that axe finds."""
    page.goto(address)
    assert overflow(page) == 0, address
    size = page.viewport_size
    page.set_viewport_size(SMALL)
    assert overflow(page) == 0, f"{address} at 320"
    page.set_viewport_size(size or PHONE)
    small = page.evaluate(
        """() => [...document.querySelectorAll('a, button, input:not([type=hidden]), select, summary')]
        .filter(e => e.offsetParent !== null && !e.closest('.why, .notice, .lede, .skip, .tick, .swap'))
        .map(e => [e.outerHTML.slice(0, 80), e.getBoundingClientRect()])
        .filter(([_, r]) => r.width < 24 || r.height < 24).map(([h, r]) => `${h} ${r.width}x${r.height}`)"""
    )
    assert small == [], address
    assert contrast_faults(page) == [], address


def test_the_statement_prints_without_navigation(world, served, browser: Browser, settings):
    speak(world.ada, "en")
    page = new_page(browser)
    sign_in(page, served, "misaki@example.jp", "en", settings)
    page.goto(f"{served}/activity/")
    page.emulate_media(media="print")
    expect(page.locator(".print-only")).to_contain_text("9801 2345 6789 0128")
    expect(page.locator(".tabs")).to_be_hidden()
    expect(page.locator(".tool").first).to_be_hidden()


def test_script_in_a_name_is_text_and_the_policy_would_stop_it(world, served, browser: Browser, settings):
    profile.Profile.objects.filter(member=world.eve).update(
        name="<img src=x onerror=alert(1)><script>alert(2)</script>", language="en"
    )
    page = new_page(browser)
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    sign_in(page, served, "eve@example.com", "en", settings)
    for address in ("/", "/profile/", "/card/", "/activity/"):
        page.goto(served + address)
        expect(page.locator("body")).to_be_visible()
    assert dialogs == []
