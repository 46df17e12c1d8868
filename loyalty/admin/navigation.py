"""What stands in the side bar: only what the person may open, with counts only for work that waits."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from loyalty import clock, policies, roles

# (icon, title, address, act, thing); addresses of upper floors are names, resolved when asked.
_HOME = [("home", "Home", "admin:index", "do", "home"), ("point_of_sale", "Till", "till:find", "do", "till")]
_MEMBERS = [
    ("person", "Members", "admin:members_member_changelist", "view", "members"),
    ("receipt_long", "Sales", "admin:members_sale_changelist", "view", "sales"),
    ("menu_book", "Ledger", "admin:loyalty_entry_changelist", "view", "ledger"),
    ("fact_check", "Decisions", "admin:loyalty_decision_changelist", "view", "ledger"),
]
_MEMBERS.append(("redeem", "Redemptions", "admin:rewards_redemption_changelist", "view", "ledger"))
_PROGRAMME = [
    ("rule", "Programme", "admin:programme", "view", "programme"),
    ("query_stats", "What if", "admin:whatif_start", "view", "drafts"),
    ("calendar_month", "Calendar", "admin:programme_calendar", "view", "programme"),
    ("history_edu", "Versions", "admin:programme_versions", "view", "programme"),
    ("gavel", "Terms", "admin:terms", "view", "terms"),
    ("undo", "Corrections", "admin:corrections", "view", "corrections"),
    ("event_busy", "Closing", "admin:closing", "view", "terms"),
]
_CONNECTIONS = [
    ("mail", "Messages", "admin:members_message_changelist", "view", "messages"),
    ("conversion_path", "Facts", "admin:loyalty_fact_changelist", "view", "facts"),
    ("cloud_off", "Offline tills", "admin:rewards_offlinedevice_changelist", "view", "sales"),
    ("sync_problem", "Offline conflicts", "admin:rewards_offlineconflict_changelist", "view", "sales"),
    ("storefront", "Stores", "admin:loyalty_store_changelist", "view", "stores"),
    ("key", "API keys", "admin:loyalty_apikey_changelist", "view", "keys"),
]
_BOOKS = [
    ("account_balance", "Liability", "admin:liability", "do", "books"),
    ("rule_settings", "Reconciliation", "admin:reconciliation", "view", "reconciliations"),
    ("hourglass_bottom", "Expiry", "admin:expiry", "view", "ledger"),
    ("balance", "Checks", "admin:books", "do", "books"),
    ("history", "Audit log", "admin:loyalty_auditrecord_changelist", "view", "audit"),
    ("badge", "Staff", "admin:loyalty_user_changelist", "view", "staff"),
]
_SANDBOX = [("schedule", "Test clock", "admin:clock", "do", "clock")]


def groups(request: HttpRequest) -> list[dict[str, Any]]:
    """The side bar of whoever asks, as the theme wants it."""
    named = [
        (None, _HOME),
        (_("Members"), _MEMBERS),
        (_("Programme"), _PROGRAMME),
        (_("Connections"), _CONNECTIONS),
        (_("Books"), _BOOKS),
        (_("Sandbox"), [] if clock.is_real() else _SANDBOX),
    ]
    shown = []
    for title, entries in named:
        items = [item for entry in entries if (item := _item(request, *entry))]
        if items:
            shown.append({"title": title, "items": items})
    return shown


def _item(request: HttpRequest, icon: str, title: str, name: str, act: str, thing: str) -> dict[str, Any] | None:
    if not roles.may(request.user, act, thing):
        return None
    try:
        link = reverse(name)
    except NoReverseMatch:
        return None
    inside = request.path.startswith(link) and not any(request.path.startswith(other) for other in _inner(name))
    active = request.path == link if name == "admin:index" else inside
    return {"icon": icon, "title": _(title), "link": link, "active": active}


def _inner(name: str) -> list[str]:
    """Addresses below an entry's that are entries of their own."""
    return (
        [reverse("admin:programme_calendar"), reverse("admin:programme_versions")] if name == "admin:programme" else []
    )


def account(request: HttpRequest) -> list[dict[str, Any]]:
    """Links of the person's own menu."""
    return [{"title": _("Change password"), "link": reverse("admin:password_change")}]


def programme_name(request: HttpRequest | None = None) -> str:
    """The programme's own name in the language of the page."""
    return policies.localised(policies.current().name, get_language() or "en")


def _marked() -> None:
    """Titles of the tables above, for the translators' tools; never called."""
    (
        _("Home"),
        _("Till"),
        _("Programme"),
        _("What if"),
        _("Calendar"),
        _("Sales"),
        _("Ledger"),
        _("Decisions"),
        _("Versions"),
        _("Messages"),
        _("Facts"),
    )
    _("Redemptions"), _("Stores"), _("API keys"), _("Checks"), _("Audit log"), _("Staff")
    _("Terms"), _("Corrections"), _("Closing"), _("Liability"), _("Reconciliation")
    _("Offline tills"), _("Offline conflicts"), _("Expiry"), _("Test clock")
