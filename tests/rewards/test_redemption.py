"""Spending points: hold, settle, cancel, and time."""

from datetime import timedelta

import msgspec
import pytest

from loyalty import books, clock, policies
from loyalty.api import auth
from loyalty.models import Entry, Fact, Hold
from members.models import Sale, SaleLine
from rewards.api import shapes
from rewards.models import Redemption

from .conftest import Till, balance, sale


@pytest.fixture
def till(till):
    """Ada has 100 points."""
    till.sell("100", "R-0")
    return till


def code_of(reply):
    return reply.status_code, reply.json()["code"]


def act(till, redemption, what, body=None):
    return till.post(f"/api/v1/redemptions/{redemption['id']}/{what}", body)


def test_points_are_held_and_then_spent(till, ada):
    held = till.redeem(30, store="main")
    assert held.status_code == 201, held.content
    body = held.json()
    assert (body["status"], body["points"], body["reward"], body["value"]) == ("held", 30, None, None)
    assert body["balance"] == {"total": 100, "available": 70, "pending": 0, "held": 30, "debt": 0, "sequence": 1}
    assert body["expires_at"]
    settled = act(till, body, "settle")
    assert settled.status_code == 200
    assert (settled.json()["status"], settled.json()["expires_at"]) == ("settled", None)
    assert settled.json()["balance"]["total"] == 70
    entry = Entry.objects.get(kind="redeem")
    assert (entry.points, entry.reference) == (-30, f"redemption:{body['id']}")
    assert entry.store_id == policies.store("main").pk
    assert list(Fact.objects.filter(name__contains="held").values_list("payload", flat=True)) == [
        {"member": str(ada.pk), "redemption": body["id"], "points": 30}
    ]
    assert Fact.objects.filter(name="points.redeemed").count() == 1


def test_points_are_spent_at_once(till, ada):
    body = till.redeem(100, mode="settle").json()
    assert (body["status"], body["balance"]["available"], body["expires_at"]) == ("settled", 0, None)
    assert [fact.name for fact in Fact.objects.filter(name__in=["points.held", "points.redeemed"])] == [
        "points.redeemed"
    ]
    assert Redemption.objects.get().hold.status == "settled"


def test_a_cancelled_hold_gives_its_points_back(till, ada):
    held = till.redeem(30).json()
    cancelled = act(till, held, "cancel")
    assert cancelled.status_code == 200
    assert (cancelled.json()["status"], cancelled.json()["balance"]["available"]) == ("cancelled", 100)
    assert Entry.objects.count() == 1
    assert Fact.objects.filter(name="hold.released").count() == 1


def test_more_than_there_is_says_how_much_there_is(till, ada):
    reply = till.redeem(101)
    assert code_of(reply) == (409, "insufficient_points")
    assert (reply.json()["needed"], reply.json()["available"]) == (101, 100)
    till.redeem(60)
    assert till.redeem(41).json()["available"] == 40
    assert Redemption.objects.count() == 1


WAYS = {"settle": "redemption_settled", "cancel": "redemption_cancelled"}


@pytest.mark.parametrize("first", WAYS)
@pytest.mark.parametrize("second", WAYS)
def test_a_second_way_out_is_refused_with_the_state(till, ada, first, second):
    held = till.redeem(30).json()
    assert act(till, held, first).status_code == 200
    before = balance(ada)
    assert code_of(act(till, held, second)) == (409, WAYS[first])
    assert balance(ada) == before


@pytest.mark.parametrize("way", WAYS)
def test_a_hold_past_its_time_has_expired_without_any_job(till, ada, monkeypatch, way):
    held = till.redeem(30).json()
    late = clock.now() + timedelta(minutes=15)
    monkeypatch.setattr(clock, "now", lambda: late)
    assert code_of(act(till, held, way)) == (409, "hold_expired")
    assert till.redeem(100).status_code == 201  # all are there again
    assert Hold.objects.get(reference=f"redemption:{held['id']}").status == "expired"


def test_a_settled_hold_may_name_its_sale(till, ada, ben):
    sold = till.sell("5", "R-9").json()
    held = till.redeem(30).json()
    assert act(till, held, "settle", {"sale": sold["id"]}).status_code == 200
    assert str(Redemption.objects.get().sale_id) == sold["id"]


def test_the_sale_of_another_is_refused(till, ada, ben):
    other = till.post("/api/v1/sales", sale("5", "R-9", member={"id": str(ben.pk)})).json()
    held = till.redeem(30).json()
    assert code_of(act(till, held, "settle", {"sale": other["id"]})) == (422, "member_mismatch")
    assert code_of(act(till, held, "settle", {"sale": held["id"]})) == (422, "sale_not_found")
    assert act(till, held, "settle").status_code == 200


