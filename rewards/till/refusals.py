"""What the API refused, in words of the shop: what happened, what did not happen to the points, what to do."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty.admin import words
from rewards.till.calls import Reply

TEXTS: dict[str, Any] = {
    "insufficient_points": gettext_lazy(
        "Not enough points: %(needed)s are needed, %(available)s are available. Nothing was taken."
    ),
    "duplicate_receipt": gettext_lazy(
        "This receipt number was used before, with another amount. Nothing was recorded: check the number."
    ),
    "member_closed": gettext_lazy("This membership is closed. Nothing was recorded."),
    "member_erased": gettext_lazy("This member is no longer in the programme. Nothing was recorded."),
    "member_not_found": gettext_lazy(
        "Nobody has this card, phone number or e-mail address. Check it, or look for another."
    ),
    "own_account": gettext_lazy("This is your own membership. Ask a colleague to serve you."),
    "store_mismatch": gettext_lazy("You may sell only in your own store. Nothing was recorded."),
    "store_not_found": gettext_lazy("This store is closed. Choose another."),
    "redemption_settled": gettext_lazy("These points were spent already. Nothing changed."),
    "redemption_cancelled": gettext_lazy("These points were given back already. Nothing changed."),
    "hold_expired": gettext_lazy("The time ran out and the points went back. Set them aside again."),
    "wrong_currency": gettext_lazy("The programme counts in another currency. Nothing was recorded."),
    "lines_do_not_add_up": gettext_lazy(
        "The lines do not add up to the total. Nothing was recorded: check the amounts."
    ),
    "not_money": gettext_lazy("Write the amount in digits, for example %(example)s."),
    "too_many_decimals": gettext_lazy("The amount has too many decimals. Write it as %(example)s."),
    "not_an_integer": gettext_lazy("Write a whole number of points, 1 or more."),
    "out_of_range": gettext_lazy("This number is too large or too small."),
    "required": gettext_lazy("Something is missing: enter an amount."),
    "idempotency_key_reused": gettext_lazy("This form was sent before with other values. Begin this step again."),
    "in_progress": gettext_lazy(
        "This is being recorded at this moment. Wait a second, then look at the member's points."
    ),
    "try_again": gettext_lazy("The system is busy. Nothing was recorded: try again."),
    "too_many_requests": gettext_lazy("Too many tries in a short time. Wait a minute."),
}


def text(reply: Reply, *, example: str) -> str:
    """One sentence for a refusal; the API's own detail where there is none of ours."""
    errors = reply.body.get("errors") or []
    code = reply.code
    if reply.status == 400 and errors:
        code = str(errors[0].get("code", code))
    known = TEXTS.get(code)
    if known is None:
        detail = reply.body.get("detail") or reply.body.get("title") or code
        return _("Nothing was recorded: %(detail)s") % {"detail": detail}
    values = {
        "example": example,
        "needed": _number(reply.body.get("needed")),
        "available": _number(reply.body.get("available")),
    }
    return str(known) % values


def _number(value: object) -> str:
    return words.number(value) if isinstance(value, int) else "—"
