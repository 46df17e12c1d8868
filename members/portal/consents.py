"""What a member may be sent: the choices the portal offers, and what was chosen, when and where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty import clock
from members import consent
from members.models import Consent
from members.portal import formats


@dataclass(frozen=True)
class Choice:
    """One purpose and channel that a member says yes or no to."""

    code: str
    purpose: str
    channel: str
    title: Promise
    text: Promise
    unless_refused: bool = False  # about one's own points: sent from the start, asked for by nobody


@dataclass(frozen=True)
class Standing:
    """A choice as it stands: whether it is on, and when and where that was said."""

    choice: Choice
    given: bool
    said: str


OFFERED = (
    Choice(
        "service-email",
        "service",
        "email",
        gettext_lazy("Points and expiry by e-mail"),
        gettext_lazy("After you earn, and when you reach a tier"),
        unless_refused=True,
    ),
    Choice(
        "marketing-email",
        "marketing",
        "email",
        gettext_lazy("Offers by e-mail"),
        gettext_lazy("At most twice a month"),
    ),
)


def offered(code: str = "") -> Choice | None:
    """The choice with this code."""
    return next((choice for choice in OFFERED if choice.code == code), None)


def asked() -> list[Choice]:
    """The choices that need a yes: asked for when joining, with nothing ticked beforehand."""
    return [choice for choice in OFFERED if not choice.unless_refused]


def at_joining(codes: Iterable[str]) -> list[consent.Choice]:
    """The ticked ones as `enrolment.enrol` takes them; what was not ticked is no choice. None is ticked beforehand."""
    chosen = set(codes)
    return [
        consent.Choice(purpose=choice.purpose, channel=choice.channel, given=True)
        for choice in asked()
        if choice.code in chosen
    ]


def standing(member_id: UUID, zone: ZoneInfo, today: date) -> list[Standing]:
    """How each offered choice stands."""
    newest = {(row.purpose, row.channel): row for row in consent.history(member_id)}
    result = []
    for choice in OFFERED:
        row = newest.get((choice.purpose, choice.channel))
        given = row.given if row else choice.unless_refused
        result.append(Standing(choice, given, _said(row, zone, today) if row else _unsaid(choice)))
    return result


_PLACES = {
    "member": gettext_lazy("on this website"),
    "key": gettext_lazy("in a shop"),
    "staff": gettext_lazy("with our staff"),
}


def described(row: Consent, zone: ZoneInfo) -> dict[str, str]:
    """One choice of the past, in words."""
    known = {(choice.purpose, choice.channel): str(choice.title) for choice in OFFERED}
    day = clock.day_of(row.at, zone)
    return {
        "title": known.get((row.purpose, row.channel), f"{row.purpose} ({row.channel})"),
        "what": _("Agreed") if row.given else _("Not agreed"),
        "place": place(row.source),
        "day": formats.day_long(day),
        "time": formats.clock_time(row.at, zone),
    }


def place(source: str) -> str:
    """Where a choice was made, in words."""
    return str(_PLACES.get(source.partition(":")[0], _("elsewhere")))


def _unsaid(choice: Choice) -> str:
    return _("On from the start, until you switch it off") if choice.unless_refused else _("Never agreed")


def _said(row: Consent, zone: ZoneInfo, today: date) -> str:
    words = {"day": formats.day_short(clock.day_of(row.at, zone), today), "place": place(row.source)}
    if row.source.partition(":")[0] not in _PLACES:
        return (_("Agreed %(day)s") if row.given else _("Off since %(day)s")) % words
    return (_("Agreed %(day)s, %(place)s") if row.given else _("Off since %(day)s, %(place)s")) % words