REFUSED = [
    ({"points": 0}, 400, "out_of_range"),
    ({"points": -5}, 400, "out_of_range"),
    ({"points": 1_000_000_001}, 400, "out_of_range"),
    ({"points": 1.5}, 400, "not_an_integer"),
    ({"points": "5"}, 400, "not_an_integer"),
    ({"points": None}, 400, "required"),
    ({"points": 5, "mode": "spend"}, 400, "not_a_choice"),
    ({"points": 5, "store": "nowhere"}, 422, "store_not_found"),
    ({"points": 5, "reward": "cup"}, 422, "reward_not_available"),
    ({"points": 5, "member": {"id": "01990000-0000-7000-8000-000000000000"}}, 422, "member_not_found"),
    ({"points": 5, "member": {"email": "ada@example.com", "card": "1"}}, 400, None),
]


@pytest.mark.parametrize(("change", "status", "code"), REFUSED, ids=lambda value: str(value)[:40])
def test_what_is_refused_changes_nothing(till, ada, change, status, code):
    reply = till.redeem(**change)
    assert reply.status_code == status, reply.content
    if code:
        assert reply.json()["code"] == code
    assert (balance(ada)["available"], Redemption.objects.count()) == (100, 0)


def test_an_unknown_redemption_is_not_found(till):
    unknown = {"id": "01990000-0000-7000-8000-000000000000"}
    assert code_of(act(till, unknown, "settle")) == (404, "not_found")
    assert code_of(act(till, unknown, "cancel")) == (404, "not_found")


def test_a_till_of_one_store_does_not_touch_the_holds_of_another(till, ada):
    held = till.redeem(30, store="main").json()
    other = Till(auth.issue(name="harbour", scopes=["redeem"], store=policies.store("harbour"))[1])
    other.member = ada
    assert code_of(act(other, held, "cancel")) == (403, "store_mismatch")
    assert code_of(other.redeem(5, store="main")) == (403, "store_mismatch")
    assert other.redeem(5).status_code == 201
    assert Redemption.objects.latest("created_at").store_id == policies.store("harbour").pk


def test_a_till_of_one_store_sells_with_no_hold_of_another(till, ada):
    held = till.redeem(30, store="main").json()
    scopes = ["sales", "redeem"]
    other = Till(auth.issue(name="harbour", scopes=scopes, store=policies.store("harbour"))[1])
    other.member = ada
    for reply in (
        other.sell("5", "R-9", store="harbour", redemptions=[held["id"]]),
        other.quote("5", store="harbour", redemptions=[held["id"]]),
    ):
        assert code_of(reply) == (403, "store_mismatch")
        assert reply.json()["detail"] == "This key writes only for harbour."
    assert (Sale.objects.filter(receipt="R-9").exists(), balance(ada)["held"]) == (False, 30)
    nobodys = "01990000-0000-7000-8000-000000000000"
    unknown = other.sell("5", "R-9", store="harbour", redemptions=[nobodys])
    assert code_of(unknown) == (422, "reward_not_available")
    main = Till(auth.issue(name="main", scopes=scopes, store=policies.store("main"))[1])
    main.member = ada
    assert main.sell("5", "R-9", redemptions=[held["id"]]).json()["redemptions"][0]["status"] == "settled"


def test_a_hold_without_a_store_is_of_the_system_that_made_it(till, ada):
    held = [till.redeem(10).json() for _ in range(3)]
    main = policies.store("main")
    other = Till(auth.issue(name="other", scopes=["sales", "redeem"], store=main)[1])
    other.member = ada
    own = Till(auth.issue(name="till", scopes=["sales", "redeem"], store=main)[1])  # another key of the same client
    own.member = ada
    assert code_of(act(other, held[0], "settle")) == (403, "store_mismatch")
    assert code_of(act(other, held[0], "cancel")) == (403, "store_mismatch")
    assert code_of(other.sell("5", "R-9", redemptions=[held[0]["id"]])) == (403, "store_mismatch")
    assert balance(ada)["held"] == 30
    assert act(own, held[0], "settle").status_code == act(own, held[1], "cancel").status_code == 200
    assert own.sell("5", "R-9", redemptions=[held[2]["id"]]).status_code == 201


def test_a_till_of_one_store_settles_for_no_sale_of_another(till, ada):
    sold = {store: till.sell("5", "R-9", store=store).json()["id"] for store in ("main", "harbour")}
    bound = Till(auth.issue(name="main", scopes=["redeem"], store=policies.store("main"))[1])
    bound.member = ada
    held = bound.redeem(10).json()
    reply = act(bound, held, "settle", {"sale": sold["harbour"]})
    assert code_of(reply) == (403, "store_mismatch")
    assert reply.json()["detail"] == "This key writes only for main; the sale is another store's."
    assert act(bound, held, "settle", {"sale": sold["main"]}).status_code == 200
    assert str(Redemption.objects.get().sale_id) == sold["main"]


