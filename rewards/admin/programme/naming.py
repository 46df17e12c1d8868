"""What things of a programme document are called in the language of the page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from loyalty import clock, money, policies
from loyalty.admin import words
from rewards.drafts.posted import instant

Document = Mapping[str, Any]


class Names:
    """Codes of one document in words. What has no name keeps its code."""

    def __init__(self, document: Document) -> None:
        self.document = document
        settings = document.get("settings", {})
        self.currency = str(settings.get("currency", "USD"))
        try:
            self.zone = ZoneInfo(str(settings.get("timezone", "UTC")))
        except (KeyError, ValueError):
            self.zone = ZoneInfo("UTC")
        self.language = get_language() or "en"

    def of(self, part: Mapping[str, Any]) -> str:
        """A part's own name, else its code."""
        return policies.localised(part.get("name", ""), self.language) or str(part.get("code", part.get("group", "")))

    def _list(self, section: str) -> list[Mapping[str, Any]]:
        listed = self.document.get(section) or []
        return [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []

    @cached_property
    def stores(self) -> dict[str, str]:
        """Stores by code."""
        return {str(one.get("code")): self.of(one) for one in self._list("stores")}

    @cached_property
    def store_groups(self) -> dict[str, list[str]]:
        """Codes of stores by group, groups in order of the file."""
        found: dict[str, list[str]] = {}
        for one in self._list("stores"):
            if one.get("group"):
                found.setdefault(str(one["group"]), []).append(str(one.get("code")))
        return found

    @cached_property
    def tiers(self) -> dict[str, str]:
        """Levels of all groups, lowest first."""
        levels = [level for group in self._list("tiers") for level in group.get("levels", [])]
        return {str(level.get("code")): self.of(level) for level in levels}

    @cached_property
    def ladder(self) -> list[str]:
        """Codes of the first group's levels, lowest first: what "and above" goes by."""
        return [str(level.get("code")) for group in self._list("tiers")[:1] for level in group.get("levels", [])]

    def section(self, section: str) -> dict[str, str]:
        """Segments, plans, rewards, groups by code."""
        return {str(one.get("code")): self.of(one) for one in self._list(section)}

    @cached_property
    def rules(self) -> dict[str, str]:
        """Every rule by code; one of a campaign that has no name of its own bears the campaign's."""
        found = {str(one.get("code")): self.of(one) for one in self._list("rules")}
        for one in self._list("campaigns"):
            for rule in one.get("rules") or []:
                if isinstance(rule, Mapping):
                    found[str(rule.get("code"))] = self.of(rule if rule.get("name") else one)
        return found

    def in_group(self, code: str) -> list[str]:
        """The rules and campaigns of a group, by name."""
        listed = [*self._list("rules"), *self._list("campaigns")]
        return [self.of(one) for one in listed if one.get("group") == code]

    def amount(self, text: object) -> str:
        """Money of the document for people; what is no amount stays as it was typed."""
        try:
            return words.amount(money.minor(str(text), self.currency), self.currency)
        except ValueError:
            return str(text)

    def moment(self, text: object, *, end: bool = False) -> str:
        """An instant of the document: a day where it is midnight (the last day, for an end), else with its time."""
        at = instant(text)
        if at is None:
            return str(text)
        local = at.astimezone(self.zone)
        if at == clock.start_of(local.date(), self.zone):
            day = clock.last_day(at, self.zone) if end else local.date()
            return date_format(day, _day_format(self.language))
        return f"{date_format(local.date(), _day_format(self.language))} {local:%H:%M}"


def _day_format(language: str) -> str:
    return "Y年n月j日" if language.startswith("ja") else "j M Y"


def points(value: object) -> str:
    """So many points."""
    if isinstance(value, int) and not isinstance(value, bool):
        return ngettext("%(points)s point", "%(points)s points", value) % {"points": words.number(value)}
    return _("%(points)s points") % {"points": value if value not in (None, "") else "…"}


def factor(value: object) -> str:
    """A factor as short as it goes: "2", "1.5", "1,000,000"."""
    try:
        number = Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        return str(value if value not in (None, "") else "…")
    whole, _point, rest = format(Decimal(number.numerator) / Decimal(number.denominator), "f").partition(".")
    return words.number(int(whole)) + (f".{rest}".rstrip("0").rstrip("."))


def listed(names: Iterable[str], *, either: bool = False) -> str:
    """A, B and C; or with `either`, A, B or C."""
    found = list(names)
    if not found:
        return "…"
    if len(found) == 1:
        return found[0]
    pattern = _("%(first)s or %(last)s") if either else _("%(first)s and %(last)s")
    return pattern % {"first": _(", ").join(found[:-1]), "last": found[-1]}
