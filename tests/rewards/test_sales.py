"""Selling: what a sale gives, and what becomes of the member."""

from datetime import UTC, datetime, timedelta

import pytest

from loyalty import clock
from loyalty.api import auth
from loyalty.models import Decision, Entry, Fact, Lot
from members import enrolment
from members.models import Sale, SaleLine, TierChange
from rewards.models import SaleClaim

from .conftest import Till, apply, balance, settings_with


def code_of(reply):
    return reply.status_code, reply.json()["code"]


def test_a_sale_gives_points_tier_and_the_reason(till, ada):
    reply = till.sell("19.99", occurred_at="2026-11-20T10:00:00-05:00")
    assert reply.status_code == 201, reply.content
    body = reply.json()
    assert body["points"] == {"earned": 19, "pending": 0}
    assert body["balance"] == {"total": 19, "available": 19, "pending": 0, "held": 0, "debt": 0, "sequence": 1}
    assert body["tier"] == {"code": "bronze", "name": "Bronze"}
    assert (body["tier_changed"], body["due"], body["claim"]) == (False, "19.99", None)
    assert body["member"] == str(ada.pk)
    assert body["receipt_text"] == "+19 points. You now have 19."
    assert body["decision"]["rules"][0] | {"version": 1} == {
        "rule": "base",
        "version": 1,
        "points": 19,
        "exact": "19.99",
        "rounding": "floor",
        "lines": [{"line": 1, "points": 19}],
    }
    assert body["decision"]["not_applied"] == [
        {"rule": "gold-double", "why": "tier", "wanted": "gold", "was": "bronze"}
    ]
    assert body["decision"]["lots"] == [{"points": 19, "available_at": "2026-11-20T10:00:00-05:00", "expires_at": None}]
    sale, decision, entry = Sale.objects.get(), Decision.objects.get(kind="sale"), Entry.objects.get()
    assert (str(sale.pk), sale.decision, entry.decision) == (body["id"], decision, decision)
    assert (entry.kind, entry.points, entry.reference) == ("earn", 19, f"sale:{sale.pk}")
    assert entry.occurred_at == datetime(2026, 11, 20, 15, tzinfo=UTC)
    assert (decision.subject, decision.points) == (sale.pk, 19)
    assert SaleLine.objects.get().points == 19
    ada.refresh_from_db()
    assert (ada.spend_minor, ada.purchases) == (1999, 1)
    fact = Fact.objects.get(name="points.earned")
    assert fact.payload == {
        "member": str(ada.pk),
        "sale": str(sale.pk),
        "entry": str(entry.pk),
        "points": 19,
        "decision": str(decision.pk),
    }


def test_the_level_before_the_sale_multiplies_it(till, ada):
    first = till.sell("600", "R-1").json()
    assert (first["points"]["earned"], first["tier"]["code"], first["tier_changed"]) == (600, "gold", True)
    assert first["decision"]["tier_used"] == "bronze"
    second = till.sell("10", "R-2").json()
    assert (second["points"]["earned"], second["tier_changed"]) == (20, False)
    assert second["decision"]["tier_used"] == "gold"
    assert TierChange.objects.get().after == "gold"


def test_the_level_the_sale_reaches_where_the_programme_says_so(till):
    apply(settings=settings_with(earning={"tier_for_sale": "after"}))
    assert till.sell("600").json()["points"]["earned"] == 1200


def test_a_late_sale_has_the_rules_and_the_level_of_its_time(till, ada):
    till.sell("600", "R-1")  # gold from now on
    yesterday = clock.now() - timedelta(days=1)
    late = till.sell("10", "R-2", occurred_at=yesterday.isoformat()).json()
    assert (late["points"]["earned"], late["decision"]["tier_used"]) == (10, "bronze")


def test_a_sale_of_nothing_writes_no_entry(till, ada):
    reply = till.sell("0")
    assert reply.status_code == 201
    assert reply.json()["points"] == {"earned": 0, "pending": 0}
    assert reply.json()["receipt_text"] == "You have 0 points."
    assert (Sale.objects.count(), Entry.objects.count(), Lot.objects.count()) == (1, 0, 0)
    assert not Fact.objects.filter(name="points.earned").exists()


