"""Closing the programme: earning ends, then redeeming, then what is left expires; or it goes on after all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client

from loyalty import clock, due, ledger, outbox, policies, statements
from loyalty.errors import InvalidBody, ProgrammeClosed
from loyalty.models import AuditRecord, Entry, Kind, Lot
from members import closing, enrolment, signin
from members.models import Message
from rewards import programme_file, redemption
from tests.rewards.conftest import apply, balance, sale, settings_with

START = datetime(2026, 6, 1, 12, tzinfo=UTC)
EARNING, REDEEMING = datetime(2026, 7, 1, 4, tzinfo=UTC), datetime(2026, 9, 1, 4, tzinfo=UTC)


@pytest.fixture
def at(monkeypatch):
    """Set the clock: `at(instant)`."""

    def set_to(instant: datetime) -> None:
        monkeypatch.setattr(clock, "now", lambda: instant)

    set_to(START)
    return set_to


@pytest.fixture
def programme(db, at):
    apply(settings=settings_with(expiry={"kind": "rolling", "days": 365}))


def announce(**more):
    with transaction.atomic():
        return closing.announce(
            **{"earning_until": EARNING, "redeeming_until": REDEEMING, "text": {"en": "Thank you."},
               "reason": "We stop", "actor": "staff:x", **more}
        )  # fmt: skip


def test_until_earning_ends_nothing_changes(till, at):
    announce()
    at(EARNING - timedelta(seconds=1))
    assert till.sell("10.00", "R-1").json()["points"]["earned"] == 10
    shown = till.get("/api/v1/programme").json()["closing"]
    assert shown == {"earning_until": "2026-07-01T00:00:00-04:00", "redeeming_until": "2026-09-01T00:00:00-04:00"}


def test_after_earning_ended_a_sale_is_recorded_and_earns_nothing(till, ada, at):
    announce()
    at(EARNING)
    body = till.sell("10.00", "R-1").json()
    assert body["points"] == {"earned": 0, "pending": 0} and ada.sales.count() == 1
    assert {row["why"] for row in body["decision"]["not_applied"]} == {"programme_closing"}
    assert till.quote("10.00").json()["points"]["earned"] == 0
    late = till.sell("10.00", "R-2", occurred_at=(EARNING - timedelta(hours=1)).isoformat()).json()
    assert late["points"]["earned"] == 10  # it happened before


def test_after_earning_ended_nobody_joins(till, at):
    announce()
    at(EARNING)
    with pytest.raises(ProgrammeClosed):
        enrolment.enrol(email="eve@example.com", actor="test")
    page = Client().get("/join/", HTTP_ACCEPT_LANGUAGE="en")
    assert "Nobody can join any more" in page.content.decode() and 'name="email"' not in page.content.decode()


def test_points_are_spent_until_the_last_day_and_expire_at_that_instant(till, ada, at):
    till.sell("10.00", "R-1")
    announce()
    at(REDEEMING - timedelta(seconds=1))
    assert till.redeem(3, mode="settle").status_code == 201
    wallet = statements.wallet(ada.account_id)
    assert [(row.expires_at, row.points) for row in wallet.expiring] == [(REDEEMING, 7)]
    at(REDEEMING + timedelta(days=1))
    refused = till.redeem(1)
    assert (refused.status_code, refused.json()["code"]) == (409, "programme_closed")
    assert balance(ada)["total"] == 0  # by reading alone, no job has run
    entry = Entry.objects.get(kind=Kind.EXPIRE)
    lot = Lot.objects.get()
    assert (entry.points, entry.occurred_at, entry.reference) == (-7, REDEEMING, f"expire:{lot.pk}")
    assert lot.expires_at > REDEEMING  # the lot keeps the date it was granted
    call_command("check_books")


def test_the_job_expires_what_nobody_looks_at_once(till, ada, ben, at):
    till.sell("10.00", "R-1")
    till.member = ben
    till.sell("20.00", "R-2")
    announce()
    at(REDEEMING)
    assert due.write_changes() == 2 and due.write_changes() == 0
    assert sorted(Entry.objects.filter(kind=Kind.EXPIRE).values_list("points", flat=True)) == [-20, -10]
    assert due.write_changes() == 0
    call_command("check_books")


def test_pending_points_end_too_and_a_hold_made_before_can_still_be_settled(till, ada, at):
    apply(settings=settings_with(earning={"pending": {"days": 100}}, redeeming={"hold_minutes": 60}))
    till.sell("10.00", "R-1", occurred_at=(START - timedelta(days=200)).isoformat())
    announce()
    at(EARNING - timedelta(days=1))
    till.sell("5.00", "R-2")
    at(REDEEMING - timedelta(minutes=5))
    held = till.redeem(4).json()
    assert balance(ada) == {"total": 15, "available": 6, "pending": 5, "held": 4, "debt": 0, "sequence": 2}
    at(REDEEMING + timedelta(minutes=5))
    assert balance(ada) == {"total": 4, "available": 0, "pending": 0, "held": 4, "debt": 0, "sequence": 4}
    assert till.post(f"/api/v1/redemptions/{held['id']}/settle", {}).status_code == 200
    assert balance(ada)["total"] == 0
    call_command("check_books")


def test_a_hold_that_times_out_after_the_end_expires_at_once(till, ada, at):
    apply(settings=settings_with(redeeming={"hold_minutes": 60}))
    till.sell("10.00", "R-1")
    announce()
    at(REDEEMING - timedelta(minutes=5))
    till.redeem(4)
    at(REDEEMING + timedelta(minutes=5))
    assert balance(ada)["held"] == 4
    at(REDEEMING + timedelta(hours=2))
    assert balance(ada)["total"] == 0
    call_command("check_books")


def test_what_is_granted_after_the_end_expires_at_once(till, ada, at):
    announce()
    at(REDEEMING + timedelta(days=1))
    till.sell("10.00", "R-1", occurred_at=(EARNING - timedelta(hours=1)).isoformat())
    assert balance(ada)["total"] == 0 and Entry.objects.count() == 2
    call_command("check_books")


def test_called_off_it_leaves_no_trace(till, ada, at):
    till.sell("10.00", "R-1")
    announce()
    outbox.drain()
    with transaction.atomic():
        closing.call_off(reason="We go on", actor="staff:x")
    outbox.drain()
    at(REDEEMING + timedelta(days=1))
    assert balance(ada)["total"] == 10 and till.sell("1.00", "R-2").json()["points"]["earned"] == 1
    codes = list(Message.objects.filter(channel="inbox", member=ada).order_by("id").values_list("code", flat=True))
    told = [code for code in codes if code.startswith("programme-")]
    assert told == ["programme-closing", "programme-goes-on"]
    letter = Message.objects.get(channel="inbox", member=ada, code="programme-closing")
    assert letter.subject == "Records ends on 31 Aug" and "Until 30 Jun you earn" in letter.text
    assert "Thank you." in letter.text
    acts = list(AuditRecord.objects.order_by("sequence").values_list("action", flat=True))
    assert acts[-2:] == ["closing.announced", "closing.called_off"]


def test_it_is_announced_once_and_called_off_only_in_time(programme, at):
    announce()
    with pytest.raises(closing.NotNow):
        announce()
    at(EARNING)
    with pytest.raises(closing.NotNow), transaction.atomic():
        closing.call_off(reason="x", actor="staff:x")
    assert policies.current().closing is not None


@pytest.mark.parametrize(
    "changes",
    [{"earning_until": START}, {"redeeming_until": EARNING - timedelta(days=1)}, {"reason": " "},
     {"earning_until": START + timedelta(days=1), "redeeming_until": START + timedelta(days=29)}],
    ids=["in the past", "redeeming before earning", "no reason", "too little notice"],
)  # fmt: skip
def test_it_is_not_announced_unfairly(programme, changes):
    with pytest.raises(InvalidBody):
        announce(**changes)
    assert policies.current().closing is None


def test_the_portal_counts_the_days(till, ada, at):
    client = Client()
    client.force_login(signin.user_of(member=ada), backend="allauth.account.auth_backends.AuthenticationBackend")
    assert "closing" not in client.get("/").content.decode()
    announce()
    page = client.get("/").content.decode()
    assert "92 days left to use your points" in page and "until 30 June 2026" in page
    at(REDEEMING + timedelta(days=1))
    assert "This programme has ended" in client.get("/").content.decode()


def test_redeeming_in_python_is_refused_too(ada, at):
    announce()
    at(REDEEMING)
    with pytest.raises(ProgrammeClosed), transaction.atomic():
        redemption.redeem(member={"id": ada.pk}, points=1, actor="test")
    assert ledger.current(ada.account_id).total == 0 and sale("1")


def test_no_file_no_draft_and_no_way_back_announces_an_end_or_calls_it_off(programme, at):
    announced = announce()
    with pytest.raises(programme_file.ProgrammeRefused) as refused:
        programme_file.apply(text=programme_file.export(1), actor="staff:milo")
    assert [problem.code for problem in refused.value.problems] == ["closing_elsewhere"]
    back = programme_file.rollback(version=1, actor="staff:milo")
    assert back.document["closing"] == announced.document["closing"]
    with transaction.atomic():
        closing.call_off(reason="We go on", actor="staff:x")
    again = programme_file.rollback(version=announced.version, actor="staff:milo")
    assert "closing" not in again.document
