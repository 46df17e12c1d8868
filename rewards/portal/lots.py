"""What expires when: the wallet's lots by date, as the pages show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from loyalty import clock, idle
from loyalty.models import Lot as StoredLot
from loyalty.policies import Policies
from loyalty.statements import Wallet
from members.portal import formats
from rewards.portal.receipts import INSTANT

RESET_BY = {
    "sale": gettext_lazy("buy something"),
    "redemption": gettext_lazy("use points"),
    "booking": gettext_lazy("book an event"),
}
SOON = 45  # days in which an expiry needs attention


@dataclass(frozen=True)
class Lot:
    """Points that stop counting after one day."""

    day: str
    short: str
    left: str
    soon: bool
    number: int
    points: str


@dataclass(frozen=True)
class Coming:
    """Points that begin to count on one day."""

    day: str
    number: int
    points: str


def expiring(wallet: Wallet, programme: Policies) -> list[Lot]:
    """One row for each date, soonest first; without a date last. They add up to what is available."""
    today = formats.today(programme.zone)
    rows = []
    for row in wallet.expiring:
        if row.expires_at is None:
            rows.append(Lot(_("no end date"), "", "", False, row.points, formats.points(row.points)))
            continue
        day = clock.day_of(row.expires_at - INSTANT, programme.zone)
        days = (day - today).days
        rows.append(
            Lot(
                formats.day_long(day),
                formats.day_short(day, today),
                _left(day, today),
                days <= SOON,
                row.points,
                formats.points(row.points),
            )
        )
    return rows


def pending(wallet: Wallet, programme: Policies) -> list[Coming]:
    """What is still to come, soonest first."""
    today = formats.today(programme.zone)
    return [
        Coming(
            formats.day_short(clock.day_of(row.available_at, programme.zone), today),
            row.points,
            formats.points(row.points),
        )
        for row in wallet.pending
    ]


def moved_by(account: UUID) -> str:
    """What keeps points from ending through inactivity, of the lots that do; empty where there are none left."""
    left = StoredLot.objects.filter(account=account, remaining__gt=0).exclude(idle="").values_list("idle", flat=True)
    doings = {doing for text in left.distinct() for doing in idle.read(text).reset_by}
    told = [str(words) for doing, words in RESET_BY.items() if doing in doings]
    return _("These dates move when you do one of these: %(doings)s.") % {"doings": ", ".join(told)} if told else ""


def _left(day: date, today: date) -> str:
    days = (day - today).days
    if days == 0:
        return _("today")
    if days <= 90:
        return ngettext("%(number)d day", "%(number)d days", days) % {"number": days}
    months = (day.year - today.year) * 12 + day.month - today.month - (day.day < today.day)
    if months < 24:
        return ngettext("%(number)d month", "%(number)d months", months) % {"number": months}
    return ngettext("%(number)d year", "%(number)d years", months // 12) % {"number": months // 12}
