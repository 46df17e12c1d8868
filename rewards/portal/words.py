"""What entries, lines and rules are called, in the language of the page (UI.md chapter 7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext_lazy, pgettext

from loyalty.models import Entry, Kind
from loyalty.policies import Policies, localised

TITLES = {
    Kind.EARN: gettext_lazy("Points earned"),
    Kind.REDEEM: gettext_lazy("Points used"),
    Kind.GIVE_BACK: gettext_lazy("Points given back"),
    Kind.RETURN: gettext_lazy("Return"),
    Kind.WRITE_OFF: gettext_lazy("Debt written off"),
    Kind.EXPIRE: gettext_lazy("Expired"),
    Kind.REINSTATE: gettext_lazy("Points restored"),
    Kind.ADJUST: gettext_lazy("Adjustment"),
    Kind.TRANSFER_OUT: gettext_lazy("Sent to another member"),
    Kind.TRANSFER_IN: gettext_lazy("Received from another member"),
    Kind.FORFEIT: gettext_lazy("Membership ended"),
    Kind.REVERSE: gettext_lazy("Correction"),
}
# Why a line of a receipt did not count (basis.lines[].why of a decision).
LINES = {
    "voided": gettext_lazy("Cancelled at the till"),
    "gift_card_load": gettext_lazy("Gift cards earn when they are spent, not when they are bought"),
    "shipping": gettext_lazy("Delivery does not count"),
    "fee": gettext_lazy("Fees do not count"),
    "excluded_category": gettext_lazy("This kind of item does not count"),
    "excluded_sku": gettext_lazy("This item does not count"),
    "excluded_label": gettext_lazy("Items marked like this do not count"),
}
LINE_OTHERWISE = gettext_lazy("Does not count")
# Why a rule did not apply (not_applied[].why of a decision).
RULES = {
    "not_started": gettext_lazy("Had not begun yet"),
    "ended": gettext_lazy("Had ended"),
    "no_line": gettext_lazy("Nothing in this purchase takes part"),
    "no_base_points": gettext_lazy("There were no points to multiply"),
    "higher_factor": gettext_lazy("A higher multiplier counted instead"),
    "group": gettext_lazy("A better offer counted instead"),
    "not_stackable": gettext_lazy("Cannot be combined with another offer of this purchase"),
    "weekday": gettext_lazy("On other days of the week"),
    "programme_closing": gettext_lazy("The programme is ending: nothing is earned any more"),
    "hour": gettext_lazy("At other times of day"),
    "date": gettext_lazy("On other days"),
    "tier": gettext_lazy("For another tier"),
    "segment": gettext_lazy("For other members"),
    "plan": gettext_lazy("For members with a plan"),
    "birthday_month": gettext_lazy("In the month of your birthday"),
    "purchases": gettext_lazy("For another number of purchases"),
    "store": gettext_lazy("In other shops"),
    "store_group": gettext_lazy("In other shops"),
    "channel": gettext_lazy("In another way of buying"),
    "amount": gettext_lazy("For another amount"),
    "quantity": gettext_lazy("For another quantity"),
}
RULE_OTHERWISE = gettext_lazy("The conditions were not met")
CAPS = {
    "per_sale": gettext_lazy("Limit for one purchase reached"),
    "per_day": gettext_lazy("Limit for one day reached"),
    "per_member": gettext_lazy("Limit for one member reached"),
    "total": gettext_lazy("All points of this offer are given out"),
}


def title(entry: Entry, language: str) -> str:
    """What happened, in a few words."""
    if entry.kind == Kind.EARN and entry.reference.startswith("sale:") and entry.store:
        return purchase(localised(entry.store.name, language))
    return str(TITLES[Kind(entry.kind)])


def purchase(store: str) -> str:
    """A purchase in a shop."""
    return pgettext("a purchase", "%(store)s") % {"store": store}


def line_why(why: str) -> str:
    """Why a line did not count."""
    return str(LINES.get(why, LINE_OTHERWISE))


def rule_why(why: str) -> str:
    """Why a rule did not apply."""
    return str(RULES.get(why, RULE_OTHERWISE))


def cap_why(cap: str) -> str:
    """Which limit cut the points."""
    return str(CAPS.get(cap, RULE_OTHERWISE))


def rule_name(programme: Policies, code: str, language: str) -> str:
    """The name of a rule in the version that decided, else its code."""
    return localised(programme.compiled(_names).get(code) or code, language)


def reason_name(programme: Policies, code: str, language: str) -> str:
    """The name of a staff reason, else its code."""
    for entry in programme.document.get("reasons", ()):
        if entry.get("code") == code:
            return localised(entry.get("name", code), language)
    return code


def _names(programme: Policies) -> dict[str, Any]:
    return {rule["code"]: rule.get("name") for rule in _rules(programme.document) if rule.get("name")}


def _rules(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from document.get("rules", ())
    for campaign in document.get("campaigns", ()):
        name = campaign.get("name")
        for rule in campaign.get("rules", ()):
            yield {"name": name, **rule} if name else rule
