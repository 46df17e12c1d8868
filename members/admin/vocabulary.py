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
    "weekday": _("another day of the week"),
    "tier": _("another tier"),
    "programme_closing": _("the programme is closing: nothing is earned any more"),
    "store": _("another store"),
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
    """Why something did not count; the code itself where there are no words yet."""
    return str(REASONS.get(code, code.replace("_", " ")))


def hold_state(hold: Hold) -> str:
    """A hold's state; past its time it has expired whether or not a job has run."""
    if hold.status == Hold.Status.HELD:
        if hold.expires_at <= clock.now():
            return words.state("off", _("timed out"))
        return words.state("wait", _("held"))
    word = HOLDS[hold.status]
    return words.state("on" if hold.status == Hold.Status.SETTLED else "off", word)
