"""Codes of the ledger in words that staff use."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from loyalty import clock
from loyalty.admin import words
from loyalty.models import Hold

KINDS: dict[str, Any] = {
    "earn": _("Earned"),
    "redeem": _("Redeemed"),
    "give_back": _("Given back"),
    "return": _("Taken back for a return"),
    "write_off": _("Written off"),
    "expire": _("Expired"),
    "reinstate": _("Reinstated"),
    "adjust": _("Adjusted by staff"),
    "transfer_out": _("Sent to another member"),
    "transfer_in": _("Received from another member"),
    "forfeit": _("Forfeited"),
    "reverse": _("Reversed"),
}
DECISIONS: dict[str, Any] = {
    "sale": _("Sale"),
    "return": _("Return"),
    "tier": _("Tier"),
    "redemption": _("Redemption"),
    "activity": _("Activity"),
    "refusal": _("Refusal"),
    "correction": _("Correction"),
}
HOUSES: dict[str, Any] = {
    "issued": _("issued"),
    "redeemed": _("redeemed"),
    "expired": _("expired"),
    "adjusted": _("adjusted"),
    "written_off": _("written off"),
    "in_transit": _("between members"),
}
HOLDS: dict[str, Any] = {
    "held": _("held"),
    "settled": _("settled"),
    "cancelled": _("cancelled"),
    "expired": _("timed out"),
}
# Why a line or a rule did not count (the engine's codes).
REASONS: dict[str, Any] = {
    "excluded_category": _("this category earns nothing"),
    "excluded_sku": _("this article earns nothing"),
    "excluded_label": _("this label earns nothing"),
    "voided": _("the line was voided"),
    "gift_card_load": _("loading a gift card earns nothing"),
    "shipping": _("shipping does not count"),
    "fee": _("fees do not count"),
    "not_started": _("not in force yet"),
    "ended": _("no longer in force"),
    "no_line": _("no line it looks at"),
    "no_member": _("no member was named"),
    "no_base_points": _("there were no points to multiply"),
    "higher_factor": _("a higher factor counted"),
    "group": _("another rule of its group counted"),
    "not_stackable": _("a rule that stands alone counted"),
    "lines_amount": _("its lines cost too little"),
    "lines_quantity": _("too few units of what it looks at"),
    # of a campaign
    "paused": _("the campaign is paused"),
    "campaign_window": _("outside the campaign's dates"),
    "hours": _("outside the campaign's hours"),
    "audience": _("the member is not in the audience"),
    "control_group": _("the member is in the control group, which gets nothing on purpose"),
    "budget": _("the budget is used up"),
    "limit": _("its caps and budget leave nothing of it"),
    # what a condition asks for
    "programme_closing": _("the programme is closing: nothing is earned any more"),
    "any": _("none of its conditions held"),
    "amount": _("another amount of the basket"),
    "amount_without_tax": _("another amount of the basket without tax"),
    "quantity": _("another number of units"),
    "skus": _("other articles in the basket"),
    "categories": _("other categories in the basket"),
    "labels": _("other labels in the basket"),
    "brands": _("other brands in the basket"),
    "currency": _("another currency"),
    "store": _("another store"),
    "store_group": _("another group of stores"),
    "channel": _("another channel"),
    "tenders": _("another way of paying"),
    "weekday": _("another day of the week"),
    "hour": _("another hour of the day"),
    "date": _("another date"),
    "tier": _("another tier"),
    "segment": _("another segment"),
    "plan": _("another plan"),
    "age_days": _("another time since joining"),
    "birthday_month": _("not the month of the birthday"),
    "purchases": _("another number of purchases"),
    "spend": _("another spend so far"),
    "average_basket": _("another average basket"),
    "visits": _("another number of visits"),
    "last_sale_days": _("another time since the last purchase"),
}
OTHERWISE = _("a condition did not hold: %(what)s")  # on an attribute of the member, or on what was sent
CAPS: dict[str, Any] = {
    "per_sale": _("the cap for one sale"),
    "per_day": _("the cap for one day"),
    "per_member": _("the cap for one member"),
    "total": _("the cap for all members"),
    "budget": _("the budget"),
}
# Why an operation was refused (codes of CONTRACT 1.1).
REFUSALS: dict[str, Any] = {
    "duplicate_receipt": _("this receipt was reported before"),
    "duplicate_activity": _("this reference was reported before, with other content"),
    "in_the_future": _("it has not happened yet, by our clock"),
    "too_old": _("it happened too long ago"),
    "wrong_currency": _("another currency than the programme's"),
    "store_not_found": _("there is no such open store"),
    "line_not_found": _("a discount names a line that is not there"),
    "lines_do_not_add_up": _("the lines do not add up to the total"),
    "tenders_do_not_add_up": _("the payments do not add up to the total"),
    "reward_not_available": _("the reward was not to be had"),
    "member_closed": _("the membership is closed"),
    "insufficient_points": _("there were not enough points"),
    "redemption_settled": _("the redemption was settled already"),
    "redemption_cancelled": _("the redemption was cancelled already"),
    "hold_expired": _("the points were set aside for too long"),
    "limit_reached": _("a limit was reached"),
}
OPERATIONS: dict[str, Any] = {
    "sale": _("Sale"),
    "activity": _("Activity"),
    "redemption": _("Redemption"),
}
TRIGGERS: dict[str, Any] = {
    "member.enrolled": _("Joined the programme"),
    "profile.complete": _("Completed the profile"),
    "birthday": _("Birthday"),
    "feedback.given": _("Gave feedback"),
    "event.checkin": _("Came to an event"),
    "referral.friend": _("Came through a friend"),
    "referral.referrer": _("Brought a friend"),
}


def kind(code: str) -> str:
    """A kind of entry."""
    return str(KINDS.get(code, code))


def house(code: str) -> str:
    """The other side of an entry."""
    return str(HOUSES.get(code, code))


def decision(code: str) -> str:
    """A kind of decision."""
    return str(DECISIONS.get(code, code))


def reason(code: str) -> str:
    """Why something did not count; of a condition on an attribute or on what was sent, its name."""
    return str(REASONS[code]) if code in REASONS else str(OTHERWISE) % {"what": code.replace("_", " ")}


def cap(code: str) -> str:
    """What cut the points."""
    return str(CAPS.get(code, code))


def refusal(code: str) -> str:
    """Why an operation was refused."""
    return str(REFUSALS.get(code, code.replace("_", " ")))


def operation(code: str) -> str:
    """What was asked for."""
    return str(OPERATIONS.get(code, code))


def activity(kind: str) -> str:
    """What a member did: the programme's own kinds in words, a reporter's kind as it is."""
    return str(TRIGGERS.get(kind, kind.removeprefix("activity:").replace("_", " ")))


def hold_state(hold: Hold) -> str:
    """A hold's state; past its time it has expired whether or not a job has run."""
    if hold.status == Hold.Status.HELD:
        if hold.expires_at <= clock.now():
            return words.state("off", _("timed out"))
        return words.state("wait", _("held"))
    word = HOLDS[hold.status]
    return words.state("on" if hold.status == Hold.Status.SETTLED else "off", word)
