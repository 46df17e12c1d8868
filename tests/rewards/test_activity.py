"""What members do besides buying: reported once, answered once, each item by itself."""

from datetime import UTC, datetime

import pytest

from loyalty import books, outbox, policies
from loyalty.api import auth
from loyalty.models import Decision, Entry, Fact
from members.models import Activity, Message

from .conftest import PROGRAMME, Till, apply, balance, settings_with

BIKE = {
    "code": "cycling",
    "name": {"en": "By bike", "ja": "自転車で来店"},
    "trigger": "activity:bike_visit",
    "kind": "fixed",
    "points": 20,
    "caps": {"per_day": 20},
}


@pytest.fixture
def sensor(till, ada):
    apply(rules=[*PROGRAMME["rules"], BIKE])
    sensor = Till(auth.issue(name="sensor", scopes=["activity", "members:read"])[1])
    sensor.member = ada
    yield sensor
    assert books.check().problems == []


def item(member, reference="V-1", **more):
    return {"kind": "bike_visit", "reference": reference, "member": {"id": str(member.pk)}, **more}


def report(sender, *items):
    body = items[0] if len(items) == 1 else {"items": list(items)}
    reply = sender.post("/api/v1/activity", body, key=None)
    assert reply.status_code == 200, reply.content
    return reply.json()["results"]


def test_an_activity_earns_what_its_rule_says_and_says_why(sensor, ada):
    at = "2026-11-20T10:00:00-05:00"
    [result] = report(sensor, item(ada, occurred_at=at, store="main", channel="door", data={"km": 4.5}))
    assert result == {"reference": "V-1", "status": "applied", "points": 20, "decision": result["decision"]}
    activity, entry = Activity.objects.get(), Entry.objects.get()
    assert (activity.kind, activity.data, activity.channel, activity.client.name) == (
        "bike_visit", {"km": 4.5}, "door", "sensor",
    )  # fmt: skip
    assert (entry.kind, entry.points, entry.reference) == ("earn", 20, f"activity:{activity.pk}")
    assert entry.occurred_at == datetime(2026, 11, 20, 15, tzinfo=UTC)
    assert (entry.actor, str(entry.decision_id)) == ("key:sensor", result["decision"])
    shown = sensor.get(f"/api/v1/decisions/{result['decision']}").json()
    assert (shown["kind"], shown["points"], shown["trigger"]) == ("activity", 20, "activity:bike_visit")
    assert [(row["rule"], row["points"]) for row in shown["rules"]] == [("cycling", 20)]
    assert shown["lots"][0]["points"] == 20
    assert Fact.objects.get(name="points.earned").payload["activity"] == str(activity.pk)
    wallet = sensor.get(f"/api/v1/members/{ada.pk}/wallet").json()
    assert (wallet["balance"]["total"], wallet["lifetime_earned"]) == (20, 20)


def test_the_same_report_again_changes_nothing(sensor, ada):
    [first] = report(sensor, item(ada))
    [again] = report(sensor, item(ada))
    assert again == {**first, "status": "replayed"}
    [other] = report(sensor, item(ada, store="main"))
    assert (other["status"], other["problem"]["code"], other["points"]) == ("refused", "duplicate_activity", 0)
    assert (Entry.objects.count(), Activity.objects.count()) == (1, 1)


def test_another_client_and_another_kind_have_references_of_their_own(sensor, ada, ben):
    gate = Till(auth.issue(name="gate", scopes=["activity"])[1])
    assert [one["points"] for one in report(sensor, item(ada))] == [20]
    assert [one["points"] for one in report(gate, item(ben))] == [20]
    [walked] = report(sensor, {**item(ada), "kind": "walk"})
    assert (walked["status"], walked["points"]) == ("applied", 0)
    assert Activity.objects.count() == 3


def test_items_are_answered_in_order_and_a_refused_one_stops_nothing(sensor, ada, ben):
    nobody = {**item(ada, "V-2"), "member": {"email": "nobody@example.com"}}
    future = item(ada, "V-3", occurred_at="2099-01-01T00:00:00Z")
    results = report(sensor, item(ada), nobody, future, item(ben, "V-4"), item(ada, "V-5"), item(ada))
    assert [(one["reference"], one["status"], one["points"]) for one in results] == [
        ("V-1", "applied", 20),
        ("V-2", "refused", 0),
        ("V-3", "refused", 0),
        ("V-4", "applied", 20),
        ("V-5", "applied", 0),  # the cap of the day
        ("V-1", "replayed", 20),
    ]
    assert [one["problem"]["code"] for one in results if "problem" in one] == ["member_not_found", "in_the_future"]
    assert (balance(ada)["total"], balance(ben)["total"]) == (20, 20)
    capped = Decision.objects.get(pk=results[4]["decision"])
    assert capped.body["caps"] == [{"rule": "cycling", "cap": "per_day", "limit": 20, "cut": 20}]


def test_a_thousand_items_at_most_and_one_form_at_a_time(sensor, ada):
    many = [item(ada, f"V-{number}") for number in range(1001)]
    for body, code in (
        ({"items": many}, "too_long"),
        ({"items": []}, "too_short"),
        ({**item(ada), "items": many[:1]}, "exactly_one"),
        ({"kind": "bike_visit"}, "required"),
        ({**item(ada), "kind": "Bike visit"}, "not_a_code"),
        ({**item(ada), "data": {"km": {"a": 1}}}, "malformed"),
    ):
        reply = sensor.post("/api/v1/activity", body, key=None)
        assert (reply.status_code, reply.json()["code"]) == (400, code), (body, reply.content)
    assert Activity.objects.count() == 0


def test_a_key_of_a_store_reports_for_its_store_only(sensor, ada):
    main = policies.store("main")
    door = Till(auth.issue(name="door", scopes=["activity"], store=main)[1])
    refused, applied = report(door, item(ada, "V-1", store="harbour"), item(ada, "V-2"))
    assert (refused["problem"]["code"], applied["status"]) == ("store_mismatch", "applied")
    assert Activity.objects.get().store == main


def test_an_activity_that_is_too_old_is_refused_and_the_refusal_is_a_decision(sensor, ada):
    apply(settings=settings_with(earning={"late_days": 3}), rules=[BIKE])
    [result] = report(sensor, item(ada, occurred_at="2020-01-01T00:00:00Z"))
    assert (result["status"], result["problem"]["code"]) == ("refused", "too_old")
    decision = Decision.objects.get(pk=result["decision"])
    assert (decision.kind, decision.account_id, decision.points) == ("refusal", ada.account_id, 0)
    assert decision.body == {"operation": "activity", "code": "too_old", "reference": "V-1", "store": ""}
    assert sensor.get(f"/api/v1/decisions/{decision.pk}").json()["code"] == "too_old"


def test_the_member_is_told_of_the_points(sensor, ada):
    report(sensor, item(ada))
    outbox.drain()
    assert [message.subject for message in Message.objects.filter(code="points-earned", channel="inbox")] != []
