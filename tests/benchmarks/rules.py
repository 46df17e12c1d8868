"""How long do rules take? A 20-line sale against 1 and 200 rules in force, alone and as part of POST /sales."""

from __future__ import annotations

import argparse
import itertools
import json
import os
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from loyalty import policies
from members.models import Sale
from rewards import rules
from tests.benchmarks import clients, history
from tests.benchmarks.machine import machine, table
from tests.benchmarks.sale import NotHonestError, made_key, milliseconds, say

MOST_MS = 3.0  # what the issue allows for 20 lines and 200 rules
LINES, MEMBERS, RULES = 20, 400, (1, 200)
AMOUNT = 250  # of each line, in cents
NOW = datetime(2026, 11, 24, 5, tzinfo=UTC)


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `./run bench rules`."""
    parser.add_argument("--seconds", type=int, default=8, help="how long requests are measured (8)")
    parser.add_argument("--warm-up", type=int, default=4, help="seconds before that (4)")
    parser.add_argument("--json", type=Path, help="also write the figures here")


def main(options: argparse.Namespace) -> int:
    """Measure and print. 0 when 200 rules take less than they may."""
    figures: dict[str, Any] = {"machine": machine(), "lines": LINES}
    history.load(MEMBERS, 1)
    url, key = os.environ["LOYALTY_BENCH_URL"], made_key()
    for count in RULES:
        document = programme(count)
        figures[f"rules_{count}"] = found = alone(document, LINES)
        policies.apply(document=document, actor=history.ACTOR)
        found |= requested(url, key, options)
        found["share"] = round(found["decide_ms"] / found["p50_ms"], 5)
    figures["shop"] = alone(shop(), 3)
    show(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    most = figures[f"rules_{RULES[-1]}"]["decide_ms"]
    return 0 if most < MOST_MS else 1


def one_rule(number: int) -> dict[str, Any]:
    """Rules of all kinds: some apply to a sale, some to none of its lines, some to other members or days."""
    code, category = f"rule-{number}", f"category-{number % 10}"
    lines = {"include": {"categories": [category]}}
    gold = {"all": [{"field": "member.tier", "op": "in", "value": ["gold"]}]}
    some_day = {"any": [{"field": "time.weekday", "op": "in", "value": [number % 7 + 1]}]}
    kinds: list[dict[str, Any]] = [
        {"kind": "fixed", "points": 5, "when": gold},
        {"kind": "fixed", "points": 5, "lines": {"include": {"skus": [f"SKU{number}"]}}},
        {"kind": "multiplier", "factor": "1.1", "lines": lines, "group": f"group-{number % 3}"},
        {"kind": "per_unit", "points": 1, "lines": lines, "caps": {"per_sale": 3}},
        {"kind": "fixed", "points": 5, "when": {"all": [{"field": "basket.amount", "op": ">=", "value": "30"}]}},
        {"kind": "stamps", "buy": 9, "points": 10, "lines": lines},
        {"kind": "fixed", "points": 5, "when": some_day},
        {"kind": "multiplier", "factor": "1.2", "when": gold, "lines": {"exclude": {"labels": ["sale"]}}},
    ]  # fmt: skip
    return {"code": code, **kinds[number % len(kinds)]}


def programme(count: int) -> dict[str, Any]:
    """The demo's programme with so many rules in force, a fifth of them in campaigns."""
    document: dict[str, Any] = json.loads(history.PROGRAMME.read_text())
    made = [one_rule(number) for number in range(count - 1)]
    in_campaigns = made[: count // 5]
    campaigns = [
        {
            "code": f"campaign-{i}",
            "window": {"weekdays": list(range(1, 8)), "hours": ["00:00", "24:00"]},
            "audience": {"any": [{"field": "member.tier", "op": "in", "value": ["bronze", "silver", "gold"]}]},
            "budget": {"points": 1_000_000_000},
            "rules": in_campaigns[i * 10 : i * 10 + 10],
        }
        for i in range((len(in_campaigns) + 9) // 10)
    ]
    base = {"code": "base", "kind": "per_amount", "points": 1, "per": "1"}
    groups = [{"code": f"group-{i}"} for i in range(3)]
    return document | {"rules": [base, *made[count // 5 :]], "campaigns": campaigns, "groups": groups}


def shop() -> dict[str, Any]:
    """As many rules as a shipped template has."""
    document: dict[str, Any] = json.loads(history.PROGRAMME.read_text())
    when = {
        "gold": ("member.tier", "in", ["gold"]),
        "first": ("member.purchases", "=", 0),
        "happy": ("time.hour", "in", [14, 15]),
    }
    asked = {code: {"all": [{"field": field, "op": op, "value": value}]} for code, (field, op, value) in when.items()}
    coffee = {"include": {"categories": ["category-1"]}}
    return document | {
        "rules": [
            {"code": "base", "kind": "per_amount", "points": 1, "per": "1"},
            {"code": "gold", "kind": "multiplier", "factor": "2", "when": asked["gold"]},
            {"code": "happy", "kind": "multiplier", "factor": "1.5", "when": asked["happy"]},
            {"code": "card", "kind": "stamps", "buy": 9, "points": 100, "lines": coffee},
            {"code": "first", "kind": "fixed", "points": 100, "when": asked["first"]},
            {"code": "often", "kind": "streak", "times": 5, "within_days": 14, "points": 50},
            {"code": "welcome", "kind": "fixed", "points": 200, "trigger": "member.enrolled"},
            {"code": "birthday", "kind": "fixed", "points": 150, "trigger": "birthday"},
        ],
        "campaigns": [
            {"code": "tuesdays", "window": {"weekdays": [2]}, "budget": {"points": 50_000}, "stores": ["main"],
             "rules": [{"code": "tuesday", "kind": "multiplier", "factor": "2"}]},
        ],
    }  # fmt: skip


def alone(document: dict[str, Any], lines: int) -> dict[str, Any]:
    """Processor time of one decision, and of one with its receipt as JSON: the best of several rounds."""
    found = rules.compile(document)
    basket = rules.Basket(
        lines=tuple(
            rules.Line(n, AMOUNT, sku=f"SKU{n}", category=f"category-{n % 10}", labels=("organic",))
            for n in range(1, lines + 1)
        ),
        occurred_at=NOW,
        currency="USD",
        store="main",
    )
    facts = rules.Facts(
        tiers={"status": "gold"},
        purchases=3,
        spend_minor=9000,
        enrolled_at=NOW - timedelta(days=90),
        progress={"often": rules.Progress(times=(NOW - timedelta(days=3), NOW - timedelta(days=1)))},
        bucket=5000,
    )
    decision = rules.decide(basket, facts, found)
    return {
        "rules": len(found.rules),
        "applied": len(decision.given),
        "points": decision.points,
        "decide_ms": took(lambda: rules.decide(basket, facts, found)),
        "with_receipt_ms": took(lambda: rules.decide(basket, facts, found).body()),
        "beat_us": took(lambda: [number * 3 for number in (1, 2, 3)], 20_000) * 1000,
    }


def took(work: Callable[[], object], times: int = 200) -> float:
    """Milliseconds of processor time that `work` takes."""
    best = float("inf")
    for _ in range(7):
        started = time.process_time()
        for _ in range(times):
            work()
        best = min(best, time.process_time() - started)
    return round(best / times * 1000, 5)


def requested(url: str, key: str, options: argparse.Namespace) -> dict[str, Any]:
    """One client posts such sales, one after the other, so that a request waits for nothing but its own work."""
    run, count, member = uuid.uuid4().hex[:8], itertools.count(), itertools.cycle(range(1, MEMBERS))
    host = url.removeprefix("http://")
    amount = f"{AMOUNT // 100}.{AMOUNT % 100:02d}"
    lines = json.dumps(
        [
            {"line": n, "sku": f"SKU{n}", "category": f"category-{n % 10}", "quantity": 1, "amount": amount}
            for n in range(1, LINES + 1)
        ]
    )
    total = f"{AMOUNT * LINES // 100}.{AMOUNT * LINES % 100:02d}"

    def make() -> bytes:
        number = f"R-{run}-{next(count)}"
        body = (
            f'{{"store": "main", "receipt": "{number}", "member": {{"card": "{history.card(next(member))}"}}, '
            f'"currency": "USD", "total": "{total}", "lines": {lines}}}'
        )
        return clients.request("/api/v1/sales", host=host, key=key, number=number, body=body.encode())

    before = Sale.objects.count()
    tally = clients.run(url, make, clients=1, warm_up=options.warm_up, seconds=options.seconds)
    written = Sale.objects.count() - before
    if tally.refused or written != tally.acknowledged:
        raise NotHonestError(f"{tally.acknowledged} acknowledged, {written} written, {tally.refused}")
    return milliseconds(tally)


def show(figures: dict[str, Any]) -> None:
    """A table for docs/performance.md."""
    rows = [("", "rules", "applied", "decide ms", "with receipt ms", "POST /sales p50 ms", "share")]
    names = {f"rules_{count}": f"{LINES} lines" for count in RULES} | {"shop": "3 lines, a shop's rules"}
    for name, title in names.items():
        found = figures[name]
        rows.append((title, *(str(found.get(one, "")) for one in (
            "rules", "applied", "decide_ms", "with_receipt_ms", "p50_ms", "share"))))  # fmt: skip
    say("\n" + table(rows))
    say(f"one beat (a list of three products) takes {figures['shop']['beat_us']:.2f} µs on this machine now")
    say(", ".join(f"{name} {value}" for name, value in figures["machine"].items()))
