"""What a sale earns, worked out a second time: slowly, in Decimal, from the words of CONTRACT part 2 "Meaning".

It reads the programme document and the sale as plain dictionaries and shares no code with the engine. Every number
is one division of exact products in 80 digits, and fractions are compared in 40: far closer than two different ones
of a sale can be, so equal fractions are equal and nothing near a whole number is mistaken for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from zoneinfo import ZoneInfo

from . import oracle_conditions as conditions

DIGITS = Context(prec=80)
TELLING = Decimal(1).scaleb(-40)
DECIMALS = {"JPY": 0, "USD": 2, "EUR": 2, "KWD": 3}
ZERO, ONE = Decimal(0), Decimal(1)


def whole(number, rounding):
    """A number as whole points."""
    if rounding == "half_up":
        return int((number + Decimal("0.5")).to_integral_value(ROUND_FLOOR))
    return int(number.to_integral_value(ROUND_FLOOR if rounding == "floor" else ROUND_CEILING))


def dealt(total, shares):
    """Meaning 2: the whole part of each share; what is left to the largest fractions, ties to the lower line."""
    parts = [int(share.to_integral_value(ROUND_FLOOR)) for share in shares]
    fractions = [(share - part).quantize(TELLING) for share, part in zip(shares, parts, strict=True)]
    for _ in range(total - sum(parts)):
        i = max(range(len(shares)), key=lambda j: (fractions[j], -j))
        parts[i] += 1
        fractions[i] = Decimal(-1)  # each gets at most one
    return parts


def money_dealt(amount, weights, unit):
    """An amount over weights in proportion, to the smallest coin; equally where there is no weight."""
    if not weights:
        return []
    coins = int(amount / unit)
    total = sum(weights)
    shares = [coins * weight / total for weight in weights] if total else [Decimal(coins) / len(weights)] * len(weights)
    return [part * unit for part in dealt(coins, shares)]


@dataclass(eq=False)
class Rule:
    """A rule's text, and what became of it."""

    text: dict
    stage: int
    campaign: dict | None = None
    at: list = field(default_factory=list)
    points: dict = field(default_factory=dict)  # by line

    @property
    def code(self):
        return self.text["code"]

    @property
    def total(self):
        return sum(self.points.values())

    def said(self, key, default):
        """Its own word, else its campaign's."""
        if self.text.get(key) is not None:
            return self.text[key]
        return (self.campaign or {}).get(key, default)


@dataclass
class Worked:
    """The result."""

    points: int
    lines: list
    by_rule: dict
    rewards: list
    stamps: dict
    visits: dict
    carried: dict


