"""Stamp cards, streaks, friends and activities on the portal's pages."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import transaction
from playwright.sync_api import Browser

from loyalty import clock, policies
from loyalty.api import auth
from members.models import Member, Referral
from rewards import activity, occasions
from tests.browser import DESKTOP, PHONE, Complaints, new_page, overflow
from tests.portal import data
from tests.portal.conftest import newest_code
from tests.portal.test_browser import contrast_faults, sign_in, speak
from tests.portal.test_content import words
from tests.portal.test_pages import speaking

MORE = [
    {
        "code": "card",
        "name": {"en": "Coffee card", "ja": "コーヒーカード"},
        "kind": "stamps",
        "buy": 9,
        "reward": "cup",
        "lines": {"include": {"categories": ["coffee"]}},
    },
    {
        "code": "weekly",
        "name": {"en": "Three visits a week", "ja": "週に3回"},
        "kind": "streak",
        "times": 3,
        "within_days": 7,
        "points": 20,
        "lines": {"include": {"categories": ["coffee"]}},
    },
    {"code": "friends", "kind": "referral", "referrer": 300, "friend": 100, "wait_days": 14},
    {
        "code": "bike",
        "name": {"en": "Came by bike", "ja": "自転車で来店"},
        "trigger": "activity:bike_visit",
        "kind": "fixed",
        "points": 20,
    },
    {
        "code": "birthday",
        "name": {"en": "Birthday points", "ja": "誕生日ポイント"},
        "trigger": "birthday",
        "kind": "fixed",
        "points": 150,
    },
]
CAMPAIGN = {
    "code": "autumn",
    "name": {"en": "Autumn", "ja": "秋"},
    "budget": {"points": 5},
    "rules": [{"code": "autumn-ten", "name": {"en": "Ten in autumn", "ja": "秋の10"}, "kind": "fixed", "points": 10}],
}
CUP = {"code": "cup", "name": {"en": "A free cup", "ja": "一杯無料"}, "kind": "product", "sku": "CUP", "points": 100}


def live(world: data.World) -> Member:
    """Ada with four coffees, a ride, and a birthday today."""
    document = {
        **data.PROGRAMME,
        "rules": [*data.PROGRAMME["rules"], *MORE],
        "campaigns": [CAMPAIGN],
        "rewards": [*data.PROGRAMME["rewards"], CUP],
    }
    policies.apply(document=document, actor="test", valid_from=clock.now() - timedelta(hours=5))
    till = auth.issue(name="sensor", scopes=["activity"])[0].client
    for number in range(2):
        sell_coffee(world.ada, f"C-{number}", 2)
    with transaction.atomic():
        activity.record(
            client=till, kind="bike_visit", reference="V-1", member={"id": world.ada.pk}, actor="key:sensor"
        )
        activity.answer(
            trigger="birthday", reference="b", member=world.ada.pk, occurred_at=clock.now(), actor=occasions.ACTOR
        )
    return world.ada


def sell_coffee(member: Member, number: str, quantity: int) -> None:
    """Some cups, through the operation of the till."""
    basket = data.rules.Basket(
        lines=(data.rules.Line(1, 500, name="カフェラテ", category="coffee", quantity_milli=1000 * quantity),),
        occurred_at=clock.now() - timedelta(minutes=5),
        currency="JPY",
        store="nakameguro",
    )
    receipt = data.Receipt(store=policies.store("nakameguro"), number=number, basket=basket, total_minor=500)
    with transaction.atomic():
        data.record_sale(receipt=receipt, member={"id": member.pk}, actor="key:till-3")


HOME = {
    "en": [
        "Coffee card 4 of 9",
        "When it is full: A free cup",
        "Three visits a week 2 of 3",
        "When you make it: 20 points. Until",
        "Bring a friend",
        "After your friend's first purchase you get 300 points, and your friend 100.",
        "Happy birthday Birthday points",
        "Came by bike",
    ],
    "ja": [
        "コーヒーカード 9のうち4",
        "いっぱいになると：一杯無料",
        "週に3回 3のうち2",
        "友だちに紹介する",
        "お誕生日おめでとうございます",
    ],
}


@pytest.mark.parametrize("language", ["en", "ja"])
def test_home_shows_cards_streaks_friends_and_activities(world, as_member, language):
    ada = live(world)
    speaking(ada, language)
    reply = as_member(ada).get("/")
    text = words(reply)
    for wanted in HOME[language]:
        assert wanted in text, text
    assert reply.content.decode().count('r="15"/>') == 9
    assert reply.content.decode().count('<circle class="on"') == 4


def test_a_receipt_says_why_a_campaign_gave_less(world, as_member):
    ada = live(world)
    speaking(ada, "en")
    text = words(as_member(ada).get("/activity/"))
    assert "Autumn −5 All points of this offer are given out" in text or "Autumn All points of this offer" in text, text


def test_an_empty_card_is_shown_and_who_has_left_invites_nobody(world, as_member):
    live(world)
    speaking(world.eve, "en")
    client = as_member(world.eve)
    assert "Coffee card 0 of 9" in words(client.get("/"))
    Member.objects.filter(pk=world.eve.pk).update(status=Member.Status.CLOSED)
    assert "Bring a friend" not in words(client.get("/"))


def test_joining_with_a_friends_code(world, client, as_member):
    ada = live(world)
    speaking(ada, "en")
    code = next(part for part in words(as_member(ada).get("/")).split() if len(part) == 11 and part[5] == "-")
    assert f'value="{code}"' in client.get(f"/join/?friend={code}").content.decode()
    form = {"name": "Ben", "email": "new@example.com"}
    wrong = client.post("/join/", {**form, "friend": "NOBODY"}, headers={"accept-language": "en"})
    assert (wrong.status_code, "This code is not known" in wrong.content.decode()) == (422, True)
    reply = client.post("/join/", {**form, "friend": code.lower()})
    assert (reply.status_code, client.session["sign_in"]["wish"]["friend"]) == (302, code.lower())
    client.post("/sign-in/code/", {"code": newest_code()})
    assert Referral.objects.get().referrer == ada


@pytest.mark.browser
@pytest.mark.parametrize(("language", "size", "dark"), [("ja", PHONE, False), ("en", DESKTOP, True)])
def test_the_cards_in_a_browser(committed, served, browser: Browser, settings, language, size, dark):
    world = data.build()
    ada = live(world)
    speak(ada, language)
    page = new_page(browser, locale={"en": "en-GB", "ja": "ja-JP"}[language], size=size, dark=dark)
    complaints = Complaints().watch(page)
    sign_in(page, served, "misaki@example.jp", language, settings)
    assert (overflow(page), contrast_faults(page), complaints.found) == (0, [], [])
    if folder := os.environ.get("LOYALTY_SHOTS"):
        page.screenshot(path=Path(folder) / f"cards-{language}.png", full_page=True)
