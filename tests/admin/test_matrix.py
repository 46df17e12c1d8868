"""Every role on every page: what each may open is stated here, and a page without a rule fails."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.urls import URLPattern, URLResolver, reverse
from django.urls.exceptions import NoReverseMatch

from loyalty import policies, roles
from loyalty.admin import site
from loyalty.models import ApiKey, Decision, Entry, Role, User
from members import reconciliation, terms
from members.models import Message
from rewards import corrections, drafts, whatif
from rewards.till.urls import urlpatterns as till

from .conftest import signed_in

OPEN = "open"  # before sign-in
STAFF = "staff"  # whoever is signed in
NOBODY = "nobody"  # never, whoever asks

# What a page of a list needs; a list's pages are …_changelist, _change, _add, _delete and _history.
LISTS = {
    "members_member": "members",
    "members_sale": "sales",
    "members_message": "messages",
    "loyalty_account": "ledger",
    "loyalty_entry": "ledger",
    "loyalty_lot": "ledger",
    "loyalty_hold": "ledger",
    "loyalty_decision": "ledger",
    "rewards_redemption": "ledger",
    "rewards_offlinedevice": "sales",
    "rewards_offlineconflict": "sales",
    "loyalty_programme": "programme",
    "loyalty_store": "stores",
    "loyalty_apikey": "keys",
    "loyalty_user": "staff",
    "loyalty_fact": "facts",
    "loyalty_auditrecord": "audit",
}
PAGES: dict[str, Any] = {
    "admin:index": "home or till",
    "admin:login": OPEN,
    "admin:login_code": OPEN,
    "admin:login_setup": OPEN,
    "admin:logout": OPEN,
    "admin:language": OPEN,
    "admin:jsi18n": STAFF,
    "admin:search": STAFF,
    "admin:app_list": STAFF,
    "admin:password_change": STAFF,
    "admin:password_change_done": STAFF,
    "admin:books": ("do", "books"),
    "admin:reconciliation": ("view", "reconciliations"),
    "admin:reconciliation_one": ("view", "reconciliations"),
    "admin:reconciliation_file": [("view", "reconciliations"), ("do", "export")],
    "admin:liability": ("do", "books"),
    "admin:liability_month": ("do", "books"),
    "admin:liability_journal": [("do", "books"), ("do", "export")],
    "admin:programme": ("view", "programme"),
    "admin:programme_calendar": ("view", "programme"),
    "admin:programme_versions": ("view", "programme"),
    "admin:programme_compare": ("view", "programme"),
    "admin:programme_version": ("view", "programme"),
    "admin:programme_back": ("change", "drafts"),
    "admin:programme_new": ("change", "drafts"),
    "admin:campaign_switch": ("change", "drafts"),
    "admin:draft_start": ("change", "drafts"),
    "admin:draft": ("view", "drafts"),
    "admin:draft_part": ("view", "drafts"),
    "admin:draft_review": ("view", "drafts"),
    "admin:whatif_start": ("view", "drafts"),
    "admin:whatif": ("view", "drafts"),
    "admin:whatif_stop": ("change", "drafts"),
    "admin:whatif_members": [("view", "drafts"), ("view", "members"), ("do", "export")],  # all of them
    "admin:closing": ("view", "terms"),
    "admin:clock": ("do", "clock"),
    "admin:expiry": ("view", "ledger"),
    "admin:expired": ("do", "reinstate"),
    "admin:reinstatement": ("do", "approve"),
    "admin:terms": ("view", "terms"),
    "admin:terms_version": ("view", "terms"),
    "admin:corrections": ("view", "corrections"),
    "admin:corrections_new": ("do", "correct"),
    "admin:correction": ("view", "corrections"),
    "admin:members_member_contact": ("do", "contact"),
    "admin:loyalty_apikey_new": ("change", "keys"),
    "admin:loyalty_apikey_revoke": ("change", "keys"),
    "admin:loyalty_user_reset": ("change", "staff"),
    "till:find": ("do", "till"),
    "till:store": ("do", "till"),
    "till:member": ("do", "till"),
    "till:sell": ("do", "till"),
    "till:sold": ("do", "till"),
    "till:hold": ("do", "till"),
    "till:finish": ("do", "till"),
}
POSTED = {
    "admin:draft_start",
    "admin:whatif_stop",
    "admin:members_member_contact",
    "till:store",
    "till:sell",
    "till:hold",
    "till:finish",
    "admin:logout",
}
# Written out once more, by hand, so that a slip in the table shows.
SHOP = {"members", "sales", "ledger", "messages", "programme", "stores"}
ALL = {"drafts", "keys", "staff", "facts", "audit", "corrections", "terms", "reconciliations"}
MAY_VIEW = {
    Role.CASHIER: set(),
    Role.MANAGER: SHOP,
    Role.SUPPORT: {*SHOP, "facts", "corrections", "terms"},
    Role.MARKETER: {*SHOP, "drafts", "corrections", "terms"},
    Role.FINANCE: {"sales", "ledger", "programme", "drafts", "stores", "corrections", "terms", "reconciliations"},
    Role.AUDITOR: {*SHOP, *ALL},
    Role.ADMINISTRATOR: {*SHOP, *ALL},
}
MAY_CHANGE = {Role.MARKETER: {"drafts"}, Role.ADMINISTRATOR: {"stores", "keys", "staff", "drafts"}}
MAY_DO = {
    Role.CASHIER: {"till"},
    Role.MANAGER: {"home", "till", "contact", "export", "offline"},
    Role.SUPPORT: {"home", "contact", "export", "offline", "reinstate"},
    Role.MARKETER: {"home", "correct", "terms", "clock"},
    Role.FINANCE: {"home", "books", "check", "export", "approve", "close", "reconcile"},
    Role.AUDITOR: {"home", "books", "check", "export"},
    Role.ADMINISTRATOR: {
        "home",
        "till",
        "contact",
        "export",
        "offline",
        "books",
        "check",
        "correct",
        "approve",
        "terms",
        "closing",
        "close",
        "reconcile",
        "clock",
        "reinstate",
    },
}


def names(patterns: list[Any], prefix: str) -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from names(pattern.url_patterns, prefix)
        elif pattern.name:
            yield f"{prefix}:{pattern.name}", pattern


EVERY = dict([*names(site.get_urls(), "admin"), *names(till, "till")])


def rule(name: str) -> Any:
    """What the page needs: OPEN, STAFF, NOBODY or (act, thing)."""
    if name in PAGES:
        return PAGES[name]
    for listed, thing in LISTS.items():
        kind = name.removeprefix(f"admin:{listed}_")
        if kind == name:
            continue
        if kind in ("changelist", "change"):
            return ("view", thing)
        if kind == "history":
            return ("view", "audit")
        if kind == "add":
            return ("change", "staff") if listed == "loyalty_user" else NOBODY
        if kind == "delete":
            return NOBODY
    raise AssertionError(f"{name} has no rule in {__name__}: say who may open it")


def allowed(role: str, needed: Any) -> bool:
    if needed in (OPEN, STAFF):
        return True
    if needed == "home or till":
        return bool(MAY_DO[role] & {"home", "till"})
    if needed == NOBODY:
        return False
    if isinstance(needed, list):
        return all(allowed(role, one) for one in needed)
    act, thing = needed
    return thing in {"view": MAY_VIEW, "change": MAY_CHANGE, "do": MAY_DO}[act].get(role, set())


def test_every_page_has_a_rule():
    assert len(EVERY) > 80
    for name in EVERY:
        rule(name)


@pytest.mark.parametrize("role", Role.values)
def test_the_table_says_what_is_written_here(role):
    powers = roles.TABLE[role]
    assert powers.view == MAY_VIEW[role]
    assert powers.change == MAY_CHANGE.get(role, set())
    assert powers.do == MAY_DO[role]


def correction(sale, hire):
    day = timedelta(days=1)
    scope = corrections.Scope("base", sale.occurred_at - day, sale.occurred_at + day)
    user = hire(Role.ADMINISTRATOR)
    asked = corrections.look(correction=uuid4(), scope=scope, user=user)
    assert corrections.count(correction=asked.pk)
    return corrections.prepare(correction=asked.pk, deed="forgive", reason="A test", words={}, user=user)


def compared():
    rows = [reconciliation.Row(2, policies.store("main"), date(2026, 3, 10), 100, receipt="R-9")]
    statement = reconciliation.Statement(rows=rows, content=b"", source="file")
    return reconciliation.reconcile(statement=statement, actor="system:test").reconciliation


@pytest.fixture
def things(ada, hire, desk) -> dict[str, Any]:
    """One row of everything, to open."""
    sale = ada.sales.order_by("occurred_at").first()
    entry = Entry.objects.filter(account=ada.account_id).first()
    decision = Decision.objects.filter(subject=sale.pk).get()
    Message.objects.create(
        member=ada,
        code="welcome",
        channel="email",
        key="fact:1",
        language="en",
        subject="Welcome",
        text="Hello",
        occurred_at=entry.occurred_at,
    )
    made = desk.post(reverse("admin:loyalty_apikey_new"), {"name": "Till 3", "scopes": ["sales"]})
    assert made.status_code == 200 and made.context["token"].startswith("lk_")
    return {
        "member_id": ada.pk,
        "request_id": uuid4(),
        "sale_id": sale.pk,
        "user_id": hire(Role.SUPPORT).pk,
        "key_id": ApiKey.objects.get().pk,
        "redemption_id": uuid4(),
        "correction_id": correction(sale, hire).pk,
        "run_id": whatif.start(
            document=policies.current().document, name="Today", since=None, until=None, actor="system:test"
        ).pk,
        "terms_id": terms.draft(actor="test").pk,
        "version": 1,
        "month": "2026-03",
        "run": compared().pk,
        "draft_id": drafts.start(name="Draft", actor="system:test").pk,
        "section": "rules",
        "code": "base",
        "app_label": "loyalty",
        "members_member": ada.pk,
        "members_sale": sale.pk,
        "members_message": Message.objects.get().pk,
        "loyalty_account": ada.account_id,
        "loyalty_entry": entry.pk,
        "loyalty_lot": entry.lots.get().pk,
        "loyalty_decision": decision.pk,
        "loyalty_programme": 1,
        "loyalty_store": entry.store_id,
        "loyalty_apikey": ApiKey.objects.get().pk,
        "loyalty_user": hire(Role.SUPPORT).pk,
        "loyalty_auditrecord": 1,
    }


def address(name: str, things: dict[str, Any]) -> str | None:
    """Where to find an example of the page, None where there is no row of its kind."""
    listed = next((one for one in LISTS if name.startswith(f"admin:{one}_")), "")
    arguments = {}
    for argument in EVERY[name].pattern.converters or {}:
        value = things.get(listed) if argument == "object_id" else things.get(argument)
        if value is None:
            return None
        arguments[argument] = value
    if name == "admin:app_list":
        arguments = {"app_label": "loyalty"}
    try:
        return reverse(name, kwargs=arguments)
    except NoReverseMatch:
        return None


@pytest.mark.parametrize("role", Role.values)
def test_each_role_opens_what_it_may_and_nothing_else(role, things, hire):
    client, wrong = signed_in(hire(role)), []
    for name in EVERY:
        needed = rule(name)
        where = address(name, things)
        if where is None or needed == OPEN:
            continue
        response = client.post(where, {"store": "main"}) if name in POSTED else client.get(where)
        opened = response.status_code != 403
        if "/staff/login/" in response.get("Location", ""):
            opened = False
        if opened != allowed(role, needed):
            wrong.append((name, response.status_code))
    assert wrong == []


def test_nobody_who_is_not_signed_in_opens_anything(things, client):
    for name in EVERY:
        where = address(name, things)
        if where is None or rule(name) == OPEN:
            continue
        response = client.post(where, {}) if name in POSTED else client.get(where)
        assert response.status_code == 302 and "/staff/login/" in response["Location"], name


def test_permissions_of_django_come_from_the_table(hire):
    auditor = User.objects.get(pk=hire(Role.AUDITOR).pk)
    assert auditor.has_perm("loyalty.view_entry") and not auditor.has_perm("loyalty.change_entry")
    assert not auditor.has_perm("loyalty.delete_entry") and not auditor.has_perm("auth.view_group")
    admin = User.objects.get(pk=hire(Role.ADMINISTRATOR).pk)
    assert admin.has_perm("loyalty.delete_staffrole") and not admin.has_perm("loyalty.delete_user")