def test_an_unknown_sku_earns_by_the_base_rule(till):
    lines = [{"line": 1, "sku": "NEVER-SEEN", "amount": "5"}, {"line": 2, "amount": "3.50"}]
    assert till.sell("8.50", lines=lines).json()["points"]["earned"] == 8


def test_excluded_voided_and_discounted_lines(till):
    lines = [
        {"line": 3, "amount": "30", "category": "gift_card"},
        {"line": 1, "amount": "10"},
        {"line": 2, "amount": "7", "status": "voided"},
    ]
    body = till.sell("38", lines=lines, discounts=[{"amount": "2", "lines": [1]}]).json()
    assert body["points"]["earned"] == 8
    assert body["decision"]["lines"] == [
        {"line": 1, "points": 8},
        {"line": 2, "points": 0},
        {"line": 3, "points": 0},
    ]


def test_quantities_may_have_decimals(till):
    lines = [{"line": 1, "amount": "10", "quantity": "0.350"}, {"line": 2, "amount": "10", "quantity": 3}]
    assert till.sell("20", lines=lines).status_code == 201
    assert [str(line.quantity) for line in SaleLine.objects.order_by("number")] == ["0.350", "3.000"]


def test_points_may_wait_and_expire_by_the_programme(till, ada):
    apply(
        settings=settings_with(
            earning={"pending": {"days": 14}}, expiry={"kind": "rolling", "months": 12, "round_up_to": "month"}
        )
    )
    body = till.sell("20", occurred_at="2026-11-20T23:30:00-05:00").json()
    assert body["points"] == {"earned": 20, "pending": 20}
    assert body["balance"]["available"] == 0
    assert body["decision"]["lots"] == [
        {
            "points": 20,
            "available_at": "2026-12-04T00:00:00-05:00",
            "expires_at": "2028-01-01T00:00:00-05:00",
        }
    ]


def test_a_clock_that_is_ahead_gives_points_at_once(till):
    ahead = clock.now() + timedelta(minutes=3)
    assert till.sell("20", occurred_at=ahead.isoformat()).json()["balance"]["available"] == 20


def test_the_receipt_speaks_the_members_language(till, ben):
    till.member = ben
    assert till.sell("12").json()["receipt_text"] == "+12ポイント。現在の残高は12ポイントです。"
    assert till.sell("600", "R-2").json()["tier"] == {"code": "gold", "name": "ゴールド"}


def test_an_anonymous_sale_gives_a_code_to_claim_it_with(till):
    till.member = None
    body = till.sell("20").json()
    assert body["points"] == {"earned": 0, "pending": 0}
    assert (body["member"], body["balance"], body["tier"]) == (None, None, None)
    assert len(body["claim"]["code"].replace("-", "")) == 16
    assert body["claim"]["code"] in body["receipt_text"]
    assert [row["why"] for row in body["decision"]["not_applied"]] == ["no_member", "no_member"]
    claim = SaleClaim.objects.get()
    assert body["claim"]["code"].encode() not in bytes(claim.code_hash)
    assert (Entry.objects.count(), str(claim.sale_id)) == (0, body["id"])


# What is refused

