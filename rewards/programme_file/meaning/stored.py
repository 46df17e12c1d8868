"""A document against what is stored: what was sold, granted and bought so far."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from django.apps import apps
from django.utils.translation import gettext as _

from loyalty import policies
from loyalty.models import Entry, Programme
from members.models import Sale, SaleLine
from rewards.programme_file.problems import WARNING

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


def budgets_cover_what_is_spent(document: Document) -> Iterator[Finding]:
    """A budget, or a cap on the total, below what was granted already."""
    granted = _granted()
    if not granted:
        return
    for place, campaign in entries(document, "campaigns"):
        spent = granted.get(f"campaign:{campaign['code']}", 0)
        yield from _covers(f"{place}.budget.points", (campaign.get("budget") or {}).get("points"), spent)
        yield from _covers(f"{place}.caps.total", (campaign.get("caps") or {}).get("total"), spent)
    for place, rule, _campaign in rules(document):
        yield from _covers(f"{place}.caps.total", (rule.get("caps") or {}).get("total"), granted.get(rule["code"], 0))


def _covers(place: str, limit: int | None, spent: int) -> Iterator[Finding]:
    if limit is not None and limit < spent:
        detail = _("%(spent)d points were granted already; this allows %(limit)d.") % {"spent": spent, "limit": limit}
        mend = _("give at least %(spent)d, or switch it off with enabled: false") % {"spent": spent}
        yield Finding(place, "below_spent", detail, mend)


def _granted() -> dict[str, int]:
    """Points by key of a shared counter."""
    counters = apps.get_app_config("rewards").models.get("sharedcounter")
    if counters is None:
        return {}
    return dict(counters._default_manager.filter(granted__gt=0).values_list("key", "granted"))


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
