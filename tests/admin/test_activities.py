"""Activities and refusals on the staff's pages: on the member's timeline, and why."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from loyalty import policies
from loyalty.api import auth
from loyalty.models import Decision
from rewards import activity
from tests.rewards.conftest import Till, sale

from .conftest import DOCUMENT

BIKE = {
    "code": "cycling",
    "name": {"en": "By bike", "ja": "自転車で"},
    "trigger": "activity:bike_visit",
    "kind": "fixed",
    "points": 20,
    "caps": {"per_day": 30},
}
PAUSED = {
    "code": "later",
    "name": {"en": "Later", "ja": "のちほど"},
    "trigger": "activity:bike_visit",
    "kind": "fixed",
    "points": 1,
}


@pytest.fixture
def rides(ada):
    """Two rides of Ada, the second cut by the cap of the day; her receipt reported a second time."""
    rules = [*DOCUMENT["rules"], BIKE]
    campaigns = [
        *DOCUMENT.get("campaigns", ()),
        {
            "code": "off",
            "enabled": True,
            "audience": {"all": [{"field": "member.tier", "op": "in", "value": ["no-such"]}]},
            "rules": [PAUSED],
        },
    ]
    policies.apply(document={**DOCUMENT, "rules": rules, "campaigns": campaigns}, actor="system:test")
    client = auth.issue(name="sensor", scopes=["activity"])[0].client
    for number in (1, 2):
        with transaction.atomic():
            activity.record(
                client=client, kind="bike_visit", reference=f"V-{number}", member={"id": ada.pk}, actor="key:sensor"
            )
    till = Till(auth.issue(name="till-9", scopes=["sales"])[1])
    till.post("/api/v1/sales", sale("10.00", "R-1", member={"id": str(ada.pk)}))
    return Decision.objects.filter(kind__in=["activity", "refusal"]).order_by("decided_at")


WORDS = {
    "en": ["bike visit", "By bike 20", "By bike 10", "Sale refused", "this receipt was reported before"],
    "ja": ["bike visit", "自転車で 20", "自転車で 10", "売上の登録を断りました", "このレシートは報告済みです"],
}


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_timeline_shows_activities_and_refusals(rides, ada, desk: Client, language):
    page = desk.get(reverse("admin:members_member_change", args=[ada.pk]), headers={"accept-language": language})
    text = page.content.decode()
    for wanted in WORDS[language]:
        assert wanted in text, wanted


@pytest.mark.parametrize("chip", ["activities", "refusals"])
def test_each_has_a_filter_of_its_own(rides, ada, desk: Client, chip):
    address = reverse("admin:members_member_change", args=[ada.pk])
    assert chip in desk.get(address).content.decode()


def test_the_page_of_an_activity_says_what_counted_and_what_did_not(rides, desk: Client):
    page = desk.get(reverse("admin:loyalty_decision_change", args=[rides[1].pk])).content.decode()
    for wanted in (
        "+10 points",
        "bike visit",
        "By bike",
        "the cap for one day, 30 points",
        "Later",
        "the member is not in the audience",
    ):
        assert wanted in page, wanted


def test_the_page_of_a_refusal_says_why(rides, desk: Client):
    refusal = rides.get(kind="refusal")
    page = desk.get(reverse("admin:loyalty_decision_change", args=[refusal.pk])).content.decode()
    for wanted in ("Refused", "R-1", "this receipt was reported before (duplicate_receipt)", "Ada Lovelace"):
        assert wanted in page, wanted
    assert "Every rule in force" not in page
