"""What members read about a correction: names in their language, and why, wherever the points stand."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.test import Client

from loyalty.models import Role
from members import signin
from members.models import Message
from rewards import corrections
from tests.rewards.conftest import apply, settings_with

from .test_corrections import asked, hire

FAIR = {"en": "Gold Saturdays", "ja": "ゴールドの土曜日"}
TWICE = {"code": "saturday-double", "kind": "fixed", "points": 30}


@pytest.fixture
def cleo(programme):
    return hire(Role.MARKETER)


def in_force(**changes) -> None:
    apply(settings=settings_with(adjustments={"below_zero": "refuse"}), **changes)


def taken_back(user, rule: str = "saturday-double") -> corrections.Scope:
    first = {"since": "2026-06-01T00:00:00-04:00", "until": "2026-11-21T00:00:00-05:00"}
    scope = corrections.Scope(rule, **{name: datetime.fromisoformat(at) for name, at in first.items()})
    found = asked(user, scope)
    corrections.prepare(correction=found.pk, deed="take_back", reason="Wrong", words={}, user=user)
    found.refresh_from_db()
    corrections.start(correction=found.pk, content_hash=found.content_hash, user=user)
    assert corrections.work_off(correction=found.pk)
    return found


def undone(found, user) -> None:
    corrections.undo(correction=found.pk, reason="Right", user=user)
    assert corrections.work_off(correction=found.pk)


def reading(member, language: str) -> Client:
    client = Client(headers={"accept-language": language})
    client.force_login(signin.user_of(member=member), backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.mark.parametrize(("language", "name"), [("en", "Gold Saturdays"), ("ja", "ゴールドの土曜日")])
def test_a_message_names_the_campaign_of_a_rule_without_a_name(till, ada, ben, cleo, language, name):
    """Finding 24."""
    in_force(campaigns=[{"code": "gold-saturdays", "name": FAIR, "rules": [TWICE]}])
    till.member = ada if language == "en" else ben
    till.sell("10.00", occurred_at="2026-07-04T12:00:00-04:00")
    taken_back(cleo)
    text = Message.objects.get(code="points-taken-back", channel="inbox").text
    assert name in text and "saturday-double" not in text and "gold-saturdays" not in text


def test_a_rule_of_a_former_version_keeps_its_name_and_one_without_any_shows_no_code(till, ada, cleo):
    in_force(rules=[{**TWICE, "name": FAIR}, {"code": "mute", "kind": "fixed", "points": 4}])
    till.sell("10.00", occurred_at="2026-07-04T12:00:00-04:00")
    in_force(rules=[])
    taken_back(cleo)
    taken_back(cleo, "mute")
    first, second = Message.objects.filter(code="points-taken-back", channel="inbox").order_by("created_at")
    assert "“Gold Saturdays”" in first.text
    assert "mute" not in second.text and "one of our offers" in second.text


@pytest.mark.parametrize(
    ("language", "taken", "given", "rule"),
    [
        ("en", "Taken back", "Given back", "Gold Saturdays, 1 Jun–20 Nov, "),
        ("ja", "ポイントの取り消し", "ポイントをお戻し", "ゴールドの土曜日、6月1日〜11月20日、"),
    ],
)
def test_activity_and_csv_say_why(till, ada, ben, cleo, language, taken, given, rule):
    """Finding 29: "Adjustment, first from points that expire on 16 April 2028"."""
    in_force(rules=[{**TWICE, "name": FAIR}])
    till.member = ada if language == "en" else ben
    till.sell("10.00", occurred_at="2026-07-04T12:00:00-04:00")
    undone(taken_back(cleo), cleo)
    client = reading(till.member, language)
    for address in ("/activity/", "/activity.csv", "/"):
        page = client.get(address).content.decode()
        assert taken in page and given in page and page.count(rule) == 2, address
        assert "saturday-double" not in page
    page = client.get("/activity/").content.decode()
    assert ("given in error" in page and "taken back in error" in page) or language == "ja"
    assert "Adjustment" not in page and "First from points" not in page