REFUSED = [
    ({"member": {"id": "01990000-0000-7000-8000-000000000000"}}, 422, "member_not_found"),
    ({"member": {"card": "9801 2345 6789 0128"}}, 422, "member_not_found"),
    ({"store": "nowhere"}, 422, "store_not_found"),
    ({"currency": "JPY"}, 422, "wrong_currency"),
    ({"total": "20", "lines": [{"amount": "19.99"}]}, 422, "lines_do_not_add_up"),
    ({"total": "-19.99"}, 400, "not_money"),
    ({"total": "19.999"}, 400, "too_many_decimals"),
    ({"total": 19.99}, 400, None),
    ({"lines": [{"line": 1, "amount": "-1"}]}, 400, "not_money"),
    ({"lines": [{"line": 1, "amount": "19.990"}]}, 400, "too_many_decimals"),
    ({"lines": [{"line": 1, "amount": "19.99", "quantity": 0}]}, 400, "out_of_range"),
    ({"lines": [{"line": 1, "amount": "19.99", "quantity": "0"}]}, 400, "out_of_range"),
    ({"lines": [{"line": 1, "amount": "19.99", "quantity": "0.000"}]}, 400, "out_of_range"),
    ({"lines": [{"line": 1, "amount": "19.99", "quantity": -1}]}, 400, "out_of_range"),
    ({"lines": [{"line": 1, "amount": "19.99", "tax": "20"}]}, 400, "out_of_range"),
    ({"lines": [{"line": 1, "amount": "9.99"}, {"line": 1, "amount": "10"}]}, 400, "out_of_range"),
    ({"lines": []}, 400, None),
    ({"tenders": [{"kind": "cash", "amount": "19.98"}]}, 422, "tenders_do_not_add_up"),
    ({"discounts": [{"amount": "1", "lines": [2]}], "total": "18.99"}, 422, "line_not_found"),
    ({"discounts": [{"amount": "1"}]}, 422, "lines_do_not_add_up"),
    ({"discounts": [{"amount": "30", "lines": [1]}], "total": "0"}, 422, "lines_do_not_add_up"),
    ({"total": "1000000000000.01", "lines": [{"amount": "1000000000000.01"}]}, 400, "not_money"),
    ({"lines": [{"amount": "0.01"}] * 501, "total": "5.01"}, 400, None),
    ({"apply": [{"reward": "cup"}]}, 422, "reward_not_available"),
    ({"points": 5}, 400, "unknown_field"),
    ({"occurred_at": "2026-11-20 10:00"}, 400, "not_a_time"),
    ({"occurred_at": "2026-11-20T10:00:00"}, 400, "not_a_time"),
]


@pytest.mark.parametrize(("change", "status", "code"), REFUSED, ids=lambda value: str(value)[:50])
def test_what_is_refused_changes_nothing(till, ada, change, status, code):
    for reply in (till.sell(**change), till.quote(**change)):
        assert reply.status_code == status, reply.content
        if code:
            assert reply.json()["code"] == code
    assert (Sale.objects.count(), Entry.objects.count()) == (0, 0)
    refusals = [(one.kind, one.account_id, one.body["code"]) for one in Decision.objects.all()]
    assert refusals == ([("refusal", ada.account_id, code)] if status == 422 and code != "member_not_found" else [])
    assert balance(ada)["total"] == 0


@pytest.mark.parametrize(("minutes", "status"), [(4, 201), (6, 422)])
def test_the_future_begins_after_five_minutes(till, minutes, status):
    at = clock.now() + timedelta(minutes=minutes)
    reply = till.sell(occurred_at=at.isoformat())
    assert reply.status_code == status
    if status == 422:
        assert reply.json()["code"] == "in_the_future"


def test_too_old_where_the_programme_says_so(till):
    apply(settings=settings_with(earning={"late_days": 30}))
    old, fresh = (clock.now() - timedelta(days=days) for days in (31, 29))
    assert code_of(till.sell(occurred_at=old.isoformat())) == (422, "too_old")
    assert till.sell(occurred_at=fresh.isoformat()).status_code == 201


@pytest.mark.parametrize("change", [{}, {"total": "5", "lines": [{"line": 1, "amount": "5"}]}, {"member": None}])
def test_a_receipt_seen_before_points_to_the_first(till, ada, change):
    first = till.sell().json()
    again = till.sell(**change)
    assert code_of(again) == (409, "duplicate_receipt")
    assert again.json()["sale"] == first["id"]
    other = ", with other content" if change else ""
    assert again.json()["detail"] == f"Receipt “R-1” of this store was reported before{other}."
    assert (Sale.objects.count(), balance(ada)["total"]) == (1, 19)


