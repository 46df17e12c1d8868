"""The language of rules in words that a marketer uses: kinds, fields of conditions, comparisons, problems."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

KINDS: dict[str, tuple[Any, Any]] = {
    "per_amount": (_("Points per amount"), _("So many points for every so much money.")),
    "per_unit": (_("Points per unit"), _("So many points for each unit bought.")),
    "per_visit": (_("Points per visit"), _("So many points for each purchase, whatever it costs.")),
    "fixed": (_("Extra points"), _("A fixed number of points for a purchase, a line or a unit.")),
    "multiplier": (_("Multiply points"), _("Double, triple, or 1.5 times what other rules give.")),
    "stamps": (_("Stamp card"), _("Collect stamps; a full card gives points or a reward.")),
    "streak": (_("Streak"), _("Points for coming so often within so many days.")),
    "referral": (_("Recommendation"), _("Points for a member who brings a friend, and for the friend.")),
}
TRIGGERS: dict[str, Any] = {
    "": _("a purchase"),
    "member.enrolled": _("joining"),
    "birthday": _("the birthday"),
    "profile.complete": _("a complete profile"),
    "feedback.given": _("feedback"),
    "event.checkin": _("checking in at an event"),
}
EACH: dict[str, Any] = {"sale": _("for the purchase"), "line": _("for each line"), "unit": _("for each unit")}
EACH_VISIT: dict[str, Any] = {"sale": _("every purchase counts"), "day": _("one visit a day counts")}
ROUNDINGS: dict[str, Any] = {
    "": _("as the programme does"),
    "floor": _("down"),
    "half_up": _("to the nearest"),
    "ceil": _("up"),
}
AT_END: dict[str, Any] = {
    "partial": _("the last purchase gets what is left"),
    "none": _("the last purchase gets nothing of it"),
}
WEEKDAYS: dict[int, Any] = {
    1: _("Monday"),
    2: _("Tuesday"),
    3: _("Wednesday"),
    4: _("Thursday"),
    5: _("Friday"),
    6: _("Saturday"),
    7: _("Sunday"),
}
TENDERS: dict[str, Any] = {
    "cash": _("cash"),
    "card": pgettext_lazy("payment", "card"),
    "points": _("points"),
    "gift_card": _("gift card"),
    "stored_value": _("stored value"),
    "other": pgettext_lazy("payment", "other"),
}

# How values are entered: choice (several of a list), text (several, typed), money, number, day, yes.
COMPARE = {"money": "compare", "number": "compare", "day": "compare", "choice": "choice", "text": "text", "yes": "yes"}
OPS: dict[str, dict[str, Any]] = {
    "compare": {
        ">=": _("is at least"),
        ">": _("is more than"),
        "<=": _("is at most"),
        "<": _("is less than"),
        "=": _("is exactly"),
        "!=": _("is not"),
    },
    "choice": {"in": _("is one of"), "not_in": _("is none of")},
    "tier": {"at_least": _("is at least"), "in": _("is one of"), "not_in": _("is none of")},
    "text": {"any_of": _("include one of"), "all_of": _("include all of"), "not_in": _("include none of")},
    "one": {"in": _("is one of"), "not_in": _("is none of")},
    "yes": {"=": _("is")},
    "any": {"=": _("is exactly"), "!=": _("is not"), ">=": _("is at least"), "<=": _("is at most")},
}


@dataclass(frozen=True)
class Field:
    """One thing a condition can ask about."""

    name: str
    label: Any
    widget: str  # choice, text, money, number, day, yes, any
    ops: str  # a key of OPS
    group: Any
    choices: str = ""  # tiers, stores, store_groups, segments, plans, weekdays, tenders; or suggestions
    unit: Any = ""


_MEMBER, _BASKET, _SALE, _TIME = _("Member"), _("Basket"), _("Purchase"), _("Time")
_ALL = [
    Field("member.tier", _("tier"), "choice", "tier", _MEMBER, "tiers"),
    Field("member.segment", _("segment"), "choice", "choice", _MEMBER, "segments"),
    Field("member.plan", _("membership plan"), "choice", "choice", _MEMBER, "plans"),
    Field("member.birthday_month", _("birthday this month"), "yes", "yes", _MEMBER),
    Field("member.purchases", _("number of purchases"), "number", "compare", _MEMBER),
    Field("member.visits", _("number of visits"), "number", "compare", _MEMBER),
    Field("member.spend", _("money spent so far"), "money", "compare", _MEMBER),
    Field("member.average_basket", _("average basket"), "money", "compare", _MEMBER),
    Field("member.last_sale_days", _("days since the last purchase"), "number", "compare", _MEMBER),
    Field("member.age_days", _("days since joining"), "number", "compare", _MEMBER),
    Field("basket.amount", _("amount of the basket"), "money", "compare", _BASKET),
    Field("basket.amount_without_tax", _("amount without tax"), "money", "compare", _BASKET),
    Field("basket.quantity", _("number of units"), "number", "compare", _BASKET),
    Field("basket.skus", _("articles in the basket"), "text", "text", _BASKET, "skus"),
    Field("basket.categories", _("categories in the basket"), "text", "text", _BASKET, "categories"),
    Field("basket.labels", _("labels in the basket"), "text", "text", _BASKET, "labels"),
    Field("basket.brands", _("brands in the basket"), "text", "text", _BASKET),
    Field("basket.currency", _("currency"), "text", "one", _BASKET),
    Field("sale.store", _("store"), "choice", "choice", _SALE, "stores"),
    Field("sale.store_group", _("group of stores"), "choice", "choice", _SALE, "store_groups"),
    Field("sale.channel", _("channel"), "text", "one", _SALE, "channels"),
    Field("sale.tenders", _("payment"), "choice", "choice", _SALE, "tenders"),
    Field("time.weekday", _("day of the week"), "choice", "choice", _TIME, "weekdays"),
    Field("time.hour", _("hour of the day"), "number", "compare", _TIME),
    Field("time.date", _("date"), "day", "compare", _TIME),
]
FIELDS: dict[str, Field] = {one.name: one for one in _ALL}
ATTRIBUTE = "member.attribute."
SECTIONS: dict[str, Any] = {
    "rules": _("Rules"),
    "campaigns": _("Campaigns"),
    "tiers": _("Tiers"),
    "stores": _("Stores"),
    "settings": _("Settings"),
    "rewards": _("Rewards"),
    "groups": _("Groups of rules"),
    "segments": _("Segments"),
    "plans": _("Membership plans"),
    "events": _("Events"),
    "messages": _("Messages"),
    "reasons": _("Reasons"),
    "closing": _("End of the programme"),
    "name": _("Name"),
}


def field(name: str) -> Field:
    """A field by its name; attributes of members are made as they are named."""
    if name in FIELDS:
        return FIELDS[name]
    label = name.removeprefix(ATTRIBUTE) if name.startswith(ATTRIBUTE) else name
    return Field(name, label, "any", "any", _MEMBER)
