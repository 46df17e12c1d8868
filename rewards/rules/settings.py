"""What rules need of the settings, from the programme document."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import date
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .basis import BRAND, Earning, Selection
from .lots import ROUND_UP_TO, Expiry, Pending
from .numbers import ROUNDINGS
from .reading import Node
from .wording import Reader

EARNING = frozenset({field.name for field in fields(Earning)} | {"pending", "future_minutes", "late_days"})
RESET_BY = ("booking", "redemption", "sale")  # where nothing is said; others are kinds of activities
_DATE = re.compile(r"(?:[0-9]{4}-)?[0-9]{2}-[0-9]{2}", re.ASCII)


class Settings:
    """The settings that rules read. Mistakes are noted in the node's list."""

    def __init__(self, document: Node) -> None:
        settings = document.child("settings")
        self.currency = settings.text("currency", "USD")
        self.zone = _zone(settings)
        earning = settings.child("earning")
        earning.only(EARNING)
        self.earning = Earning(
            basis=earning.choice("basis", ("items", "order"), "items"),
            tax=earning.choice("tax", ("included", "excluded"), "included"),
            discounts=earning.choice("discounts", ("reduce", "targeted", "ignore"), "reduce"),
            points_payment=earning.choice("points_payment", ("no_earn", "earn"), "no_earn"),
            gift_card_payment=earning.choice("gift_card_payment", ("earn", "no_earn"), "earn"),
            rounding=earning.choice("rounding", ROUNDINGS, "floor"),
            remainder=earning.choice("remainder", ("drop", "carry"), "drop"),
            multipliers=earning.choice("multipliers", ("multiply", "add", "highest"), "multiply"),
            tier_for_sale=earning.choice("tier_for_sale", ("before", "after"), "before"),
            exclude=(exclude := selection(earning.child("exclude"))),
            excludes=bool(exclude),
        )
        self.window_days = settings.child("returns").whole("window_days", least=0, most=36500)
        self.pending = pending(earning, self.window_days) or Pending()
        self.expiry = expiry(settings) or Expiry()
        self.reader = Reader(self.currency)


def _zone(settings: Node) -> ZoneInfo:
    name = settings.text("timezone", "UTC")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        settings.report("timezone", "not_a_zone", "is not a time zone", "Such as Asia/Tokyo.")
        return ZoneInfo("UTC")


def selection(node: Node) -> Selection:
    """Lines by SKU, category, label or brand."""
    node.only({"skus", "categories", "labels", "brands"})
    brands = frozenset(f"{BRAND}{name}" for name in node.texts("brands"))
    return Selection(skus=node.texts("skus"), categories=node.texts("categories"), labels=node.texts("labels") | brands)


def pending(parent: Node, window_days: int | None) -> Pending | None:
    """`none`, `{days: 14}` or `return_window`; None where nothing is said."""
    value = parent.value.get("pending")
    if value is None:
        return None
    if value == "none":
        return Pending()
    if value == "return_window":
        return Pending(window_days or None)
    if not isinstance(value, dict):
        detail = "must be `none`, `return_window` or `{days: 14}`"
        parent.report("pending", "not_a_choice", detail, "Choose one of these.")
        return None
    node = parent.child("pending")
    node.only({"days"})
    return Pending(node.whole("days", least=0, most=36500) or None)


def expiry(parent: Node) -> Expiry | None:
    """`never`, `rolling`, `fixed` or `inactivity`; None where nothing is said."""
    if not parent.has("expiry"):
        return None
    node = parent.child("expiry")
    kind = node.choice("kind", ("never", "rolling", "fixed", "inactivity"), "never")
    node.only({
        "never": {"kind"},
        "rolling": {"kind", "days", "months", "round_up_to"},
        "fixed": {"kind", "dates"},
        "inactivity": {"kind", "days", "months", "reset_by"},
    }[kind])  # fmt: skip
    found = Expiry(
        kind=kind,
        days=node.whole("days", least=0, most=36500),
        months=node.whole("months", least=0, most=1200),
        round_up_to=node.choice("round_up_to", ROUND_UP_TO, "day"),
        dates=tuple(sorted(node.texts("dates"))),
        reset_by=tuple(sorted(node.texts("reset_by") or RESET_BY)) if kind == "inactivity" else (),
    )
    if kind in ("rolling", "inactivity") and (found.days is None) is (found.months is None):
        node.report("months", "either_or", "give either days or months", "Give one of the two.")
    if kind == "fixed" and not found.dates:
        node.report("dates", "required", "name at least one date", 'Such as ["03-31"].')
    for text in found.dates:
        if not _DATE.fullmatch(text) or not _is_day(text if len(text) > 5 else f"2000-{text}"):
            detail = f"{text} is not a date such as 03-31 or 2027-09-30"
            node.report("dates", "not_a_day", detail, "Take a day that the calendar has.")
            return None
    return found


def _is_day(text: str) -> bool:
    """Whether the calendar has this day."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