@pytest.mark.parametrize("quantity", ["0.3500", "1.2345", "abc", "-1", ""])
def test_a_text_that_is_no_quantity(till, quantity):
    reply = till.sell(lines=[{"line": 1, "amount": "19.99", "quantity": quantity}])
    assert code_of(reply) == (400, "not_a_quantity")
    assert [error["field"] for error in reply.json()["errors"]] == ["lines[0].quantity"]


def test_tenders_that_do_not_add_up_are_named(till):
    reply = till.sell(tenders=[{"kind": "cash", "amount": "5"}])
    assert code_of(reply) == (422, "tenders_do_not_add_up")
    assert [error["field"] for error in reply.json()["errors"]] == ["tenders"]


def test_unknown_fields_are_named_in_the_order_sent(till):
    reply = till.sell(zeta=1, alpha=2, mid=3)
    assert [error["field"] for error in reply.json()["errors"]] == ["zeta", "alpha", "mid"]


def test_the_same_number_in_another_store_is_another_receipt(till):
    assert till.sell().status_code == till.sell(store="harbour").status_code == 201


def test_a_missing_receipt_number_is_required_of_a_sale_only(till):
    assert code_of(till.sell(receipt="")) == (400, "too_short")
    assert till.quote(receipt=None).status_code == 200


def test_every_wrong_amount_is_named(till):
    reply = till.sell(total="-1", lines=[{"line": 1, "amount": "1,5"}, {"line": 2, "amount": "2"}])
    assert {error["field"] for error in reply.json()["errors"]} == {"total", "lines[0].amount"}


def test_more_points_than_can_be_counted_are_refused(till, ada):
    apply(rules=[{"code": "base", "kind": "per_amount", "points": 1_000_000_000, "per": "0.01"}])
    assert code_of(till.sell("1000")) == (400, "out_of_range")


def test_five_hundred_lines_are_one_sale(till, ada):
    lines = [{"line": i, "amount": "1.99"} for i in range(500, 0, -1)]
    assert till.sell("995.00", lines=lines).json()["points"]["earned"] == 995


# Quote


def test_a_quote_says_what_the_sale_then_gives_and_writes_nothing(till, ada):
    quoted = till.quote("600").json()
    assert (Sale.objects.count(), Decision.objects.count(), balance(ada)["total"]) == (0, 0, 0)
    sold = till.sell("600").json()
    for reply in (quoted, sold):
        for lot in reply["decision"]["lots"]:
            lot.pop("available_at")
    assert quoted.pop("rewards") == []
    assert (quoted.pop("id"), quoted["decision"].pop("id")) == (None, None)
    assert sold.pop("id")
    assert sold["decision"].pop("id")
    assert quoted == sold


def test_a_quote_needs_no_total_and_no_member(till):
    till.member = None
    body = {"store": "main", "lines": [{"amount": "10"}, {"amount": "5"}], "discounts": [{"amount": "1"}]}
    reply = till.post("/api/v1/sales/quote", body, key=None)
    assert reply.status_code == 200, reply.content
    assert (reply.json()["due"], reply.json()["claim"]) == ("14.00", None)


# Programme


def test_the_programme_says_what_a_product_earns(till):
    body = till.get("/api/v1/programme?sku=LP").json()
    assert body["currency"] == "USD"
    assert [store["code"] for store in body["stores"]][:2] == ["harbour", "main"]
    assert [rule["code"] for rule in body["rules"]] == ["base", "gold-double"]
    assert body["earns"] == {"per": "1.00", "points": 1}
    assert [level["code"] for level in body["tiers"][0]["levels"]] == ["bronze", "silver", "gold"]
    assert till.get("/api/v1/programme?category=gift_card").json()["earns"] is None


def test_an_empty_programme_sells_and_gives_nothing(db):
    till = Till(auth.issue(name="till", scopes=["sales"])[1])
    till.member = enrolment.enrol(email="ada@example.com", actor="test")
    body = till.sell("19.99").json()
    assert (body["points"]["earned"], body["tier"], body["decision"]["rules"]) == (0, None, [])
