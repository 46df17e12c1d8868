"""Stamp cards and streaks: what fills up, what comes of it, and where it is seen."""

from datetime import UTC, datetime

import pytest
import time_machine

from loyalty import books, outbox
from loyalty.api import auth
from loyalty.models import Fact
from rewards.models import RuleState

from .conftest import PROGRAMME, Till, apply, balance

CARD = {
    "code": "card",
    "name": {"en": "Coffee card", "ja": "コーヒーカード"},
    "kind": "stamps",
    "buy": 3,
    "reward": "cup",
    "lines": {"include": {"categories": ["coffee"]}},
}
POINTS = {"code": "beans", "name": "Bean card", "kind": "stamps", "buy": 2, "points": 50}
OFTEN = {"code": "often", "name": "Three a week", "kind": "streak", "times": 3, "within_days": 7, "points": 20}
CUP = {
    "code": "cup",
    "kind": "amount_off",
    "amount": "5",
    "points": 100,
    "name": {"en": "A free cup", "ja": "一杯無料"},
}


@pytest.fixture(autouse=True)
def books_balance(db):
    yield
    assert books.check().problems == []


def buy(till, number, quantity=1, at="2026-11-20T10:00:00-05:00"):
    line = {"line": 1, "category": "coffee", "amount": "0.50", "quantity": quantity}
    reply = till.sell("0.50", f"R-{number}", lines=[line], occurred_at=at)
    assert reply.status_code == 201, reply.content
    return reply.json()["decision"]


def wallet(member, language="en"):
    reader = Till(auth.issue(name="reader", scopes=["members:read"])[1])
    return reader.get(f"/api/v1/members/{member.pk}/wallet", Accept_Language=language).json()["progress"]


def test_a_full_card_owes_its_reward_once_and_starts_anew(till, ada):
    apply(rules=[CARD], rewards=[CUP])
    assert wallet(ada) == [{"rule": "card", "name": "Coffee card", "count": 0, "of": 3}]
    assert buy(till, 1, 2)["progress"] == [{"rule": "card", "count": 2, "of": 3}]
    assert wallet(ada, "ja") == [{"rule": "card", "name": "コーヒーカード", "count": 2, "of": 3}]
    assert "rewards" not in till.quote("0.50", lines=[{"amount": "0.50", "category": "tea"}]).json()["decision"]
    decision = buy(till, 2, 5)  # two cards at once, and one unit on the third
    assert (decision["rewards"], decision["progress"]) == (["cup", "cup"], [{"rule": "card", "count": 1, "of": 3}])
    fact = Fact.objects.get(name="stamps.completed")
    assert {key: fact.payload[key] for key in ("member", "rule", "reward", "count", "decision")} == {
        "member": str(ada.pk), "rule": "card", "reward": "cup", "count": 2, "decision": decision["id"],
    }  # fmt: skip
    assert RuleState.objects.get().progress == {"count_milli": 1000}
    outbox.drain()


def test_a_full_card_with_points_gives_them_at_once(till, ada):
    apply(rules=[POINTS])
    assert [buy(till, 1)["points"], buy(till, 2)["points"], buy(till, 3)["points"]] == [0, 50, 0]
    assert balance(ada)["total"] == 50
    assert not Fact.objects.filter(name="stamps.completed").exists()


def test_a_streak_counts_the_visits_of_its_days(till, ada):
    apply(rules=[OFTEN])
    days = ["2026-11-01", "2026-11-10", "2026-11-12", "2026-11-16"]
    points = [buy(till, number, at=f"{day}T10:00:00-05:00")["points"] for number, day in enumerate(days)]
    assert points == [0, 0, 0, 20]
    with time_machine.travel(datetime(2026, 11, 16, 20, tzinfo=UTC), tick=False):
        assert wallet(ada) == [{"rule": "often", "name": "Three a week", "count": 0, "of": 3}]
    buy(till, 9, at="2026-11-17T10:00:00-05:00")
    with time_machine.travel(datetime(2026, 11, 18, 20, tzinfo=UTC), tick=False):
        assert wallet(ada)[0]["count"] == 1
    with time_machine.travel(datetime(2026, 11, 24, 20, tzinfo=UTC), tick=False):
        assert wallet(ada)[0]["count"] == 0  # it no longer counts


def test_a_card_of_a_campaign_that_is_over_or_of_a_control_group_is_not_shown(ada):
    apply(
        rules=[],
        campaigns=[
            {"code": "old", "window": {"until": "2026-01-01T00:00:00Z"}, "rules": [POINTS]},
            {"code": "none", "control_percent": 100, "rules": [{**OFTEN, "code": "never"}]},
            {"code": "now", "rules": [OFTEN]},
        ],
    )
    assert [one["rule"] for one in wallet(ada)] == ["often"]


def test_programmes_without_any_have_none(ada):
    assert wallet(ada) == []
    assert PROGRAMME["rules"][0]["code"] == "base"
