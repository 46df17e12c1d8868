"""What a member may be sent: the choices the portal offers, and what was chosen, when and where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members.models import Consent, Member


@dataclass(frozen=True)
class Choice:
    """One purpose and channel that a member says yes or no to."""

    code: str
    purpose: str
    channel: str
    title: Promise
    text: Promise


OFFERED = (
    Choice(
        "service-email",
        "service",
        "email",
        gettext_lazy("Points and expiry by e-mail"),
        gettext_lazy("After you earn, when you reach a tier, before points expire"),
    ),
    Choice(
        "marketing-email",
        "marketing",
        "email",
        gettext_lazy("Offers by e-mail"),
        gettext_lazy("At most twice a month"),
    ),
)


def offered() -> tuple[Choice, ...]:
    """The choices, in the order they are shown. None is ever chosen beforehand."""
    return OFFERED


def at_joining(codes: Iterable[str]) -> list[dict[str, Any]]:
    """The chosen ones as `enrolment.enrol` takes them; what was not ticked is no choice."""
    chosen = set(codes)
    return [
        {"purpose": choice.purpose, "channel": choice.channel, "given": True}
        for choice in OFFERED
        if choice.code in chosen
    ]


def newest(member: Member) -> dict[tuple[str, str], Consent]:
    """The choice in force for each purpose and channel."""
    found = Consent.objects.filter(member=member).order_by("purpose", "channel", "-at", "-pk")
    return {(row.purpose, row.channel): row for row in found.distinct("purpose", "channel")}


def place(source: str) -> str:
    """Where a choice was made, in words."""
    kind = source.partition(":")[0]
    return {
        "member": _("on this website"),
        "key": _("in a shop"),
        "staff": _("with our staff"),
    }.get(kind, _("elsewhere"))
