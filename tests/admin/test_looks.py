"""The pages in a real browser: nothing overflows, nothing breaks the content policy, every text can be read."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Page

from loyalty.liability import closing, reporting
from loyalty.models import Role
from members import reconciliation, terms
from members.models import Sale
from rewards import corrections
from tests.browser import PHONE, every_look
from tests.members.test_terms import CHANGES, MORE, published, written

from .conftest import signed_in

# Rules of what stands on the page; the theme's own landmarks and switches are its authors' affair.
RULES = ["color-contrast", "label", "button-name", "link-name", "image-alt", "document-title", "html-has-lang"]

pytestmark = pytest.mark.browser


def newer_pages(ada, cleo) -> list[str]:
    """A correction that is prepared, terms with a draft of the next version, a closing that is announced."""
    scope = corrections.Scope("base", datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
    waiting = corrections.look(correction=uuid4(), scope=scope, user=cleo)
    counted, made = (corrections.look(correction=uuid4(), scope=scope, user=cleo) for _ in range(2))
    for one in (counted, made):
        assert corrections.count(correction=one.pk)
    corrections.prepare(correction=made.pk, deed="take_back", reason="Wrong labels", words={"en": "Sorry."}, user=cleo)
    first = published()
    terms.accept(member=ada, version=1, place="portal", source="member")
    return [
        reverse("admin:corrections"),
        reverse("admin:corrections_new"),
        reverse("admin:corrections_new") + "?rule=base&since=2026-03-01&through=2026-03-31",
        *(reverse("admin:correction", args=[one.pk]) for one in (waiting, counted, made)),
        reverse("admin:terms"),
        reverse("admin:terms_version", args=[first.pk]),
        reverse("admin:terms_version", args=[written(MORE, CHANGES).pk]),
        reverse("admin:closing"),
    ]


def finance_pages() -> list[str]:
    """The liability with a closed month, and a till's day that does not agree."""
    inputs = reporting.Inputs(rate=Fraction(97, 100), point_minor=Fraction(1), note="As agreed")
    closing.close(month=date(2026, 3, 1), inputs=inputs, sales={}, actor="system:test")
    content = (
        b"store,day,receipt,amount\nmain,2026-03-10,R-1,1.00\nmain,2026-03-10,R-9,2.00\nmain,2026-03-11,R-1b,2.00\n"
    )
    rows = reconciliation.read(content, currency="USD")
    statement = reconciliation.Statement(rows=rows, content=content, source="file", name="till.csv")
    run = reconciliation.reconcile(statement=statement, actor="system:test").reconciliation
    return [
        reverse("admin:liability") + "?since=2026-01-01&until=2026-06-30",
        reverse("admin:liability_month", args=["2026-03"]),
        reverse("admin:liability_month", args=["2026-04"]),
        reverse("admin:reconciliation"),
        reverse("admin:reconciliation_one", args=[run.pk]),
    ]


@pytest.fixture
def pages(committed, ada, cleo) -> list[str]:
    sale = Sale.objects.get(receipt="R-1")
    return [
        "/staff/",
        reverse("admin:members_member_changelist"),
        reverse("admin:members_member_change", args=[ada.pk]),
        reverse("admin:loyalty_decision_change", args=[sale.decision_id]),
        reverse("admin:loyalty_entry_changelist"),
        reverse("admin:loyalty_apikey_new"),
        reverse("admin:loyalty_user_change", args=[cleo.pk]),
        reverse("admin:loyalty_auditrecord_changelist"),
        *newer_pages(ada, cleo),
        *finance_pages(),
        reverse("admin:books"),
        reverse("admin:password_change"),
        reverse("till:find"),
        reverse("till:member", args=[ada.pk]),
    ]


def opened(browser: Browser, served: str, user, *, language: str, size: dict, scheme: str) -> BrowserContext:
    context = browser.new_context(viewport=size, locale=language, color_scheme=scheme)
    session = signed_in(user).cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": served}])
    return context


def complaints(page: Page) -> list[str]:
    found = Axe().run(page, options={"runOnly": {"type": "rule", "values": RULES}}).response["violations"]
    return [f"{rule['id']}: {node['html'][:120]}" for rule in found for node in rule["nodes"]]


@every_look
def test_every_page_fits_and_can_be_read(browser, served, pages, cleo, language, size, scheme):
    context, wrong = opened(browser, served, cleo, language=language, size=size, scheme=scheme), []
    for address in pages:
        page = context.new_page()
        said: list[str] = []
        page.on("console", lambda line, to=said: to.append(line.text) if line.type == "error" else None)
        response = page.goto(served + address)
        page.wait_for_timeout(150)
        assert response is not None and response.status == 200, address
        assert "login" not in page.url, address
        wrong += [(address, text) for text in said if "404" not in text]
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if over > 0:
            wrong.append((address, f"{over} px too wide"))
        wrong += [(address, text) for text in complaints(page)]
        page.close()
    context.close()
    assert wrong == []


def test_a_cashier_sells_without_script(browser, served, committed, ada, hire):
    context = browser.new_context(viewport=PHONE, java_script_enabled=False)
    session = signed_in(hire(Role.CASHIER, store="main")).cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": served}])
    page = context.new_page()
    page.goto(f"{served}/staff/")
    assert page.url.endswith("/staff/till/"), page.content()[:3000]
    page.fill("[name=who]", "ada@example.com")
    page.press("[name=who]", "Enter")
    page.fill("[name=amount]", "12.34")
    page.click("form[action$='sell/'] button")
    page.click("form[action$='sell/'] button")
    assert "+12" in page.inner_text("main")
    context.close()
