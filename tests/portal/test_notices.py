"""What the frame says above or below: the end of the programme, new terms. The card comes first where it is shown."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from django.db import transaction
from django.test import Client

from loyalty import clock, policies
from members import closing
from members.models import Member, Profile
from members.portal.formats import LONG_MONTHS
from tests.members.test_terms import CHANGES, MORE, published


@pytest.fixture
def ada(world, as_member):
    Profile.objects.filter(member=world.ada.pk).update(language="en")
    return as_member(Member.objects.get(pk=world.ada.pk))


def announce(days: int = 90):
    with transaction.atomic():
        closing.announce(
            earning_until=clock.now() + timedelta(days=30),
            redeeming_until=clock.now() + timedelta(days=days),
            text={"en": "Thank you."},
            reason="We move",
            actor="staff:x",
        )


@pytest.mark.parametrize("page", ["/", "/card/"])
def test_the_card_stands_above_all_notices(ada, page):
    announce()
    published()
    text = ada.get(page).content.decode()
    places = [text.index(mark) for mark in ('class="hero"', "This programme ends", "terms-due")]
    assert places == sorted(places) and text.count("This programme ends") == 1


def test_other_pages_begin_with_the_notice(ada):
    announce()
    text = ada.get("/rewards/").content.decode()
    assert text.index("This programme ends") < text.index("<h1")


def test_the_first_terms_are_no_new_version(ada):
    published()
    text = ada.get("/").content.decode()
    assert "This programme now has terms." in text and "have a new version" not in text
    published(MORE, CHANGES, valid_from=clock.now() + timedelta(days=40))
    assert "The terms of this programme have a new version." in ada.get("/").content.decode()


def test_no_points_are_said_to_count_longer_than_the_programme(ada):
    last = clock.day_of(clock.now() + timedelta(days=60), policies.current().zone)
    assert max(last_days(ada)) > last
    announce(60)
    assert max(last_days(ada)) <= last


def last_days(client: Client) -> list[date]:
    """Every day until which the activity says that points count."""
    text = re.sub(r"<[^>]+>", " ", client.get("/activity/").content.decode())
    found = re.findall(r"(?:valid until|Valid until|expire on)\s+(\d+) (\w+) (\d{4})", text)
    return [date(int(year), LONG_MONTHS.index(month) + 1, int(day)) for day, month, year in found]
