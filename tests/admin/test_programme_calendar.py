"""The calendar shows what was, is and will be in force, by the versions of the programme."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from loyalty import clock, policies

from . import osaka
from .test_programme_pages import marketer, milo, programme  # noqa: F401

DAILY = {"code": "daily", "name": {"en": "Daily"}, "rules": [{"code": "d", "kind": "per_visit", "points": 5}]}


@pytest.fixture
def coming(programme):  # noqa: F811
    """A campaign that one version brings in 40 days, and the next takes away five days later."""
    zone = policies.current().zone
    first = clock.start_of(clock.day_of(clock.now() + timedelta(days=40), zone), zone)
    policies.apply(document={**osaka.DOCUMENT, "campaigns": [DAILY]}, actor="staff:x", valid_from=first)
    policies.apply(document=osaka.DOCUMENT, actor="staff:x", valid_from=first + timedelta(days=5))
    return clock.day_of(first, zone)


def test_a_campaign_is_painted_on_the_days_on_which_it_is_there(marketer, coming):  # noqa: F811
    painted = set()
    for day in (coming, coming + timedelta(days=6)):
        page = marketer.get(reverse("admin:programme_calendar") + f"?month={day:%Y-%m}")
        painted |= {day["iso"] for week in page.context["weeks"] for day in week if day["running"]}
    assert painted == {(coming + timedelta(days=i)).isoformat() for i in range(5)}


def test_the_weeks_ahead_begin_and_end_with_the_versions(marketer, coming):  # noqa: F811
    page = marketer.get(reverse("admin:programme_calendar"))
    [row] = page.context["rows"]
    [bar] = row["bars"]
    assert 5 <= float(bar.width.rstrip("%")) <= 6, "five days of 91"
    assert 40 <= float(bar.x.rstrip("%")) <= 52 and "soon" in row["state"]


def test_without_a_campaign_there_are_no_arrows(marketer):  # noqa: F811
    assert b"Month before" not in marketer.get(reverse("admin:programme_calendar")).content
    policies.apply(document={**osaka.DOCUMENT, "campaigns": [DAILY]}, actor="staff:x")
    text = marketer.get(reverse("admin:programme_calendar")).content.decode()
    assert '<span class="month-view month-steps">' in text, "the arrows go where the month is not shown"
