"""A shop with one till, a programme in US dollars, and the three people."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from loyalty import ledger, limits, policies
from loyalty.api import auth
from members import enrolment
from members.models import Member
from tests.api.conftest import Sender

TIERS = [
    {
        "group": "status",
        "metric": "spend",
        "window": {"kind": "lifetime"},
        "levels": [
            {"code": "bronze", "from": "0", "name": {"en": "Bronze", "ja": "ブロンズ"}},
            {"code": "silver", "from": "250", "name": {"en": "Silver", "ja": "シルバー"}},
            {"code": "gold", "from": "500", "name": {"en": "Gold", "ja": "ゴールド"}},
        ],
    }
]
GOLD = {"all": [{"field": "member.tier", "op": "in", "value": ["gold"]}]}
PROGRAMME: dict[str, Any] = {
    "loyalty": 1,
    "name": "Records",
    "settings": {
        "currency": "USD",
        "timezone": "America/New_York",
        "languages": ["en", "ja"],
        "earning": {"exclude": {"categories": ["gift_card"]}},
    },
    "stores": [{"code": "main", "name": "Main"}, {"code": "harbour", "name": "Harbour"}],
    "tiers": TIERS,
    "rules": [
        {"code": "base", "kind": "per_amount", "points": 1, "per": "1"},
        {"code": "gold-double", "kind": "multiplier", "factor": "2", "when": GOLD},
    ],
}
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def apply(**changes):
    """Put the programme, with changes to whole sections, in force for all time so far."""
    policies.apply(document={**PROGRAMME, **changes}, actor="test", valid_from=LONG_AGO)


def settings_with(**sections):
    return {**PROGRAMME["settings"], **sections}


def sale(total="19.99", receipt="R-1", **more):
    """The body of a sale of one line."""
    body = {"store": "main", "receipt": receipt, "total": total, "lines": [{"line": 1, "sku": "LP", "amount": total}]}
    return {**body, **more}


class Till(Sender):
    """A till that sells and redeems, for a member by default."""

    member: Any = None

    def sell(self, total="19.99", receipt="R-1", **more):
        if self.member is not None:
            more.setdefault("member", {"id": str(self.member.pk)})
        return self.post("/api/v1/sales", sale(total, receipt, **more))

    def quote(self, total="19.99", **more):
        if self.member is not None:
            more.setdefault("member", {"id": str(self.member.pk)})
        return self.post("/api/v1/sales/quote", sale(total, **more), key=None)

    def redeem(self, points, **more):
        return self.post("/api/v1/redemptions", {"member": {"id": str(self.member.pk)}, "points": points, **more})


@pytest.fixture
def programme(db):
    apply()


@pytest.fixture
def ada(programme) -> Member:
    return enrolment.enrol(name="Ada Lovelace", email="ada@example.com", language="en", actor="test")


@pytest.fixture
def ben(programme) -> Member:
    return enrolment.enrol(name="佐藤 美咲", email="ben@example.com", language="ja", actor="test")


@pytest.fixture
def till(ada) -> Till:
    till = Till(auth.issue(name="till", scopes=["sales", "redeem"])[1])
    till.member = ada
    return till


@pytest.fixture(autouse=True)
def fresh_limits(settings):
    """Counters of their own for each test."""
    client = limits.client()
    for name in client.scan_iter("limit:*"):
        client.delete(name)


def balance(member) -> ledger.Balance:
    return ledger.balance(ledger.current(member.account_id))
