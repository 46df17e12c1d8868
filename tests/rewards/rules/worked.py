"""Sales with the answer beside them: how they are written down, and what becomes of them in the engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

from loyalty import money
from rewards import rules

SUNDAY = datetime(2026, 11, 22, 1, tzinfo=UTC)  # 10:00 in Tokyo
STORES = [{"code": "umeda", "group": "osaka"}, {"code": "namba", "group": "osaka"}, {"code": "ginza", "group": "tokyo"}]
LEVELS = [{"code": code, "from": "0"} for code in ("bronze", "silver", "gold")]


@dataclass(frozen=True)
class Case:
    """One sale of one member under one programme; `points` and `lines` were worked out by hand."""

    why: str
    document: dict
    sale: dict
    points: int
    lines: list | None = None
    member: dict = field(default_factory=dict)
    by_rule: dict | None = None  # only rules that gave something
    rewards: list = field(default_factory=list)


def programme(*found, currency="USD", zone="UTC", campaigns=(), groups=(), segments=(), settings=None, **earning):
    """A document of these rules; what is left names switches of settings.earning."""
    return {
        "settings": {"currency": currency, "timezone": zone, "earning": earning, **(settings or {})},
        "stores": STORES,
        "segments": list(segments),
        "tiers": [{"group": "status", "levels": LEVELS}],
        "rules": list(found),
        "groups": list(groups),
        "campaigns": list(campaigns),
        "rewards": [
            {"code": "cup", "kind": "amount_off", "amount": "5", "points": 0},
            {"code": "pay", "kind": "pay_with_points", "block": 100, "value": "1"},
        ],
        "plans": [{"code": "club"}],
    }


def yen(*found, **more):
    return programme(*found, currency="JPY", zone="Asia/Tokyo", **more)


def dinar(*found, **more):
    return programme(*found, currency="KWD", zone="Asia/Kuwait", **more)


def base(per="1", points=1, **more):
    return {"code": "base", "kind": "per_amount", "points": points, "per": per, **more}


def times(factor, code="times", **more):
    return {"code": code, "kind": "multiplier", "factor": factor, **more}


def bonus(points, code="bonus", **more):
    return {"code": code, "kind": "fixed", "points": points, **more}


def when(name, op, value):
    return {"all": [{"field": name, "op": op, "value": value}]}


def buy(*lines, at=SUNDAY, **more):
    """A sale; a line is its amount, or (amount, more about it)."""
    found = []
    for number, line in enumerate(lines, start=1):
        amount, about = line if isinstance(line, tuple) else (line, {})
        found.append({"line": number, "amount": amount, "sku": f"SKU{number}", **about})
    return {"at": at, "lines": found, **more}


def basket(document, sale):
    """The sale as the engine takes it."""
    currency = document["settings"]["currency"]

    def minor(text):
        return money.minor(text, currency)

    return rules.Basket(
        lines=tuple(
            rules.Line(
                number=line["line"],
                amount_minor=minor(line["amount"]),
                tax_minor=minor(line.get("tax", "0")),
                quantity_milli=int(Fraction(line.get("quantity", 1)) * 1000),
                sku=line.get("sku", ""),
                category=line.get("category", ""),
                labels=tuple(line.get("labels", ())),
                kind=line.get("kind", "item"),
                sold=line.get("status", "sold") == "sold",
            )
            for line in sale["lines"]
        ),
        occurred_at=sale["at"],
        currency=currency,
        discounts=tuple(
            rules.Discount(minor(one["amount"]), tuple(one.get("lines", ()))) for one in sale.get("discounts", ())
        ),
        tenders=tuple(rules.Tender(one["kind"], minor(one["amount"])) for one in sale.get("tenders", ())),
        store=sale.get("store", ""),
        store_group=sale.get("store_group", ""),
        channel=sale.get("channel", "store"),
    )


def facts(document, member):
    """The member as the engine takes it."""
    currency = document["settings"]["currency"]

    def minor(amount):
        return int(Decimal(amount).scaleb(money.decimals(currency)))

    progress = {code: rules.Progress(count_milli=int(n * 1000)) for code, n in member.get("stamps", {}).items()}
    progress |= {code: rules.Progress(times=tuple(sorted(at))) for code, at in member.get("visits", {}).items()}
    for code, bought in member.get("bought", {}).items():
        first = sorted((instant, sku) for sku, instant in bought.items())
        progress[code] = rules.Progress(times=tuple(at for at, _ in first), skus=tuple(sku for _, sku in first))
    return rules.Facts(
        tiers={f"group{i}": level for i, level in enumerate(member.get("tiers", ()))},
        plans=frozenset(member.get("plans", ())),
        enrolled_at=member.get("enrolled"),
        birthday_month=member.get("birthday_month"),
        purchases=member.get("purchases", 0),
        visits=member.get("purchases", 0),
        spend_minor=minor(member.get("spend", 0)),
        last_sale_at=member.get("last_sale"),
        attributes=member.get("attributes", {}),
        granted={key: rules.Granted(*used) for key, used in member.get("granted", {}).items()},
        carried_minor={code: minor(amount) for code, amount in member.get("carried", {}).items()},
        progress=progress,
        bucket=member.get("bucket"),
    )


def decide(document, sale, member):
    return rules.decide(basket(document, sale), facts(document, member), rules.compile(document))
