"""The figures of a month, kept or not, in words and numbers for its page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from loyalty import charts
from loyalty.admin import words
from loyalty.liability import closing, naming
from loyalty.models import Store

from . import vocabulary

AHEAD = 13  # months of ageing in the chart; the table has all


def of(figures: Mapping[str, Any], month: date, currency: str) -> dict[str, Any]:
    """Everything the page shows of `figures` (docs/liability.md says what is in them)."""
    return {
        "book": _book(figures["book"], month),
        "stores": _stores(figures["stores"]),
        **_ageing(figures["ageing"]),
        "cohorts": _cohorts(figures["cohorts"]),
        "behaviour": _behaviour(figures["behaviour"]),
        "sensitivity": [
            {
                "change": _("as expected") if change == 0 else f"{words.signed(change)} pp",
                "rate": vocabulary.percent(rate),
                "points": words.number(points),
                "value": words.amount(value, currency),
                "now": change == 0,
            }
            for change, rate, points, value in figures["sensitivity"]
        ],
        "revenue": _revenue(figures["revenue"], currency),
    }


def _book(said: Mapping[str, Any], month: date) -> dict[str, Any]:
    until = closing.next_month(month)
    return {
        "opening": words.number(said["opening"]),
        "later": words.signed(said["recorded_later"]) if said["recorded_later"] else "",
        "rows": [
            (vocabulary.ROWS[row], vocabulary.cell(said["rows"][row], vocabulary.entries(month, until, row)))
            for row in naming.ROWS
            if said["rows"].get(row)
        ],
        "closing": words.number(said["closing"]),
    }


def _stores(said: Mapping[str, Any]) -> list[dict[str, str]]:
    stores = {store.code: store for store in Store.objects.all()}
    return [
        {
            "name": words.store_name(stores.get(code)) or code or _("No store"),
            "opening": words.number(one["opening"]),
            "moved": words.signed(one["closing"] - one["opening"]),
            "closing": words.number(one["closing"]),
        }
        for code, one in sorted(said.items())
    ]


def _ageing(said: Mapping[str, Any]) -> dict[str, Any]:
    buckets = said["buckets"]
    bars = [charts.Bar(_short(name), max(points, 0)) for name, points, _pending in buckets if name][:AHEAD]
    bars += [charts.Bar(str(_("never")), max(points, 0)) for name, points, _pending in buckets if not name]
    return {
        "ageing_chart": charts.bars(bars, titled_by="m-age") if bars else "",
        "ageing": [
            {
                "name": vocabulary.named(name),
                "points": words.number(points),
                "pending": words.number(pending) if pending else "–",
            }
            for name, points, pending in buckets
        ],
        "overdue": words.number(said["overdue"]) if said["overdue"] else "",
        "debt": words.number(-said["debt"]) if said["debt"] else "",
        "aged_total": words.number(said["total"]),
    }


def _short(name: str) -> str:
    return vocabulary.short_month(vocabulary.month_of(name))


def _cohorts(said: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "months": [
            {
                "name": vocabulary.named(name),
                "net": words.number(net),
                "used": _share(used, net),
                "expired": _share(expired, net),
                "out": words.number(out),
                "later": words.number(later),
                "breakage": words.number(out - later),
            }
            for name, _issued, net, used, expired, out, later, _unknown in said["months"]
        ],
        "out": words.number(said["outstanding"]),
        "later": words.number(said["later"]),
        "breakage": words.number(said["breakage"]),
        "rate": vocabulary.percent(said["rate"]),
        "unknown": words.number(sum(row[7] for row in said["months"])),
    }


def _share(part: int, whole: int) -> str:
    return vocabulary.percent(Fraction(part, whole), 1) if whole > 0 else "–"


def _behaviour(said: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "buckets": [
            {
                "name": _quiet(since, until),
                "accounts": words.number(accounts),
                "points": words.number(points),
                "back": vocabulary.percent(Fraction(back, held), 1) if held > 0 else _("not known"),
                "later": words.number(later),
                "breakage": words.number(points - later),
            }
            for since, until, accounts, points, held, back, later in said["buckets"]
        ],
        "out": words.number(said["outstanding"]),
        "later": words.number(said["later"]),
        "breakage": words.number(said["breakage"]),
    }


def _quiet(since: int, until: int | None) -> str:
    if until is None:
        return _("more than %(n)d months") % {"n": since}
    if since == 0:
        return ngettext("up to %(n)d month", "up to %(n)d months", until) % {"n": until}
    return _("%(from)d to %(to)d months") % {"from": since, "to": until}


def _revenue(said: Mapping[str, Any], currency: str) -> dict[str, Any]:
    return {
        "months": [
            {
                "name": vocabulary.named(name),
                "price": words.amount(price, currency),
                "allocated": words.amount(allocated, currency),
                "used": words.number(used),
                "expected": words.number(expected),
                "earned": words.amount(earned, currency),
                "deferred": words.amount(deferred, currency),
            }
            for name, price, _net, allocated, used, expected, earned, deferred in said["months"]
        ],
        **{
            key: words.amount(said[key], currency)
            for key in ("allocated", "earned_before", "earned", "revenue", "deferred")
        },
    }


def later(closed: Any) -> list[dict[str, Any]]:
    """What was recorded into a closed month afterwards, by day and row."""
    stores = {store.pk: store for store in Store.objects.all()}
    return [
        {
            "day": vocabulary.day(one.start) if one.start else _("earlier months"),
            "row": vocabulary.ROWS[naming.row_of(one.house, one.kind)],
            "store": words.store_name(stores.get(one.store)) if one.store else _("No store"),
            "points": words.signed(one.points),
        }
        for one in closing.recorded_later(closed)
    ]