def test_a_plain_spending_has_no_quantity(till, ada):
    reply = till.redeem(10, quantity=3)
    assert code_of(reply) == (400, "out_of_range")
    assert [error["field"] for error in reply.json()["errors"]] == ["quantity"]
    assert (till.redeem(10, quantity=1).status_code, balance(ada)["held"]) == (201, 10)


def test_a_refusal_is_replayed_with_its_key(till, ada):
    body = {"member": {"id": str(ada.pk)}, "points": 150}
    first = till.post("/api/v1/redemptions", body, key="k1")
    till.sell("100", "R-2")
    again = till.post("/api/v1/redemptions", body, key="k1")
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert till.post("/api/v1/redemptions", body, key="k2").status_code == 201


def test_holds_are_settled_with_their_sale(till, ada):
    held = [till.redeem(10).json()["id"], till.redeem(20).json()["id"]]
    quoted = till.quote("5", redemptions=held).json()
    assert [one["status"] for one in quoted["redemptions"]] == ["held", "held"]
    body = till.sell("5", "R-9", redemptions=held).json()
    assert body["redemptions"] == [
        {"id": held[0], "status": "settled", "points": 10},
        {"id": held[1], "status": "settled", "points": 20},
    ]
    assert body["balance"] == {**balance(ada), "total": 75, "available": 75, "held": 0}
    assert {str(one.sale_id) for one in Redemption.objects.all()} == {body["id"]}
    assert books.check().problems == []


def test_a_quote_shows_the_balance_after_its_holds_are_settled(till, ada):
    held = [till.redeem(10).json()["id"], till.redeem(20).json()["id"]]
    quoted = till.quote("5", redemptions=held).json()["balance"]
    assert quoted == {"total": 75, "available": 75, "pending": 0, "held": 0, "debt": 0, "sequence": 4}
    assert till.sell("5", "R-9", redemptions=held).json()["balance"] == quoted


@pytest.mark.parametrize(("way", "code"), [*WAYS.items(), ("wait", "hold_expired")])
def test_a_quote_refuses_a_hold_as_the_sale_would(till, ada, monkeypatch, way, code):
    held = till.redeem(30).json()
    if way == "wait":
        late = clock.now() + timedelta(minutes=15)
        monkeypatch.setattr(clock, "now", lambda: late)
    else:
        act(till, held, way)
    assert code_of(till.quote("5", redemptions=[held["id"]])) == (409, code)
    assert code_of(till.sell("5", "R-9", redemptions=[held["id"]])) == (409, code)


def test_a_hold_is_named_once(till, ada):
    held = till.redeem(30).json()["id"]
    for reply in (till.quote("5", redemptions=[held, held]), till.sell("5", "R-9", redemptions=[held, held.upper()])):
        assert code_of(reply) == (400, "out_of_range")
        assert reply.json()["errors"] == [
            {"field": "redemptions[1]", "code": "out_of_range", "detail": "This redemption is there twice."}
        ]
    assert balance(ada)["held"] == 30


def test_an_id_in_a_path_may_be_in_capitals(till, ada):
    held = till.redeem(30).json()
    assert act(till, {"id": held["id"].upper()}, "settle").json()["id"] == held["id"]


def test_a_sale_whose_holds_cannot_be_settled_fails_with_them(till, ada, ben):
    held = till.redeem(10).json()
    gone = till.redeem(20).json()
    act(till, gone, "cancel")
    reply = till.sell("5", "R-9", redemptions=[held["id"], gone["id"]])
    assert code_of(reply) == (409, "redemption_cancelled")
    till.member = ben
    assert code_of(till.sell("5", "R-9", redemptions=[held["id"]])) == (422, "reward_not_available")
    till.member = None
    assert code_of(till.sell("5", "R-9", redemptions=[held["id"]])) == (422, "reward_not_available")
    assert balance(ada)["held"] == 10
    assert not Sale.objects.filter(receipt="R-9").exists()


def test_the_books_notice_a_sale_that_earned_something_else(till, ada, owner):
    assert books.check().problems == []
    SaleLine.objects.update(points=7)
    assert [problem.invariant for problem in books.check().problems] == ["I9"]


def test_the_reply_is_as_the_documents_say(till, ada):
    msgspec.json.decode(till.redeem(10).content, type=shapes.Redeemed)
    msgspec.json.decode(till.sell("5", "R-9").content, type=shapes.Sold)
    msgspec.json.decode(till.quote("5").content, type=shapes.Sold)