class Sum:
    """One sale of one member under one programme."""

    def __init__(self, document, sale, member):
        self.document, self.sale, self.member = document, sale, member
        settings = document.get("settings", {})
        self.earning = settings.get("earning", {})
        self.currency = settings.get("currency", "USD")
        self.unit = ONE.scaleb(-DECIMALS[self.currency])
        self.zone = ZoneInfo(settings.get("timezone", "UTC"))
        self.lines = {line["line"]: line for line in sorted(sale["lines"], key=lambda line: line["line"])}
        self.counts = self.what_counts()
        self.rewards, self.stamps, self.visits, self.carried = [], {}, {}, {}

    # What of the sale counts

    def sold(self, number):
        return self.lines[number].get("status", "sold") == "sold"

    def discounted(self, which):
        """The price of each line after the discounts of the till; those that name lines first."""
        left = {n: Decimal(line["amount"]) if self.sold(n) else ZERO for n, line in self.lines.items()}
        discounts = self.sale.get("discounts", [])
        for targeted in (True, False):
            for discount in discounts:
                wanted = which == "all" or (which == "targeted" and targeted)
                if bool(discount.get("lines")) is not targeted or not wanted:
                    continue
                at = [n for n in self.lines if self.sold(n) and (not targeted or n in discount["lines"])]
                for n, part in zip(
                    at, money_dealt(Decimal(discount["amount"]), [left[n] for n in at], self.unit), strict=True
                ):
                    left[n] -= part
        return left

    def what_counts(self):
        how = self.earning.get("discounts", "reduce")
        left = self.discounted({"reduce": "all", "targeted": "targeted", "ignore": "none"}[how])
        unearning = []
        if self.earning.get("points_payment", "no_earn") == "no_earn":
            unearning.append(("points",))
        if self.earning.get("gift_card_payment", "earn") == "no_earn":
            unearning.append(("gift_card", "stored_value"))
        for kinds in unearning:
            paid = sum((Decimal(t["amount"]) for t in self.sale.get("tenders", []) if t["kind"] in kinds), ZERO)
            paid = min(paid, sum(left.values()))
            for n, part in zip(left, money_dealt(paid, list(left.values()), self.unit), strict=True):
                left[n] -= part
        if self.earning.get("tax", "included") == "excluded":
            for n, line in self.lines.items():
                if Decimal(line["amount"]):
                    tax = Decimal(line.get("tax", "0")) * left[n] / Decimal(line["amount"])
                    left[n] -= Decimal(whole(tax / self.unit, "half_up")) * self.unit
        return {n: left[n] for n in self.lines if self.line_counts(n)}

    def line_counts(self, number):
        line = self.lines[number]
        kind = line.get("kind", "item")
        if not self.sold(number) or kind == "gift_card_load":
            return False
        if kind != "item" and self.earning.get("basis", "items") == "items":
            return False
        return not conditions.selected(line, self.earning.get("exclude", {}))

    # Which rules apply, to which lines

    def applies(self, rule):
        text, at = rule.text, self.sale["at"]
        if rule.campaign is not None and not conditions.campaign_in_force(self, rule.campaign):
            return False
        if text.get("from") and at < datetime.fromisoformat(text["from"]):
            return False
        if text.get("until") and at >= datetime.fromisoformat(text["until"]):
            return False
        if not conditions.holds(text.get("when"), self):
            return False
        wanted = text.get("lines", {})
        rule.at = [
            n
            for n in self.counts
            if (not any(wanted.get("include", {}).values()) or conditions.selected(self.lines[n], wanted["include"]))
            and not conditions.selected(self.lines[n], wanted.get("exclude", {}))
            and (text["kind"] != "streak" or not text.get("skus") or self.lines[n].get("sku") in text["skus"])
        ]
        least = wanted.get("at_least", {})
        return (
            bool(rule.at)
            and self.money(rule) >= Decimal(least.get("amount", 0))
            and self.units(rule) >= Decimal(least.get("quantity", 0))
        )

    def money(self, rule):
        return sum((self.counts[n] for n in rule.at), ZERO)

    def units(self, rule):
        return sum((self.quantity(n) for n in rule.at), ZERO)

    def quantity(self, number):
        return Decimal(self.lines[number].get("quantity", 1))

    # What each gives

    def give(self, rule):
        """The number of one base or bonus rule, rounded once, dealt to its lines."""
        text, kind = rule.text, rule.text["kind"]
        shares = None
        if kind == "per_amount":
            exact, shares = self.per_amount(rule)
        elif kind == "per_unit" or (kind == "fixed" and text.get("each") == "unit"):
            shares = [self.quantity(n) * text["points"] for n in rule.at]
            exact = sum(shares)
        elif kind == "fixed" and text.get("each") == "line":
            shares = [Decimal(text["points"])] * len(rule.at)
            exact = sum(shares)
        elif kind == "stamps":
            exact = Decimal(self.full_cards(rule) * text.get("points", 0))
        elif kind == "streak":
            exact = Decimal(text["points"] if self.complete(rule) else 0)
        else:  # per_visit, fixed each sale
            exact = Decimal(text["points"])
        self.settle(rule, exact, self.by_amount(rule, exact) if shares is None else shares)

    def settle(self, rule, exact, shares):
        rounding = rule.text.get("rounding") or self.earning.get("rounding", "floor")
        rule.points = dict(zip(rule.at, dealt(whole(exact, rounding), shares), strict=True))

    def by_amount(self, rule, exact):
        """Meaning 3: by amount, equally if all are 0."""
        money = self.money(rule)
        if not money:
            return [exact / len(rule.at)] * len(rule.at)
        return [exact * self.counts[n] / money for n in rule.at]

    def per_amount(self, rule):
        text, per = rule.text, Decimal(rule.text["per"])
        carries = self.earning.get("remainder", "drop") == "carry"
        if not carries and not text.get("whole_steps"):
            return text["points"] * self.money(rule) / per, [text["points"] * self.counts[n] / per for n in rule.at]
        money = self.money(rule)
        if carries:
            money += self.member.get("carried", {}).get(rule.code, ZERO)
        steps = int(money / per)
        return Decimal(steps * text["points"]), None

    def full_cards(self, rule):
        return int((self.member.get("stamps", {}).get(rule.code, ZERO) + self.units(rule)) / rule.text["buy"])

    def counted(self, rule):
        """The visits, or the products, that count after this one: as a set of (day, instant or product)."""
        text, now = rule.text, self.sale["at"]
        if text.get("skus"):
            bought = dict(self.member.get("bought", {}).get(rule.code, {}))
            for n in rule.at:
                sku = self.lines[n]["sku"]
                bought[sku] = max(now, bought.get(sku, now))
            visits = list(bought.items())
        else:
            before = self.member.get("visits", {}).get(rule.code, [])
            visits = [("", instant) for instant in before]
            if text.get("each") != "day" or self.day(now) not in [self.day(instant) for instant in before]:
                visits.append(("", now))
        last = max(self.day(instant) for _, instant in visits)
        return [visit for visit in visits if self.day(visit[1]) > last - timedelta(days=text["within_days"])]

    def complete(self, rule):
        wanted = rule.text.get("skus")
        counted = self.counted(rule)
        return {sku for sku, _ in counted} >= set(wanted) if wanted else len(counted) >= rule.text["times"]

    def day(self, instant):
        return instant.astimezone(self.zone).date()

    def remember(self, rule):
        """What the member keeps of a rule that counted."""
        kind, code = rule.text["kind"], rule.code
        if kind == "stamps":
            cards = self.full_cards(rule)
            self.stamps[code] = (
                self.member.get("stamps", {}).get(code, ZERO) + self.units(rule) - cards * rule.text["buy"]
            )
            self.rewards += [rule.text["reward"]] * cards if rule.text.get("reward") else []
        elif kind == "streak":
            self.visits[code] = 0 if self.complete(rule) else len(self.counted(rule))
        elif kind == "per_amount" and self.earning.get("remainder") == "carry":
            money = self.money(rule) + self.member.get("carried", {}).get(code, ZERO)
            self.carried[code] = money % Decimal(rule.text["per"])

    def result(self, given):
        lines = {n: sum(rule.points.get(n, 0) for rule in given) for n in self.lines}
        for rule in given:
            self.remember(rule)
        return Worked(
            points=sum(lines.values()),
            lines=list(lines.values()),
            by_rule={rule.code: rule.total for rule in given if rule.total},
            rewards=sorted(self.rewards),
            stamps=self.stamps,
            visits=self.visits,
            carried=self.carried,
        )
