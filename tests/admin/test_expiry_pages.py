"""Who expires what when, giving points back on a page, and the page of the test clock with its line on every page."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.urls import reverse

from loyalty import clock, ledger, policies
from loyalty.models import Entry, Kind, Role, SandboxClock
from loyalty.sandbox import moving
from members.models import Reinstatement

from .conftest import signed_in


def give(member, points, starts, ends):
    with transaction.atomic():
        ledger.post(
            account=ledger.lock(member.account_id)[0],
            kind=Kind.EARN,
            house=ledger.House.ISSUED,
            points=points,
            reference=f"test:{points}",
            actor="test",
            grants=[ledger.Grant(points, starts, ends)],
        )


def test_the_overview_counts_by_month_and_names_whose_they_are(ada, hire):
    zone = policies.current().zone
    today = clock.day_of(clock.now(), zone)
    month = clock.months_later(today.replace(day=1), 2)
    last_day = clock.months_later(month, 1) - timedelta(days=1)  # ends at the first instant of the month after
    give(ada, 4321, clock.now(), clock.end_of(last_day, zone))
    give(ada, 777, clock.now() - timedelta(days=2), clock.now() - timedelta(days=1))
    finance = signed_in(hire(Role.FINANCE))
    page = finance.get(reverse("admin:expiry"), {"month": f"{month:%Y-%m}"})
    text = page.content.decode()
    assert [row["points"] for row in page.context["coming"] if row["key"] == f"{month:%Y-%m}"] == ["4,321"]
    assert "777" in [row["points"] for row in page.context["gone"]]
    assert [row["points"] for row in page.context["holders"]] == ["4,321"] and "<svg" in text
    assert finance.get(reverse("admin:expiry"), {"month": "no month"}).status_code == 200
    assert finance.get(reverse("admin:expired", args=[ada.pk])).status_code == 403


def test_a_manager_sees_the_members_of_the_store_alone(ada, ben, hire):
    ends = clock.now() + timedelta(days=3)
    give(ada, 11, clock.now(), ends)
    give(ben, 22, clock.now(), ends)
    everybody = signed_in(hire(Role.AUDITOR)).get(reverse("admin:expiry")).context["sum"]
    assert int(everybody.replace(",", "")) >= 33


def test_support_gives_points_back_and_over_the_limit_finance_agrees(ada, hire):
    give(ada, 100, clock.now() - timedelta(days=2), clock.now() - timedelta(days=1))
    give(ada, 6000, clock.now() - timedelta(days=2), clock.now() - timedelta(days=1))
    small, large = Entry.objects.filter(account=ada.account_id, kind=Kind.EXPIRE).order_by("-points")
    support, finance = signed_in(hire(Role.SUPPORT)), signed_in(hire(Role.FINANCE))
    where = reverse("admin:expired", args=[ada.pk])
    until = (clock.now() + timedelta(days=30)).date().isoformat()
    assert support.post(where, {"entry": small.pk, "until": until, "reason": ""}).status_code == 200
    assert not Reinstatement.objects.exists()
    for entry in (small, large):
        assert support.post(where, {"entry": entry.pk, "until": until, "reason": "A test"}).status_code == 302
    asked = Reinstatement.objects.get(state="waiting")
    assert asked.points == 6000 and "A test" in finance.get(reverse("admin:expiry")).content.decode()
    decide = reverse("admin:reinstatement", args=[asked.pk])
    assert support.post(decide, {"act": "approve", "content_hash": asked.content_hash}).status_code == 403
    finance.post(decide, {"act": "approve", "content_hash": "other"})
    assert Reinstatement.objects.get(pk=asked.pk).state == "waiting"
    finance.post(decide, {"act": "approve", "content_hash": asked.content_hash})
    assert Entry.objects.filter(kind=Kind.REINSTATE, account=ada.account_id).count() == 2
    assert "given back" in support.get(where).content.decode()


@pytest.fixture
def sandbox(settings):
    settings.LOYALTY_SANDBOX, settings.LOYALTY_PRODUCTION = True, False
    clock.follow(timedelta)
    yield
    clock.follow(None)


def test_where_the_clock_is_real_the_page_says_so_and_no_page_has_the_line(hire, client):
    page = signed_in(hire(Role.ADMINISTRATOR)).get(reverse("admin:clock"))
    assert "The clock of this system is real" in page.content.decode()
    assert "clock-line" not in page.content.decode() + client.get("/").content.decode()


def test_in_a_sandbox_every_page_says_that_the_clock_is_not_real(hire, client, sandbox):
    desk = signed_in(hire(Role.ADMINISTRATOR))
    for page in (desk.get(reverse("admin:index")), desk.get(reverse("admin:loyalty_entry_changelist")),
                 desk.get(reverse("till:find")), client.get("/"), client.get(reverse("admin:login"))):  # fmt: skip
        assert "clock-line" in page.content.decode(), page.request["PATH_INFO"]


def test_the_page_asks_a_worker_to_move_it_and_shows_how_far_it_is(hire, sandbox, monkeypatch):
    sent = []
    monkeypatch.setattr(moving.broker, "send", sent.append)
    desk = signed_in(hire(Role.MARKETER))
    desk.post(reverse("admin:clock"), {"span": "3d"})
    row = SandboxClock.objects.get()
    assert sent == [moving.TASK] and row.target - clock.now() > timedelta(days=2)
    SandboxClock.objects.update(days=3, done=1)
    text = desk.get(reverse("admin:clock")).content.decode()
    assert "1 of 3 days have ended" in text and 'http-equiv="refresh"' in text
    SandboxClock.objects.all().delete()
    desk.post(reverse("admin:clock"), {"span": "900d"})
    desk.post(reverse("admin:clock"), {"at": "2040-01-01T09:00"})
    assert not SandboxClock.objects.exists()
    assert signed_in(hire(Role.FINANCE)).get(reverse("admin:clock")).status_code == 403
