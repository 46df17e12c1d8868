"""A store that leaves the programme: the receipts of its last days arrive late, later ones are none."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from loyalty import clock, policies
from loyalty.api import auth
from loyalty.models import Store

from .conftest import PROGRAMME, Till, apply

pytestmark = pytest.mark.django_db
VISIT = {"code": "visit", "trigger": "activity:visit", "kind": "fixed", "points": 7}


@pytest.fixture
def closed(till, ada) -> datetime:
    """The harbour store was in the programme until this instant."""
    apply(rules=[*PROGRAMME["rules"], VISIT])
    main = {**PROGRAMME, "stores": PROGRAMME["stores"][:1]}
    closed = policies.apply(document=main, actor="test").valid_from
    assert Store.objects.get(code="harbour").retired_at is not None
    return closed


def at_harbour(at: datetime, receipt="R-1"):
    return {"store": "harbour", "occurred_at": at.isoformat(), "receipt": receipt}


def test_a_late_sale_of_a_store_that_was_there_then_is_accepted(till, closed):
    body = at_harbour(closed - timedelta(hours=1))
    assert till.quote(**body).status_code == 200
    sold = till.sell(**body)
    assert sold.status_code == 201 and sold.json()["points"]["earned"] == 19
    assert sold.json()["decision"]["programme_version"] == policies.current(closed - timedelta(hours=1)).version


@pytest.mark.parametrize("later", [timedelta(0), timedelta(minutes=2)])
def test_a_sale_after_it_left_is_refused(till, closed, later):
    reply = till.sell(**at_harbour(closed + later))
    assert (reply.status_code, reply.json()["code"]) == (422, "store_not_found")
    now = till.sell(store="harbour")
    assert (now.status_code, now.json()["code"]) == (422, "store_not_found")


def test_a_store_that_never_was_there_is_not_found_at_any_time(till, closed):
    Store.objects.create(code="kiosk", name="Kiosk", retired_at=clock.now())
    reply = till.sell(store="kiosk", occurred_at=(closed - timedelta(hours=1)).isoformat())
    assert (reply.status_code, reply.json()["code"]) == (422, "store_not_found")


@pytest.mark.parametrize(("earlier", "status"), [(timedelta(hours=1), "applied"), (timedelta(0), "refused")])
def test_the_same_holds_for_activities(till, closed, earlier, status):
    item = {"kind": "visit", "reference": "V-1", "member": {"id": str(till.member.pk)}}
    body = item | {"store": "harbour", "occurred_at": (closed - earlier).isoformat()}
    sensor = Till(auth.issue(name="sensor", scopes=["activity"])[1])
    [answered] = sensor.post("/api/v1/activity", body, key=None).json()["results"]
    assert answered["status"] == status, answered
