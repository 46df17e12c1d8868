"""Why a rule did not apply, in words: codes of a decision by the names that the programme gives them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from loyalty import clock, money, policies
from loyalty.admin import words
from loyalty.policies import localised
from members.admin import vocabulary

_DAYS = {code: WEEKDAYS[i] for i, code in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))}
_TENDERS: dict[str, Any] = {
    "cash": gettext_lazy("cash"),
    "card": pgettext_lazy("payment", "card"),
    "points": gettext_lazy("points"),
    "gift_card": gettext_lazy("gift card"),
    "stored_value": gettext_lazy("stored value"),
    "other": pgettext_lazy("payment", "other"),
}
_OPS: dict[str, Any] = {
    "!=": gettext_lazy("not %(value)s"),
    "not_in": gettext_lazy("none of %(value)s"),
    "any_of": gettext_lazy("one of %(value)s"),
    "all_of": gettext_lazy("all of %(value)s"),
    ">=": gettext_lazy("at least %(value)s"),
    ">": gettext_lazy("more than %(value)s"),
    "<=": gettext_lazy("at most %(value)s"),
    "<": gettext_lazy("less than %(value)s"),
}
_MONEY = {"amount", "amount_without_tax", "spend", "average_basket", "lines_amount"}
_TIMES = {"campaign_window", "not_started", "ended", "programme_closing"}
_NUMBERS = {"budget", "age_days", "purchases", "visits", "last_sale_days", "quantity", "lines_quantity"}
_PLAIN = {"birthday_month"}  # the reason says it all
_NOTHING: dict[str, Any] = {
    "tier": gettext_lazy("no tier"),
    "segment": gettext_lazy("no segment"),
    "plan": gettext_lazy("no plan"),
    "store_group": gettext_lazy("no group of stores"),
}


class Called:
    """What rules, tiers, stores and the rest are called; in the first of the documents that knows the code."""

    def __init__(self, language: str, *documents: Mapping[str, Any]) -> None:
        self.language = language
        self.documents = documents

    @cached_property
    def rules(self) -> dict[str, str]:
        """Rules; one of a campaign that has no name of its own bears the campaign's."""
        found: dict[str, str] = {}
        for document in self.documents:
            for rule in document.get("rules") or ():
                found.setdefault(str(rule.get("code")), self._name(rule))
            for campaign in document.get("campaigns") or ():
                for rule in campaign.get("rules") or ():
                    found.setdefault(str(rule.get("code")), self._name(rule if rule.get("name") else campaign))
        return found

    def rule(self, row: Mapping[str, Any]) -> str:
        """Of a row of a decision the rule, else its campaign."""
        if "rule" in row:
            return self.rules.get(str(row["rule"]), str(row["rule"]))
        return self._of("campaigns").get(str(row.get("campaign")), str(row.get("campaign")))

    def _name(self, part: Mapping[str, Any]) -> str:
        return str(localised(part.get("name") or part.get("code", ""), self.language))

    def _of(self, section: str) -> dict[str, str]:
        listed = (one for document in reversed(self.documents) for one in document.get(section) or ())
        return {str(one.get("code")): self._name(one) for one in listed}

    @cached_property
    def tables(self) -> dict[str, Mapping[str, Any]]:
        """Names of values by what a condition asks about."""
        levels = {
            str(level.get("code")): self._name(level)
            for document in reversed(self.documents)
            for group in document.get("tiers") or ()
            for level in group.get("levels") or ()
        }
        groups = {
            str(one["group"]): _("the %(group)s stores") % {"group": str(one["group"]).capitalize()}
            for document in self.documents
            for one in document.get("stores") or ()
            if one.get("group")
        }
        return {
            "tier": levels,
            "store": groups | self._of("stores"),
            "store_group": groups,
            "segment": self._of("segments"),
            "plan": self._of("plans"),
            "weekday": _DAYS,
            "tenders": _TENDERS,
        }

    @property
    def currency(self) -> str:
        """Of the newest document."""
        settings = self.documents[0].get("settings") or {} if self.documents else {}
        return str(settings.get("currency", "USD"))

    def value(self, why: str, text: str) -> str:
        """A value of a condition, as the decision keeps it, in words: one or several, perhaps with a comparison."""
        op, _space, rest = text.partition(" ")
        if op in _OPS:
            return str(_OPS[op]) % {"value": self.value(why, rest)}
        return _(", ").join(self._one(why, one) for one in text.split(", "))

    def _one(self, why: str, text: str) -> str:
        if why in self.tables:
            return str(self.tables[why].get(text, text))
        try:
            if why in _MONEY:
                return words.amount(money.minor(text, self.currency), self.currency)
            if why in _TIMES:
                return words.moment(datetime.fromisoformat(text))
            if why == "date":
                return words.day(clock.start_of(date.fromisoformat(text), policies.current().zone))
            if why in _NUMBERS:
                return words.number(int(text))
        except ValueError:
            return text
        return text


def words_of(row: Mapping[str, Any], called: Called) -> str:
    """Why a rule did not apply: the reason, and what was asked for beside what it was."""
    why = str(row["why"])
    text = vocabulary.reason(why)
    if "by" in row:
        return f"{text}: {called.rules.get(row['by'], row['by'])}"
    asked = why
    if row.get("field"):
        asked = str(row["field"]).rpartition(".")[2]
        text = _("%(reason)s: %(part)s") % {"reason": text, "part": vocabulary.reason(asked)}
    return text + "".join(_compared(asked, row, called))


def _compared(asked: str, row: Mapping[str, Any], called: Called) -> Iterator[str]:
    wanted, was = str(row.get("wanted") or ""), str(row.get("was") or "")
    if asked in _PLAIN or not (wanted or was):
        return
    values = {"wanted": called.value(asked, wanted) if wanted else "", "was": called.value(asked, was) if was else ""}
    if not was:
        values["was"] = str(_NOTHING.get(asked, ""))
    if values["wanted"] and values["was"]:
        yield _(" (wanted %(wanted)s, was %(was)s)") % values
    elif values["wanted"]:
        yield _(" (wanted %(wanted)s)") % values
    elif values["was"]:
        yield _(" (was %(was)s)") % values
