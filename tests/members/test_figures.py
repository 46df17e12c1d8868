"""The numbers of the programme."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection, connections, transaction

from loyalty import clock, health, ledger, policies
from loyalty.models import Kind
from members import enrolment, locks
from members.models import Member, Sale
from tests.members.conftest import PROGRAMME
from tests.members.selling import sell


def figures() -> dict:
    out = StringIO()
    call_command("figures", stdout=out)
    return json.loads(out.getvalue())


def test_an_empty_programme_has_zeros(programme):
    assert figures() == {
        "members": 0,
        "members_by_tier": {"bronze": 0, "silver": 0, "gold": 0},
        "sales": 0,
        "spend": {"USD": "0.00"},
        "points": {"issued": 0, "redeemed": 0, "expired": 0, "adjusted": 0, "outstanding": 0},
    }


def test_figures_add_up_sales_levels_and_points(ada, ben):
    sell(ada, "R-1", minor=30_050)
    sell(ben, "R-2", minor=1_999)
    sale, _ = sell(ben, "R-3", minor=100, points=0)
    Sale.objects.filter(pk=sale.pk).update(status="voided")
    account = locks.lock(id=ada.pk).account
    for kind, house, points in (
        (Kind.REDEEM, ledger.House.REDEEMED, -100),
        (Kind.GIVE_BACK, ledger.House.REDEEMED, 30),
        (Kind.ADJUST, ledger.House.ADJUSTED, -5),
        (Kind.RETURN, ledger.House.ISSUED, -20),
    ):
        ledger.post(account=account, kind=kind, house=house, points=points, reference=f"test:{points}", actor="test")
    assert figures() == {
        "members": 2,
        "members_by_tier": {"bronze": 1, "silver": 1, "gold": 0},
        "sales": 2,
        "spend": {"USD": "320.49"},
        "points": {"issued": 299, "redeemed": 70, "expired": 0, "adjusted": -5, "outstanding": 224},
    }


def test_points_past_their_date_are_expired_though_no_job_has_run(ada):
    account = locks.lock(id=ada.pk).account
    now = clock.now()
    ledger.post(
        account=account,
        kind=Kind.EARN,
        house=ledger.House.ISSUED,
        points=50,
        reference="sale:1",
        actor="test",
        grants=[ledger.Grant(40, now, now + timedelta(milliseconds=1)), ledger.Grant(10, now, None)],
    )
    connection.cursor().execute("SELECT pg_sleep(0.01)")
    assert figures()["points"] == {"issued": 50, "redeemed": 0, "expired": -40, "adjusted": 0, "outstanding": 10}


def test_members_who_were_erased_are_not_counted_and_their_sales_are(ada, ben):
    sell(ada, "R-1", minor=30_050)
    Member.objects.filter(pk=ada.pk).update(status="erased")
    found = figures()
    assert (found["members"], found["sales"], found["spend"]) == (1, 1, {"USD": "300.50"})
    assert found["members_by_tier"] == {"bronze": 1, "silver": 0, "gold": 0}


def test_figures_wait_for_a_running_seed(programme, monkeypatch):
    shares = iter([0.2, 0.9, None])
    asked = []
    monkeypatch.setattr(health, "seeding", lambda: asked.append(1) or next(shares))
    monkeypatch.setattr("time.sleep", lambda seconds: asked.append(seconds))
    figures()
    assert asked == [1, 0.5, 1, 0.5, 1]


@pytest.mark.usefixtures("committed")
def test_figures_are_of_one_instant_while_sales_go_on():
    policies.apply(document=PROGRAMME, actor="test", valid_from=datetime(2020, 1, 1, tzinfo=UTC))
    ada = enrolment.enrol(email="ada@example.com", actor="test")
    with transaction.atomic():
        sell(ada, "R-1", minor=100)
    found = figures()
    assert (found["sales"], found["points"]["outstanding"]) == (1, 1)
    connections.close_all()
