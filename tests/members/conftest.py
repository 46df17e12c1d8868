"""What the tests of members start from: the demo's kind of programme, and the three people."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from loyalty import policies
from loyalty.models import Store
from members import enrolment
from members.models import Member

TIERS: list[dict[str, Any]] = [
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
PROGRAMME: dict[str, Any] = {
    "loyalty": 1,
    "name": "Records",
    "settings": {"currency": "USD", "timezone": "America/New_York", "languages": ["en", "ja"]},
    "stores": [{"code": "main", "name": "Main"}, {"code": "harbour", "name": "Harbour"}],
    "tiers": TIERS,
    "rules": [{"code": "base", "kind": "per_amount", "points": 1, "per": "1"}],
}


@pytest.fixture
def programme(db) -> policies.Policies:
    """Bronze from 0, Silver from 250, Gold from 500 US dollars of lifetime spend."""
    policies.apply(document=PROGRAMME, actor="test", valid_from=datetime(2020, 1, 1, tzinfo=UTC))
    return policies.current()


@pytest.fixture
def main(programme) -> Store:
    return policies.store("main")


@pytest.fixture
def ada(programme) -> Member:
    return enrolment.enrol(
        name="Ada Lovelace", email="ada@example.com", phone="+12025550123", language="en", actor="test"
    )


@pytest.fixture
def ben(programme) -> Member:
    return enrolment.enrol(name="佐藤 美咲", email="ben@example.com", language="ja", actor="test")
