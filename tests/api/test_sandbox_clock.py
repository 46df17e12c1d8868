"""The test clock of a sandbox: set, advanced, the same in every process, and impossible in production."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from loyalty import books, clock, dayend, policies
from loyalty.api import auth
from loyalty.models import AuditRecord, ClosedDay, Entry, Fact, Kind
from loyalty.runtime import environment
from loyalty.runtime.failures import LaunchError
from loyalty.sandbox import moving, offset
from tests.loyalty import clocks
from tests.rewards.conftest import PROGRAMME, Till, apply, settings_with

ADDRESS = "/api/v1/sandbox/clock"
MARCH = "2026-03-10T09:00:00+00:00"


@pytest.fixture
def sandbox(committed, settings):
    settings.LOYALTY_SANDBOX, settings.LOYALTY_PRODUCTION = True, False
    with clocks.of_sandbox():
        yield Till(auth.issue(name="tests", scopes=auth.SCOPES)[1])


def post(till, **body):
    return till.post(ADDRESS, body, key=None)


def test_it_is_set_runs_on_and_is_advanced_with_every_days_end_in_order(sandbox):
    apply(settings=settings_with(timezone="UTC", expiry={"kind": "rolling", "days": 30}, earning={}))
    reply = post(sandbox, set=MARCH)
    assert reply.status_code == 200 and reply.json()["days_closed"] == 0
    assert abs(datetime.fromisoformat(reply.json()["now"]) - datetime.fromisoformat(MARCH)) < timedelta(seconds=5)
    enrolled = sandbox.post("/api/v1/members", {"email": "ada@example.com"}).json()["id"]
    sandbox.post("/api/v1/sales", {"store": "main", "receipt": "R-1", "member": {"id": enrolled}, "total": "100.00",
                                   "lines": [{"line": 1, "sku": "LP", "amount": "100.00"}]})  # fmt: skip
    wallet = sandbox.get(f"/api/v1/members/{enrolled}/wallet").json()
    assert wallet["expiring"][0]["on"] == "2026-04-09"
    reply = post(sandbox, advance="31d").json()
    assert reply["days_closed"] == 31 and reply["now"].startswith("2026-04-10T09:00:0")
    assert [day.day for day in ClosedDay.objects.order_by("closed_at")] == [
        datetime(2026, 3, 10, tzinfo=UTC).date() + timedelta(days=number) for number in range(31)
    ]
    gone = Entry.objects.get(kind=Kind.EXPIRE)
    assert (gone.points, gone.occurred_at) == (-100, datetime(2026, 4, 10, tzinfo=UTC))
    assert gone.recorded_at - gone.occurred_at < timedelta(minutes=1)  # by the day's end, with the clock at midnight
    assert not Fact.objects.filter(handled_at=None).exists()
    again = sandbox.get(ADDRESS).json()
    assert again["now"] >= reply["now"] and again["days_closed"] == 0
    assert books.check().problems == []
    moves = AuditRecord.objects.filter(action="sandbox.clock_moved")
    assert [row.data["days"] for row in moves.order_by("sequence")] == [0, 31]


def test_it_goes_back_and_the_days_from_there_close_again(sandbox):
    post(sandbox, set="2026-03-10T09:00:00Z")
    assert post(sandbox, advance="2d").json()["days_closed"] == 2
    assert post(sandbox, set="2026-03-11T01:00:00Z").json()["days_closed"] == 0
    assert [str(day) for day in ClosedDay.objects.values_list("day", flat=True)] == ["2026-03-10"]
    assert post(sandbox, advance="36h").json()["days_closed"] == 1
    assert post(sandbox, advance="90m").json() | {"now": ""} == {"now": "", "days_closed": 0}
    assert post(sandbox, set="2026-03-12T00:00:00Z").status_code == 200


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"advance": "401d"}, "advance", "out_of_range"),
        ({"advance": "9999h"}, "advance", "out_of_range"),
        ({"advance": "0d"}, "advance", "not_a_time"),
        ({"advance": "-3d"}, "advance", "not_a_time"),
        ({"advance": "3 d"}, "advance", "not_a_time"),
        ({"advance": "3w"}, "advance", "not_a_time"),
        ({"advance": "٣d"}, "advance", "not_a_time"),
        ({"set": "2026-03-10"}, "set", "not_a_time"),
        ({"set": "2031-03-10T09:00:00Z"}, "set", "out_of_range"),
        ({"set": MARCH, "advance": "1d"}, "set", "required"),
        ({}, "set", "required"),
        ({"advance": "1d", "by": "me"}, "by", "unknown_field"),
    ],
)
def test_what_it_refuses_has_its_field_and_moves_nothing(sandbox, body, field, code):
    before = offset.ahead()
    reply = post(sandbox, **body)
    assert reply.status_code == 400, reply.content
    assert [(row["field"], row["code"]) for row in reply.json()["errors"]] == [(field, code)]
    assert offset.ahead() == before


def test_only_the_scope_manage_moves_it(sandbox):
    till = Till(auth.issue(name="till", scopes=["sales"])[1])
    assert post(till, advance="1d").json()["code"] == "insufficient_scope"


def test_one_mover_at_a_time(sandbox):
    with moving._alone():
        done = subprocess.run(
            [sys.executable, "-c", _MOVE], env=_environment(), capture_output=True, text=True, check=False
        )
    assert "ClockIsMoving" in done.stderr, done.stderr
    assert post(sandbox, advance="1h").status_code == 200


_MOVE = """
import django; django.setup()
from loyalty.sandbox import moving
moving.move(target=moving.target_of("1h"), actor="test")
"""
_NOW = "import django; django.setup()\nfrom loyalty import clock; print(clock.now().isoformat())"


def _environment(**more):
    base = os.environ["DATABASE_URL"]
    name = connection.settings_dict["NAME"]
    head, _, tail = base.partition("?")
    return {**os.environ, "DATABASE_URL": f"{head.rpartition('/')[0]}/{name}?{tail}", "LOYALTY_SANDBOX": "1", **more}


def test_every_process_has_the_same_time(sandbox):
    post(sandbox, set="2020-01-01T00:00:00Z")
    done = subprocess.run([sys.executable, "-c", _NOW], env=_environment(), capture_output=True, text=True, check=True)
    assert abs(datetime.fromisoformat(done.stdout.strip()) - clock.now()) < timedelta(seconds=30)
    other = subprocess.run(
        [sys.executable, "-c", _NOW], env=_environment(LOYALTY_SANDBOX="0"), capture_output=True, text=True, check=True
    )
    real = datetime.fromisoformat(other.stdout.strip())
    assert abs(real - datetime.now(UTC)) < timedelta(seconds=30)  # production never looks at it


@pytest.mark.django_db
@pytest.mark.parametrize(("sandboxed", "production", "real"), [(False, False, True), (True, True, False)])
def test_outside_a_sandbox_it_is_refused_at_every_call(settings, sandboxed, production, real):
    settings.LOYALTY_SANDBOX, settings.LOYALTY_PRODUCTION = sandboxed, production
    if not real:
        clock.follow(timedelta)
    try:
        till = Till(auth.issue(name="tests", scopes=auth.SCOPES)[1])
        assert till.get(ADDRESS).json()["code"] == "not_found"
        for body in ({"set": MARCH}, {"advance": "1d"}, {}):
            reply = till.post(ADDRESS, body, key=None)
            assert (reply.status_code, reply.json()["code"]) == (404, "not_found")
        with pytest.raises(moving.NotFound):
            moving.move(target=clock.now(), actor="test")
    finally:
        clock.follow(None)


@pytest.mark.parametrize("production", [{"LOYALTY_PRODUCTION": "1"}, {"LOYALTY_HTTPS": "true"}], ids=str)
def test_production_does_not_start_with_it(production):
    env = {**os.environ, "LOYALTY_SANDBOX": "1", **production}
    done = subprocess.run([sys.executable, "-c", _NOW], env=env, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert ImproperlyConfigured.__name__ in done.stderr and "LOYALTY_SANDBOX" in done.stderr


def test_a_move_that_was_cut_short_is_gone_on_with(sandbox, monkeypatch):
    apply(settings=PROGRAMME["settings"])
    close, closed = dayend.close, []

    def fails_on_the_third(day):
        closed.append(day)
        if len(closed) == 3:
            raise RuntimeError("cut short")
        return close(day)

    post(sandbox, set=MARCH)
    target = moving.target_of("5d")
    monkeypatch.setattr(dayend, "close", fails_on_the_third)
    with pytest.raises(RuntimeError):
        moving.move(target=target, actor="test")
    row = moving.state()
    assert (row.done, row.days, row.target, row.problem) == (2, 5, None, "RuntimeError")
    monkeypatch.setattr(dayend, "close", close)
    moving.move(target=target, actor="test")
    assert ClosedDay.objects.count() == 5 and policies.current().version


@pytest.mark.parametrize("production", [{"LOYALTY_PRODUCTION": "1"}, {"LOYALTY_HTTPS": "on"}], ids=str)
def test_the_launcher_says_so_before_anything_starts(monkeypatch, production):
    for name in ("LOYALTY_PRODUCTION", "LOYALTY_HTTPS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LOYALTY_SANDBOX", "1")
    environment.refuse_a_sandbox_in_production()
    for name, value in production.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(LaunchError, match="LOYALTY_SANDBOX"):
        environment.refuse_a_sandbox_in_production()
    monkeypatch.setenv("LOYALTY_PRODUCTION", "0")
    environment.refuse_a_sandbox_in_production()
