"""GET /programme: what shops show beside their goods."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from loyalty import clock, policies
from loyalty.api import auth
from members import enrolment
from tests.api.conftest import Sender

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
GOLD = {"all": [{"field": "member.tier", "op": "in", "value": ["gold"]}]}


def document():
    today = clock.now().isoweekday()
    return {
        "loyalty": 1,
        "settings": {"currency": "JPY", "timezone": "UTC", "earning": {"exclude": {"categories": ["gift_card"]}}},
        "stores": [{"code": "main"}],
        "tiers": [{"group": "status", "levels": [{"code": "gold", "from": "0"}]}],
        "rules": [
            {"code": "base", "kind": "per_amount", "points": 1, "per": "100"},
            {"code": "gold-double", "kind": "multiplier", "factor": "2", "when": GOLD},
            {"code": "over", "kind": "per_visit", "points": 1, "until": "2021-01-01T00:00:00+00:00"},
        ],
        "campaigns": [
            campaign("today", today, {"code": "t", "kind": "per_visit", "points": 5}),
            campaign("other", today % 7 + 1, {"code": "o", "kind": "per_visit", "points": 9}),
        ],
        "rewards": [{"code": "cup", "kind": "amount_off", "amount": "500", "points": 100}],
        "plans": [{"code": "club", "price": "2000", "length": {"months": 1}}],
    }


def campaign(code, weekday, rule):
    return {"code": code, "window": {"weekdays": [weekday]}, "rules": [rule]}


@pytest.fixture
def shop(db):
    policies.apply(document=document(), actor="test", valid_from=LONG_AGO)
    return Sender(auth.issue(name="shop", scopes=["sales"])[1])


def test_what_runs_today_and_nothing_else(shop):
    body = shop.get("/api/v1/programme").json()
    assert [rule["code"] for rule in body["rules"]] == ["base", "t", "gold-double"]
    assert [(one["code"], one["rules"], one["hours"]) for one in body["campaigns"]] == [("today", ["t"], None)]
    assert body["rewards"] == [{"code": "cup", "name": "cup", "kind": "amount_off", "points": 100}]
    assert body["plans"] == [{"code": "club", "name": "club", "price": "2000", "length": {"months": 1}}]


def test_a_product_s_points_are_those_of_its_sale_for_somebody_new_or_for_the_member(shop):
    ada = enrolment.enrol(email="ada@example.com", actor="test")
    plain = shop.get("/api/v1/programme?sku=BEANS&amount=1280").json()["earns"]
    assert plain == {
        "per": "100",
        "points": 1,
        "estimate": {
            "amount": "1280",
            "points": 17,
            "rules": [{"rule": "base", "points": 12}, {"rule": "t", "points": 5}],
        },
    }
    hers = shop.get(f"/api/v1/programme?sku=BEANS&amount=1280&member={ada.pk}").json()["earns"]["estimate"]
    body = {"store": "main", "member": {"id": str(ada.pk)}, "lines": [{"amount": "1280", "sku": "BEANS"}]}
    assert hers["points"] == shop.post("/api/v1/sales/quote", body, key=None).json()["points"]["earned"] == 34
    none = shop.get("/api/v1/programme?category=gift_card&amount=1280").json()["earns"]
    assert (none["per"], none["estimate"]["points"]) == (None, 0)
    assert shop.get("/api/v1/programme?amount=12.80").status_code == 400
    assert shop.get("/api/v1/programme?amount=1&store=nowhere").status_code == 422


def test_who_may_not_read_members_may_not_ask_for_one(shop):
    ada = enrolment.enrol(email="ada@example.com", actor="test")
    other = Sender(auth.issue(name="events", scopes=["events"])[1])
    assert other.get("/api/v1/programme").status_code == 200
    assert other.get(f"/api/v1/programme?member={ada.pk}").json()["code"] == "insufficient_scope"


def test_a_shop_asks_again_only_for_what_changed(shop):
    first = shop.get("/api/v1/programme")
    assert (first.status_code, first["Cache-Control"]) == (200, "private, no-cache")
    again = shop.get("/api/v1/programme", If_None_Match=first["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    policies.apply(document=document(), actor="test", valid_from=LONG_AGO + timedelta(days=1))
    changed = shop.get("/api/v1/programme", If_None_Match=first["ETag"])
    assert changed.status_code == 200 and changed["ETag"] != first["ETag"]
