"""A document against what is stored: what was sold, granted and bought so far."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from django.utils.translation import gettext as _

from loyalty import money, policies
from loyalty.models import Entry, Programme
from members.models import Sale, SaleLine
from rewards.earning.granted import to_all
from rewards.programme_file.problems import WARNING
from rewards.rules import campaign_key
from rewards.rules.campaigning import point_value
from rewards.rules.reading import Node
from rewards.rules.settings import Settings

from .findings import Document, Finding, conditions, entries, rows, rules, values, within

MOST_UNSEEN = 50


def the_currency_stays(document: Document) -> Iterator[Finding]:
    """Points and sales of one currency do not become those of another."""
    newest = Programme.objects.order_by("version").last()
    before = (newest.document if newest else policies.EMPTY).get("settings", {}).get("currency", "USD")
    after = (document.get("settings") or {}).get("currency", "USD")
    if before != after and (Entry.objects.exists() or Sale.objects.exists()):
        detail = _("The programme has sales and points in %(before)s already.") % {"before": before}
        mend = _("keep %(before)s; another currency needs an installation of its own") % {"before": before}
        yield Finding("settings.currency", "currency_change", detail, mend)


@dataclass(frozen=True)
class _Limit:
    """The most that a rule or campaign may grant to all members; `least` tells money for points."""

    place: str
    key: str
    points: int
    money: str = ""
    least: Callable[[int], str] = str


def budgets_cover_what_is_spent(document: Document) -> Iterator[Finding]:
    """A budget, or a cap on the total, below what was granted already, also while nothing limited it."""
    limits = list(_limits(document))
    granted = to_all(limit.key for limit in limits)
    for limit in limits:
        spent = granted.get(limit.key, 0)
        if spent <= limit.points:
            continue
        said = {"spent": limit.least(spent), "points": spent, "limit": limit.money or limit.points}
        detail = (
            _("%(points)d points were granted already, which are worth %(spent)s; this allows %(limit)s.")
            if limit.money
            else _("%(points)d points were granted already; this allows %(limit)d.")
        )
        mend = _("give at least %(spent)s, or switch it off with enabled: false")
        yield Finding(limit.place, "below_spent", detail % said, mend % said)


def _limits(document: Document) -> Iterator[_Limit]:
    """Of what is switched on."""
    for place, campaign in entries(document, "campaigns"):
        if campaign.get("enabled", True):
            key = campaign_key(campaign["code"])
            yield from _total(place, campaign, key)
            yield from _budget(document, f"{place}.budget", campaign.get("budget") or {}, key)
    for place, rule, of in rules(document):
        if rule.get("enabled", True) and (of or {}).get("enabled", True):
            yield from _total(place, rule, rule["code"])


def _total(place: str, entry: Mapping[str, Any], key: str) -> Iterator[_Limit]:
    if (most := (entry.get("caps") or {}).get("total")) is not None:
        yield _Limit(f"{place}.caps.total", key, most)


def _budget(document: Document, place: str, budget: Mapping[str, Any], key: str) -> Iterator[_Limit]:
    if (points := budget.get("points")) is not None:
        yield _Limit(f"{place}.points", key, points)
    if (written := budget.get("money")) is None:
        return
    root = Node(document, "", [])
    engine = Settings(root)
    value = point_value(root, engine)
    try:
        minor = money.minor(written, engine.currency)
    except ValueError:
        return
    if value is not None:

        def least(spent: int) -> str:
            return money.text(ceil(spent * value), engine.currency)

        yield _Limit(f"{place}.money", key, int(minor / value), written, least)


def skus_were_sold(document: Document) -> Iterator[Finding]:
    """A SKU that no sale ever had is most often a slip; a new product is fine."""
    named: dict[str, list[str]] = defaultdict(list)
    for place, sku in _skus(document):
        if isinstance(sku, str):
            named[sku].append(place)
    if not named:
        return
    seen = set(SaleLine.objects.filter(sku__in=named).values_list("sku", flat=True).distinct())
    for sku in [sku for sku in named if sku not in seen][:MOST_UNSEEN]:
        detail = _("No sale so far had the SKU “%(sku)s”.") % {"sku": sku}
        yield Finding(named[sku][0], "sku_unseen", detail, _("check its spelling, unless it is new"), WARNING)


def _skus(document: Document) -> Iterator[tuple[str, Any]]:
    excluded = ((document.get("settings") or {}).get("earning") or {}).get("exclude") or {}
    yield from within("settings.earning.exclude", excluded, "skus")
    for place, rule, _campaign in rules(document):
        yield from _lines(place, rule)
    for place, reward in entries(document, "rewards"):
        yield from _lines(place, reward)
        if "sku" in reward:
            yield f"{place}.sku", reward["sku"]
    for place, plan in entries(document, "plans"):
        yield from within(place, plan, "skus")
    for place, condition in conditions(document):
        for at, row in rows(place, condition):
            if row.get("field") == "basket.skus":
                yield from values(at, row)


def _lines(place: str, entry: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key in ("include", "exclude"):
        yield from within(f"{place}.lines.{key}", (entry.get("lines") or {}).get(key) or {}, "skus")
