"""Words of the liability pages, and links from a number to the entries that it is made of."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

from django.http import Http404
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from loyalty.admin import words
from loyalty.liability import naming

ROWS: dict[str, Any] = {
    naming.ISSUED: _("Issued"),
    naming.TAKEN_BACK: _("Taken back"),
    naming.REDEEMED: _("Redeemed"),
    naming.GIVEN_BACK: _("Given back"),
    naming.EXPIRED: _("Expired"),
    naming.REINSTATED: _("Reinstated"),
    naming.ADJUSTED: _("Adjusted"),
    naming.WRITTEN_OFF: _("Written off"),
    naming.FORFEITED: _("Forfeited"),
    naming.TRANSFERRED: _("Between members"),
    naming.UNNAMED: _("Not named yet"),
}
HINDRANCES: dict[str, Any] = {
    "not_over": _("The month is not over yet."),
    "not_next": _("Months are closed one after the other; another one is next."),
    "closed": _("The month is closed already."),
    "due": _("Points that expired or became available in it are still being written. Try again in a minute."),
    "unnamed": _("There are entries of a kind that the book does not know. Somebody must name it first."),
    "in_transit": _("A transfer between members is not complete."),
    "changed": _("Entries were recorded into this month meanwhile. Look at the figures again."),
    "moving": _("Entries are being recorded into this month just now. Try again."),
}
METHODS: dict[str, Any] = {
    "cohorts": _("by month of issue"),
    "behaviour": _("by behaviour"),
    "own": _("own estimate"),
}


def month_of(text: str) -> date:
    """The first day of a month written as YYYY-MM, or 404."""
    year, dash, number = text.partition("-")
    if not (dash and len(year) == 4 and len(number) == 2 and (year + number).isascii() and (year + number).isdigit()):
        raise Http404
    try:
        return date(int(year), int(number), 1)
    except ValueError:
        raise Http404 from None


def month(day: date) -> str:
    """Oct 2026, 2026年10月."""
    return date_format(day, "Y年n月" if _japanese() else "M Y")


def short_month(day: date) -> str:
    """For an axis: Oct 26, 26/10."""
    return date_format(day, "y/n" if _japanese() else "M y")


def day(of: date) -> str:
    """3 Oct 2026, 2026年10月3日."""
    return date_format(of, "Y年n月j日" if _japanese() else "j M Y")


def _japanese() -> bool:
    return (get_language() or "en").startswith("ja")


def named(text: str) -> str:
    """A month as figures keep it ("2026-10"; "" is none) for people."""
    return month(month_of(text)) if text else str(_("never"))


def percent(share: Fraction | str, places: int = 2) -> str:
    """A share as a percentage."""
    return f"{float(100 * Fraction(share)):.{places}f} %"


def entries(since: date, until: date, row: str = "", *, store: str = "", later: bool = False) -> str:
    """The list of the entries behind a number: those of the days before `until`."""
    chosen = ".".join([since.isoformat(), until.isoformat(), row or "all", *(["later"] if later else [])])
    place = f"&store={store}" if store else ""
    return f"{reverse('admin:loyalty_entry_changelist')}?book={chosen}{place}"


def cell(points: int, link: str) -> dict[str, str]:
    """A number of a table with the entries behind it; a bare dash for none."""
    return {"value": words.signed(points) if points else "–", "link": link if points else ""}
