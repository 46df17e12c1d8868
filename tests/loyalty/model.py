"""The ledger once more, as plainly as possible, to compare with: lists in memory, no database, no shortcuts."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass
class ModelLot:
    number: int  # of the entry that granted it
    remaining: int
    available_at: datetime
    expires_at: datetime | None
    active: bool
    grace: bool = False

    @property
    def order(self):
        return (self.expires_at.timestamp() if self.expires_at else math.inf, self.available_at, self.number)


@dataclass
class ModelHold:
    parts: list[tuple[ModelLot, int]]
    expires_at: datetime
    status: str = "held"


@dataclass
class Spending:
    parts: list[list]  # [lot, taken, left to give back]
    owed: int  # what became a debt


@dataclass
class Model:
    now: datetime
    lots: list[ModelLot] = field(default_factory=list)
    holds: list[ModelHold] = field(default_factory=list)
    debt: int = 0
    entries: int = 0

    @property
    def available(self):
        return sum(lot.remaining for lot in self.lots if lot.active)

    @property
    def pending(self):
        return sum(lot.remaining for lot in self.lots if not lot.active)

    @property
    def held(self):
        return sum(points for hold in self.holds if hold.status == "held" for _, points in hold.parts)

    @property
    def balance(self):
        total = self.available + self.pending + self.held - self.debt
        return {
            "total": total, "available": self.available, "pending": self.pending, "held": self.held,
            "debt": self.debt, "sequence": self.entries,
        }  # fmt: skip

    def pay(self, lot):
        paid = min(self.debt, lot.remaining)
        lot.remaining -= paid
        self.debt -= paid

    def lapse(self, lot):
        """What remains of the lot expires, as an entry if there is anything."""
        if lot.remaining:
            self.entries += 1
            lot.remaining = 0

    def advance(self, delta: timedelta):
        """Time passes: what falls due happens in the order of its instants."""
        self.now += delta
        events = [(hold.expires_at, 0, 0, hold) for hold in self.holds if hold.status == "held"]
        events += [(lot.available_at, 1, lot.number, lot) for lot in self.lots if not lot.active]
        events += [(lot.expires_at, 2, lot.number, lot) for lot in self.lots if lot.expires_at]
        for at, what, _, subject in sorted((e for e in events if e[0] <= self.now), key=lambda e: e[:3]):
            if what == 0:
                self.put_back(subject, "expired", at)
            elif what == 1:
                subject.active = True
                self.pay(subject)
            else:
                self.lapse(subject)

    def put_back(self, hold, status, at):
        hold.status = status
        for lot, points in hold.parts:
            lot.remaining += points
            if lot.expires_at and lot.expires_at <= at:
                self.lapse(lot)
            else:
                self.pay(lot)

    def earn(self, points, available_at, expires_at):
        self.entries += 1
        lot = ModelLot(self.entries, points, available_at, expires_at, available_at <= self.now)
        self.lots.append(lot)
        if lot.active:
            self.pay(lot)
        return lot

    def take(self, points, but=None):
        parts = []
        for lot in sorted((lot for lot in self.lots if lot.active and lot is not but), key=lambda lot: lot.order):
            taken = min(lot.remaining, points)
            if taken:
                lot.remaining -= taken
                points -= taken
                parts.append([lot, taken, taken])
        return parts, points

    def spend(self, points, allow_debt=False):
        if points > self.available and not allow_debt:
            return None
        self.entries += 1
        parts, owed = self.take(points)
        self.debt += owed
        return Spending(parts, owed)

    def hold(self, points, expires_at):
        if points > self.available:
            return None
        parts, _ = self.take(points)
        hold = ModelHold([(lot, taken) for lot, taken, _ in parts], expires_at)
        self.holds.append(hold)
        return hold

    def settle(self, hold):
        hold.status = "settled"
        self.entries += 1
        return Spending([[lot, points, points] for lot, points in hold.parts], 0)

    def give_back(self, spending, points):
        self.entries += 1
        number = self.entries
        for part in sorted(spending.parts, key=lambda part: part[0].order, reverse=True):
            lot, _, left = part
            back = min(left, points)
            if not back:
                continue
            part[2] -= back
            points -= back
            passed = lot.expires_at is not None and lot.expires_at <= self.now
            if passed and not lot.grace:
                fresh = ModelLot(number, back, self.now, self.now + timedelta(days=7), True, grace=True)
                self.lots.append(fresh)
                self.pay(fresh)
            elif passed:
                lot.remaining += back
                self.lapse(lot)
            else:
                lot.remaining += back
                self.pay(lot)

    def take_back(self, lot, points, allow_debt):
        """Reverse an earning: its own lot first, then others, then a debt."""
        own = lot.remaining
        others = self.available - (own if lot.active else 0)
        if points - own > others and not allow_debt:
            return False
        self.entries += 1
        lot.remaining = 0
        _, owed = self.take(points - own, but=lot)
        self.debt += owed
        return True
