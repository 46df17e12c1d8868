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
    "no_member": gettext_lazy("No card was shown"),
    "no_base_points": gettext_lazy("There were no points to multiply"),
    "higher_factor": gettext_lazy("A higher multiplier counted instead"),
    "group": gettext_lazy("A better offer counted instead"),
    "not_stackable": gettext_lazy("Cannot be combined with another offer of this purchase"),
    "lines_amount": gettext_lazy("More of these items must be bought"),
    "lines_quantity": gettext_lazy("More of these items must be bought"),
    "paused": gettext_lazy("Paused at that time"),
    "campaign_window": gettext_lazy("On other days"),
    "hours": gettext_lazy("At other times of day"),
    "audience": gettext_lazy("For other members"),
    "control_group": gettext_lazy("Not offered to you: we keep some members out to see what an offer does"),
    "budget": gettext_lazy("All points of this offer are given out"),
    "limit": gettext_lazy("You have had all the points of this offer, or they are given out"),
    "any": gettext_lazy("The conditions were not met"),
    "amount": gettext_lazy("For another amount"),
    "amount_without_tax": gettext_lazy("For another amount"),
    "quantity": gettext_lazy("For another quantity"),
    "skus": gettext_lazy("With other items"),
    "categories": gettext_lazy("With other items"),
    "labels": gettext_lazy("With other items"),
    "brands": gettext_lazy("With other brands"),
    "currency": gettext_lazy("In another currency"),
    "store": gettext_lazy("In other shops"),
    "store_group": gettext_lazy("In other shops"),
    "channel": gettext_lazy("In another way of buying"),
    "tenders": gettext_lazy("With another way of paying"),
    "weekday": gettext_lazy("On other days of the week"),
    "programme_closing": gettext_lazy("The programme is ending: nothing is earned any more"),
    "hour": gettext_lazy("At other times of day"),
    "date": gettext_lazy("On other days"),
    "tier": gettext_lazy("For another tier"),
    "segment": gettext_lazy("For other members"),
    "plan": gettext_lazy("For members with a plan"),
    "age_days": gettext_lazy("For members of another time since joining"),
    "birthday_month": gettext_lazy("In the month of your birthday"),
    "purchases": gettext_lazy("For another number of purchases"),
    "spend": gettext_lazy("For another amount of purchases so far"),
    "average_basket": gettext_lazy("For another amount of purchases so far"),
    "visits": gettext_lazy("For another number of purchases"),
    "last_sale_days": gettext_lazy("For another time since your last purchase"),
}
RULE_OTHERWISE = gettext_lazy("The conditions were not met")
CAPS = {
    "per_sale": gettext_lazy("Limit for one purchase reached"),
    "per_day": gettext_lazy("Limit for one day reached"),
    "per_member": gettext_lazy("Limit for one member reached"),
    "total": gettext_lazy("All points of this offer are given out"),
    "budget": gettext_lazy("All points of this offer are given out"),
}
# What the programme noticed itself (the kind of an activity).
ACTIVITIES = {
    "member.enrolled": gettext_lazy("Welcome to the programme"),
    "profile.complete": gettext_lazy("Your profile is complete"),
    "birthday": gettext_lazy("Happy birthday"),
    "feedback.given": gettext_lazy("Thank you for your feedback"),
    "event.checkin": gettext_lazy("You came to an event"),
    "referral.friend": gettext_lazy("A friend brought you"),
    "referral.referrer": gettext_lazy("You brought a friend"),
}


def title(entry: Entry, language: str) -> str:
    """What happened, in a few words."""
    if entry.kind == Kind.EARN and entry.reference.startswith("sale:") and entry.store:
        return purchase(localised(entry.store.name, language))
    return str(TITLES[Kind(entry.kind)])


def activity(kind: str) -> str:
    """What the member did, where the programme has words for it; "" for kinds of reporters."""
    return str(ACTIVITIES.get(kind, ""))


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


def campaign_name(programme: Policies, code: str, language: str) -> str:
    """The name of a campaign in the version that decided, else its code."""
    for campaign in programme.document.get("campaigns", ()):
        if campaign.get("code") == code:
            return localised(campaign.get("name") or code, language)
    return code


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
