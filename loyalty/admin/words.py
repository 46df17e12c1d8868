"""Small pieces that lists and pages share: states as words, numbers with their sign, dates, people behind ids."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from fractions import Fraction
from uuid import UUID

from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from loyalty import figures, money, policies
from loyalty.models import Store, User

_SYMBOLS = {"JPY": "¥", "USD": "$", "EUR": "€", "GBP": "£"}
_DOT = (
    '<span class="state"><svg viewBox="0 0 8 8" aria-hidden="true">'
    '<circle class="{}" cx="4" cy="4" r="3.5"/></svg>{}</span>'
)


def state(mark: str, word: object) -> SafeString:
    """A state as a word with a dot: `mark` is "on", "wait", "bad" or "off"."""
    return format_html(_DOT, mark, word)


def figure(value: object) -> SafeString:
    """A number for the right-hand side of a list."""
    return format_html('<span class="figure">{}</span>', value)


def number(value: int) -> str:
    """1234 as "1,234"; a minus sign that is one."""
    return number_format(value, force_grouping=True, use_l10n=True).replace("-", "\u2212")


def signed(value: int) -> str:
    """Points that move: +24, −600, 0."""
    return f"+{number(value)}" if value > 0 else number(value)


def amount(minor_units: int, currency: str) -> str:
    """Money for people: ¥4,200, $12.50, 12.500 KWD."""
    whole, point, fraction = money.text(abs(minor_units), currency).partition(".")
    text = f"{int(whole):,}{point}{fraction}"
    sign = "\u2212" if minor_units < 0 else ""
    symbol = _SYMBOLS.get(currency)
    return f"{sign}{symbol}{text}" if symbol else f"{sign}{text} {currency}"


def short_amount(minor_units: int, currency: str) -> str:
    """Money in a summary: in full below a million, then ¥4,820万 or ¥48.2M."""
    whole = Fraction(minor_units, 10 ** money.decimals(currency))
    if abs(whole) < figures.LARGE:
        return amount(minor_units, currency)
    text = figures.compact(abs(whole))
    sign = "\u2212" if minor_units < 0 else ""
    symbol = _SYMBOLS.get(currency)
    return f"{sign}{symbol}{text}" if symbol else f"{sign}{text} {currency}"


def moment(at: datetime | None) -> str:
    """Date and time in the programme's zone."""
    if at is None:
        return "—"
    local = at.astimezone(policies.current().zone)
    return f"{day(at)} {local:%H:%M}"


def day(at: datetime | None) -> str:
    """The date in the programme's zone: 6 Dec 2026, 2026年12月6日."""
    if at is None:
        return "—"
    return date_format(at.astimezone(policies.current().zone).date(), _day_format())


def _day_format() -> str:
    return "Y年n月j日" if (get_language() or "").startswith("ja") else "j M Y"


def store_name(store: Store | None) -> str:
    """A store's name in the language of the page."""
    if store is None:
        return ""
    return policies.localised(store.name, get_language() or "en") or store.code


def actor_name(actor: str, people: dict[str, str]) -> str:
    """Who acted, for people: a name for staff, the client's name for a key, a word for the rest."""
    kind, _colon, rest = actor.partition(":")
    if kind == "staff":
        return people.get(rest, _("former staff"))
    if kind == "key":
        return _("API: %(name)s") % {"name": rest}
    if kind == "system":
        return _("the system")
    return {"member": _("the member"), "anonymous": _("somebody not signed in")}.get(kind, actor)


def people(actors: Iterable[str]) -> dict[str, str]:
    """The names behind the `staff:ID` among some actors, by id; one statement."""
    ids = []
    for actor in set(actors):
        kind, _colon, rest = actor.partition(":")
        if kind == "staff":
            try:
                ids.append(UUID(rest))
            except ValueError:
                continue
    return {str(user.pk): user.name or user.email for user in User.objects.filter(pk__in=ids)} if ids else {}
