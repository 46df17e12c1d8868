"""Uploads of offline tills: each item once, whatever is sent how often, and one that is wrong stops no other."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from loyalty import books, clock
from loyalty.errors import InvalidBody
from loyalty.models import AuditRecord, Entry, StoredReply, User
from members import enrolment
from members.models import Sale
from rewards import offline
from rewards.models import OfflineConflict, OfflineDevice
from tests.rewards.conftest import apply, balance, sale, settings_with

BATCH = "/api/v1/sales/batch"


@pytest.fixture
def people(ada, ben):
    yield ada, ben
    assert books.check().problems == []


def item(number, member, total="10.00", **more):
    body = sale(total, f"R-{number}", member={"id": str(member.pk)}, **more)
    return {"key": f"t3-{number}", "sequence": number, "kind": "sale", "sale": body}


def send(till, *items, device="till-3"):
    answer = till.post(BATCH, {"device": device, "items": list(items)}, key=None)
    assert answer.status_code == 200, answer.content
    return answer.json()


def statuses(reply):
    return [result["status"] for result in reply["results"]]


def code(result):
    return result["problem"]["code"]


def test_each_is_applied_once_and_replayed_ever_after(people, till):
    ada, ben = people
    items = [item(1, ada), item(2, ben, "20.00"), item(3, ada, "30.00")]
    first = send(till, *items)
    assert (first["applied"], first["replayed"], first["refused"]) == (3, 0, 0)
    assert [result["sale"]["points"]["earned"] for result in first["results"]] == [10, 20, 30]
    for _ in range(3):
        again = send(till, *items)
        assert (again["applied"], again["replayed"], again["refused"]) == (0, 3, 0)
        assert [result["sale"] for result in again["results"]] == [result["sale"] for result in first["results"]]
    assert (balance(ada)["total"], balance(ben)["total"]) == (40, 20)
    assert Entry.objects.filter(kind="earn").count() == 3


def test_they_run_in_the_order_of_sequence_and_are_answered_in_the_order_sent(people, till):
    ada, _ = people
    items = [item(n, ada, "100.00") for n in (4, 2, 3, 1, 5, 6)]
    reply = send(till, *items)
    assert [result["key"] for result in reply["results"]] == ["t3-4", "t3-2", "t3-3", "t3-1", "t3-5", "t3-6"]
    by_number = sorted(Sale.objects.all(), key=lambda one: one.receipt)
    assert [one.pk for one in Sale.objects.order_by("id")] == [one.pk for one in by_number]
    assert [one.sequence for one in by_number] == [1, 2, 3, 4, 5, 6]
    assert {one.device for one in by_number} == {"till-3"}
    points = {result["key"]: result["sale"]["points"]["earned"] for result in reply["results"]}
    assert points == {"t3-1": 100, "t3-2": 100, "t3-3": 100, "t3-4": 100, "t3-5": 100, "t3-6": 200}  # gold after 500


def test_one_that_is_wrong_stops_no_other_and_says_what_is_wrong(people, till):
    ada, ben = people
    wrong = [
        (item(2, ada) | {"kind": "gift"}, "not_a_choice", "kind"),
        ({"key": "x"}, "required", "kind"),
        ({"kind": "sale"}, "required", "key"),
        (item(3, ada) | {"more": 1}, "unknown_field", "more"),
        (item(4, ada, "1.999"), "too_many_decimals", "sale.lines[0].amount"),
        (item(5, ada, currency="EUR"), "wrong_currency", "sale.currency"),
        (item(6, ada) | {"sale": sale("1.00", "R-6", member={"card": "9801000000000000"})}, "member_not_found", None),
        (item(7, ada) | {"sale": sale("1.00", "R-7", store="nowhere")}, "store_not_found", None),
        (item(8, ada, occurred_at="2031-01-01T00:00:00Z"), "in_the_future", None),
    ]
    reply = send(till, item(1, ada), *[one for one, _, _ in wrong], item(9, ben))
    assert statuses(reply) == ["applied", *["refused"] * len(wrong), "applied"]
    for result, (_, said, field) in zip(reply["results"][1:-1], wrong, strict=True):
        assert code(result) == said, result
        if field:
            assert field in [error["field"] for error in result["problem"]["errors"]], result
    assert Sale.objects.count() == 2


def test_the_envelope_itself_must_be_right(people, till):
    ada, _ = people
    for body in (
        {"items": [item(1, ada)]},
        {"device": "till-3", "items": []},
        {"device": "till-3", "items": [item(n, ada) for n in range(1001)]},
        {"device": "till-3", "items": [3]},
        {"device": "till-3", "items": [item(1, ada)], "more": 1},
    ):
        assert till.post(BATCH, body, key=None).status_code == 400
    assert Sale.objects.count() == 0


def test_duplicates_inside_one_batch(people, till):
    ada, _ = people
    other = item(1, ada, "99.00")
    reply = send(till, item(1, ada), item(1, ada), other, item(1, ada) | {"key": "t3-1b"})
    assert statuses(reply) == ["applied", "replayed", "refused", "replayed"]
    assert code(reply["results"][2]) == "idempotency_key_reused"
    assert Entry.objects.count() == 1


def test_a_known_receipt_is_replayed_with_equal_content_and_refused_with_other(people, till):
    ada, ben = people
    body = sale("10.00", "R-1", member={"id": str(ada.pk)})
    single = till.post("/api/v1/sales", body)
    assert single.status_code == 201
    same, other = (
        {"key": "a", "kind": "sale", "sale": body},
        {"key": "b", "kind": "sale", "sale": body | {"channel": "web"}},
    )
    reply = send(till, same, other, same | {"key": "c"})
    assert statuses(reply) == ["replayed", "refused", "replayed"]
    assert code(reply["results"][1]) == "duplicate_receipt"
    assert reply["results"][1]["problem"]["sale"] == single.json()["id"] == reply["results"][0]["sale"]["id"]
    assert reply["results"][0]["sale"]["points"] == single.json()["points"]
    assert statuses(send(till, same, other)) == ["replayed", "refused"]
    assert balance(ada)["total"] == 10
    assert balance(ben)["total"] == 0


def test_keys_share_the_namespace_of_idempotency_keys(people, till):
    ada, _ = people
    till.post("/api/v1/sales", sale("5.00", "R-9", member={"id": str(ada.pk)}), key="t3-1")
    reply = send(till, item(1, ada))
    assert code(reply["results"][0]) == "idempotency_key_reused"
    send(till, item(2, ada))
    later = till.post("/api/v1/sales", sale("5.00", "R-8", member={"id": str(ada.pk)}), key="t3-2")
    assert (later.status_code, later.json()["code"]) == (422, "idempotency_key_reused")


def test_a_refusal_is_kept_and_replayed_as_it_was(people, till):
    ada, _ = people
    wrong = item(1, ada, currency="EUR")
    first, again = send(till, wrong), send(till, wrong)
    assert first["results"][0]["problem"]["request_id"] == again["results"][0]["problem"]["request_id"]
    assert StoredReply.objects.get(key="t3-1").status == 422


def test_offline_sales_may_be_so_old_and_no_older(people, till):
    ada, _ = people
    apply(settings=settings_with(offline={"max_age_days": 7}))
    old, older = (str((clock.now() - timedelta(days=days, minutes=1)).isoformat()) for days in (6, 7))
    reply = send(till, item(1, ada, occurred_at=old), item(2, ada, occurred_at=older))
    assert statuses(reply) == ["applied", "refused"]
    assert code(reply["results"][1]) == "too_old"


def test_the_same_json_in_another_order_of_keys_is_the_same_item(people, till):
    ada, _ = people
    first = item(1, ada)
    other = dict(reversed(first.items())) | {"sale": dict(reversed(first["sale"].items()))}
    assert statuses(send(till, first)) == ["applied"]
    assert statuses(send(till, other)) == ["replayed"]


def test_anonymous_sales_are_taken_too(people, till):
    reply = send(till, {"key": "a", "kind": "sale", "sale": sale("5.00", "R-1")})
    assert statuses(reply) == ["applied"]
    assert reply["results"][0]["sale"]["claim"]["code"]


def test_sent_in_any_order_and_in_pieces_it_comes_to_the_same(people, till):
    ada, ben = people
    items = [item(n, (ada, ben)[n % 2], "50.00") for n in range(1, 13)]
    chance = random.Random(4)
    for _ in range(6):
        send(till, *chance.sample(items, chance.randint(1, 12)))
    send(till, *items)
    assert Sale.objects.count() == 12
    assert Entry.objects.filter(kind="earn").count() == 12


def test_one_member_named_in_two_ways_is_still_one(people, till):
    """The second sale of a wave would not see the tier that the first one reached."""
    ada, ben = people
    ways = [{"id": str(ada.pk)}, {"email": "ada@example.com"}]
    items = [
        {"key": f"k{n}", "sequence": n, "kind": "sale", "sale": sale("600.00", f"R-{n}", member=ways[n % 2])}
        for n in range(4)
    ]
    reply = send(till, *items, item(9, ben))
    assert [result["sale"]["points"]["earned"] for result in reply["results"]] == [600, 1200, 1200, 1200, 10]


def test_many_go_together_and_say_what_each_alone_would(people, till, django_assert_max_num_queries):
    ada, ben = people
    everybody = [enrolment.enrol(name=f"Sample {n}", card=str(10_000 + n), actor="test") for n in range(40)]
    items = [item(n, member, f"{n}.50") for n, member in enumerate(everybody, start=1)]
    with django_assert_max_num_queries(3 * len(items)):
        together = send(till, *items)
    assert together["applied"] == 40
    for member, result in zip(everybody, together["results"], strict=True):
        sold = result["sale"]
        assert sold["member"] == str(member.pk)
        assert sold["balance"] == balance(member)
    assert statuses(send(till, *items, item(50, ada))) == ["replayed"] * 40 + ["applied"]
    assert balance(ben)["total"] == 0


def test_what_is_refused_waits_for_a_person_until_it_is_taken_or_settled(people, till):
    ada, ben = people
    unknown = item(2, ada) | {"sale": sale("1.00", "R-2", member={"card": "9801000000000000"})}
    wrong = {"key": "t3-5", "sequence": 5, "kind": "sale", "sale": {"store": "main", "receipt": "R-5", "total": "x"}}
    for _ in range(2):
        send(till, item(1, ada), unknown, wrong, item(9, ben))
    device = OfflineDevice.objects.get()
    assert (device.name, device.last_sequence, device.uploads, device.applied, device.replayed) == (
        "till-3",
        9,
        2,
        2,
        2,
    )
    assert offline.missing(device) == [(3, 4), (6, 8)]
    found = {one.key: one for one in device.conflicts.all()}
    assert [(found[key].code, found[key].receipt, found[key].times) for key in ("t3-2", "t3-5")] == [
        ("member_not_found", "R-2", 2),
        (found["t3-5"].code, "R-5", 2),
    ]
    user = User.objects.create(email="cleo@example.com")
    with pytest.raises(InvalidBody):
        offline.settle(conflict=found["t3-2"].pk, reason=" ", user=user)
    for reason in ("Keyed in by hand as R-2b", "again"):
        assert offline.settle(conflict=found["t3-2"].pk, reason=reason, user=user).reason == "Keyed in by hand as R-2b"
    assert AuditRecord.objects.filter(action="offline_conflict.settled").count() == 1
    send(till, item(5, ada) | {"key": "t3-5"})
    assert OfflineConflict.objects.get(key="t3-5").state == "applied"
