"""Baskets and programmes in few words."""

from __future__ import annotations

from datetime import UTC, datetime

from loyalty import money
from rewards import rules

SUNDAY = datetime(2026, 11, 22, 1, tzinfo=UTC)  # 10:00 in Tokyo


def ruleset(*found, currency="USD", zone="UTC", groups=(), settings=None, **earning):
    """A compiled programme of these rules."""
    document = {
        "settings": {"currency": currency, "timezone": zone, "earning": earning, **(settings or {})},
        "rules": list(found),
        "groups": list(groups),
    }
    return rules.compile(document, version=7)


def base(per="1", points=1, **more):
    return {"code": "base", "kind": "per_amount", "points": points, "per": per, **more}


def times(factor, code="times", **more):
    return {"code": code, "kind": "multiplier", "factor": factor, **more}


def line(number, amount, currency="USD", **more):
    more.setdefault("sku", f"SKU{number}")
    if "tax" in more:
        more["tax_minor"] = money.minor(more.pop("tax"), currency)
    return rules.Line(number, money.minor(amount, currency), **more)


def basket(*lines, currency="USD", **more):
    """Amounts as texts become lines 1, 2, …"""
    made = tuple(one if isinstance(one, rules.Line) else line(i, one, currency) for i, one in enumerate(lines, start=1))
    more.setdefault("occurred_at", SUNDAY)
    return rules.Basket(lines=made, currency=currency, **more)


def decide(found, sold, **facts):
    return rules.decide(sold, rules.Facts(**facts), found)


def by_rule(decision):
    return {given.rule.code: given.total for given in decision.given}


def why_not(decision):
    return {row["rule"]: row["why"] for row in decision.not_applied}
