"""Members over the API: the shapes of CONTRACT 1.2, and what is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import msgspec
import pytest

from loyalty import policies
from loyalty.models import AuditRecord, Store
from members import cards, identities
from members.api import replies
from members.models import Identity, Member, Profile
from rewards.api.wallet import WalletShown
from tests.api.conftest import Sender, fresh_limits, make_key  # noqa: F401  (fixtures)
from tests.members.selling import sell

NOBODY = "01920000-0000-7000-8000-000000000000"
DAY = datetime(2026, 3, 10, 2, tzinfo=UTC)


class Caller(Sender):
    """A calling system that reads the JSON, too."""

    def patch(self, path: str, body: dict):
        return self.client.patch(path, data=json.dumps(body), content_type="application/json", headers=self.headers())


@pytest.fixture
def shop(programme, make_key) -> Caller:  # noqa: F811
    """A shop that may do everything with members."""
    return Caller(make_key("shop", ("members:read", "members:write")))


@pytest.fixture
def bound(programme, make_key) -> Caller:  # noqa: F811
    """A till of the harbour store."""
    store = Store.objects.get(code="harbour")
    return Caller(make_key("till", ("members:read", "members:write"), store=store))


def told(reply, kind: type) -> dict:
    """The body of a reply, which is of the type that the documents name."""
    assert reply.status_code in (200, 201), reply.content
    msgspec.json.decode(reply.content, type=kind)
    return reply.json()


def problem(reply) -> tuple[int, str]:
    assert reply["Content-Type"] == "application/problem+json"
    return reply.status_code, reply.json()["code"]


def test_enrolling_answers_with_the_id_and_the_card_and_no_personal_data(shop):
    reply = shop.post(
        "/api/v1/members",
        {
            "name": "Ada Lovelace",
            "email": "ada@example.com",
            "phone": "+12025550123",
            "external_id": "crm-1",
            "birthday": "2000-02-29",
            "language": "en",
            "store": "main",
            "consents": [{"purpose": "marketing", "channel": "email", "given": True}],
            "attributes": {"size": 38},
        },
    )
    member = Member.objects.get()
    card = Identity.objects.get(kind="card").value
    assert told(reply, replies.Enrolled) == {
        "id": str(member.pk),
        "status": "active",
        "card": cards.text(card),
        "created_at": member.created_at.astimezone(policies.current().zone).isoformat(),
    }
    assert reply.json()["created_at"][-6:] in ("-05:00", "-04:00")
    assert member.store.code == "main"


def test_one_key_enrols_once_and_answers_with_the_same_bytes(shop):
    body = {"email": "ada@example.com"}
    replies = [shop.post("/api/v1/members", body, key="enrol-ada") for _ in range(3)]
    assert [reply.status_code for reply in replies] == [201, 201, 201]
    assert len({reply.content for reply in replies}) == 1
    assert Member.objects.count() == 1


def test_a_second_key_with_the_same_address_is_refused_and_names_the_field(shop, ada):
    reply = shop.post("/api/v1/members", {"name": "Ben", "email": "ADA@example.com"})
    assert problem(reply) == (409, "identity_taken")
    assert [error["field"] for error in reply.json()["errors"]] == ["email"]
    assert str(ada.pk) not in reply.content.decode()
    assert Member.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "required", "card"),
        ({"name": "Ada"}, "required", "card"),
        ({"email": "ada"}, "not_an_email", "email"),
        ({"phone": "1"}, "not_a_phone", "phone"),
        ({"card": "?!?!"}, "not_a_card", "card"),
        ({"external_id": " "}, "required", "external_id"),
        ({"email": "ada@example.com", "language": "xx-"}, "not_a_language", "language"),
        ({"email": "ada@example.com", "language": "tlh"}, "unknown_language", "language"),
        ({"email": "ada@example.com", "birthday": "2999-01-01"}, "out_of_range", "birthday"),
        ({"email": "ada@example.com", "birthday": "2001-02-29"}, "not_a_day", "birthday"),
        ({"email": "ada@example.com", "name": "A\nda"}, "not_text", "name"),
        ({"email": "ada@example.com", "attributes": {"a": [1]}}, "not_a_value", "attributes.a"),
        ({"email": "ada@example.com", "balance": 5}, "unknown_field", "balance"),
        (
            {"email": "ada@example.com", "consents": [{"purpose": "X", "channel": "email", "given": True}]},
            "not_a_code",
            "consents[0].purpose",
        ),
    ],
)
def test_what_is_wrong_is_named_and_nobody_joins(shop, body, code, field):
    reply = shop.post("/api/v1/members", body)
    assert problem(reply) == (400, code)
    assert reply.json()["errors"][0]["field"] == field
    assert Member.objects.count() == 0


def test_an_unknown_store_or_referral_code_is_refused(shop):
    for body, code in (({"store": "atlantis"}, "store_not_found"), ({"referral_code": "X"}, "referral_not_found")):
        assert problem(shop.post("/api/v1/members", {"email": "ada@example.com", **body})) == (422, code)
    assert Member.objects.count() == 0


def test_a_till_enrols_for_its_own_store_only(bound):
    refused = bound.post("/api/v1/members", {"email": "ada@example.com", "store": "main"})
    assert problem(refused) == (403, "store_mismatch")
    assert bound.post("/api/v1/members", {"email": "ada@example.com"}).status_code == 201
    assert Member.objects.get().store.code == "harbour"


def test_a_read_only_key_enrols_nobody_and_changes_nothing(programme, make_key, ada):  # noqa: F811
    reader = Caller(make_key("reader", ("members:read",)))
    assert problem(reader.post("/api/v1/members", {"email": "b@example.com"})) == (403, "insufficient_scope")
    assert problem(reader.patch(f"/api/v1/members/{ada.pk}", {"name": "X"})) == (403, "insufficient_scope")
    assert Member.objects.count() == 1


def test_a_shop_reads_the_whole_profile(shop, ada):
    card = identities.of(ada.pk)["card"].value
    body = told(shop.get(f"/api/v1/members/{ada.pk}"), replies.MemberShown)
    assert body.pop("created_at") == body.pop("enrolled_at")
    assert body == {
        "id": str(ada.pk),
        "status": "active",
        "card": cards.text(card),
        "store": None,
        "masked": False,
        "display_name": "A** L.",
        "name": "Ada Lovelace",
        "email": "ada@example.com",
        "phone": "+12025550123",
        "external_id": None,
        "birthday": None,
        "language": "en",
        "consents": [],
        "attributes": {},
    }


def test_a_till_reads_just_enough_to_confirm_who_it_is(bound, ada):
    body = told(bound.get(f"/api/v1/members/{ada.pk}"), replies.MemberShown)
    assert (body["display_name"], body["email"], body["phone"]) == ("A** L.", "a**@example.com", "**23")
    text = json.dumps(body)
    for secret in ("Lovelace", "ada@", "202555", identities.of(ada.pk)["card"].value[:8]):
        assert secret not in text
    assert "name" not in body
    assert "birthday" not in body


@pytest.mark.parametrize("how", ["query", "lookup"])
def test_a_member_is_found_by_each_identity_with_a_masked_name(bound, ada, ben, how):
    def ask(**given: str):
        if how == "lookup":
            return bound.post("/api/v1/members/lookup", given, key=None)
        return bound.client.get("/api/v1/members", given, headers=bound.headers())

    found = {"id": str(ada.pk), "status": "active", "display_name": "A** L.", "tier": "bronze"}
    card = cards.text(identities.of(ada.pk)["card"].value)
    for given in ({"card": card}, {"email": "Ada@Example.com"}, {"phone": "202-555-0123"}):
        assert told(ask(**given), replies.FoundPage) == {"results": [found], "next": None}
    assert ask(email="ben@example.com").json()["results"][0]["display_name"] == "佐* 美*"
    for given in ({"email": "nobody@example.com"}, {"external_id": "crm-9"}, {"card": "98"}, {"email": "?"}):
        reply = ask(**given)
        assert (reply.status_code, reply.json()) == (200, {"results": [], "next": None})
    if how == "query":
        sent_as_it_is = bound.get("/api/v1/members?phone=+12025550123")
        assert sent_as_it_is.json()["results"] == [found]
    assert problem(ask()) == (400, "required")
    assert problem(ask(card=card, email="ada@example.com")) == (400, "exactly_one")


def test_an_unknown_member_is_not_found_by_any_path(shop):
    for path in (f"members/{NOBODY}", f"members/{NOBODY}/wallet", f"members/{NOBODY}/entries", f"decisions/{NOBODY}"):
        assert problem(shop.get(f"/api/v1/{path}")) == (404, "not_found")
    assert problem(shop.patch(f"/api/v1/members/{NOBODY}", {"name": "X"})) == (404, "not_found")
    assert problem(shop.get("/api/v1/members/17")) == (404, "not_found")


def test_a_closed_member_is_read_and_not_changed_and_an_erased_one_is_gone(shop, ada):
    Member.objects.filter(pk=ada.pk).update(status="closed")
    assert shop.get(f"/api/v1/members/{ada.pk}").json()["status"] == "closed"
    assert problem(shop.patch(f"/api/v1/members/{ada.pk}", {"name": "X"})) == (409, "member_closed")
    Member.objects.filter(pk=ada.pk).update(status="erased")
    for path in ("", "/wallet", "/entries"):
        assert problem(shop.get(f"/api/v1/members/{ada.pk}{path}")) == (410, "member_erased")
    assert problem(shop.patch(f"/api/v1/members/{ada.pk}", {"name": "X"})) == (410, "member_erased")


def test_a_change_leaves_out_what_is_left_out_and_takes_away_what_is_null(shop, ada):
    body = shop.patch(
        f"/api/v1/members/{ada.pk}", {"email": "ada@new.example.com", "phone": None, "birthday": "1990-12-10"}
    ).json()
    assert (body["name"], body["email"], body["phone"]) == ("Ada Lovelace", "ada@new.example.com", None)
    assert (body["birthday"], body["language"]) == ("1990-12-10", "en")


def test_a_key_that_may_not_read_profiles_changes_them_without_seeing_them(programme, make_key, ada):  # noqa: F811
    writer = Caller(make_key("writer", ("members:write",)))
    body = told(writer.patch(f"/api/v1/members/{ada.pk}", {"language": "ja"}), replies.MemberShown)
    assert (body["masked"], body["email"], body["language"]) == (True, "a**@example.com", "ja")
    assert "name" not in body


def test_a_key_of_a_store_changes_the_members_of_its_store_only(bound, ada, ben):
    Member.objects.filter(pk=ada.pk).update(store=Store.objects.get(code="main"))
    for member in (ada, ben):  # of main, and of no store
        reply = bound.patch(f"/api/v1/members/{member.pk}", {"language": "ja"})
        assert problem(reply) == (403, "store_mismatch")
        assert reply.json()["detail"] == "This key changes only members of harbour."
    Member.objects.filter(pk=ada.pk).update(store=Store.objects.get(code="harbour"))
    body = told(bound.patch(f"/api/v1/members/{ada.pk}", {"language": "ja", "name": "Ada King"}), replies.MemberShown)
    assert (body["language"], body["display_name"]) == ("ja", "A** K.")


@pytest.mark.parametrize(
    "change",
    [{"email": "eve@example.com"}, {"email": None}, {"phone": "+12025550199"}, {"phone": None}, {"card": "98765432"},
     {"external_id": "crm-2"}, {"external_id": None}, {"email": "?"}],
)  # fmt: skip
def test_a_key_of_a_store_replaces_no_identity(bound, programme, change):
    [field] = change
    known = {"email": "ada@example.com", "phone": "+12025550123", "external_id": "crm-1"}
    body = bound.post("/api/v1/members", known).json()
    reply = bound.patch(f"/api/v1/members/{body['id']}", {"name": "Eve", **change})
    assert problem(reply) == (403, "store_mismatch")
    said = f"A key that is bound to a store does not replace or take away this identity: {field}."
    assert reply.json()["detail"] == said
    assert reply.json()["errors"] == [{"field": field, "code": "store_mismatch", "detail": said}]
    kept = {kind: identity.value for kind, identity in identities.of(body["id"]).items()}
    assert {**kept, **known} == kept
    assert Profile.objects.get(pk=body["id"]).name == ""
    assert not AuditRecord.objects.exists()


def test_a_key_of_a_store_adds_an_identity_and_may_repeat_one(bound, programme):
    member = bound.post("/api/v1/members", {"email": "ada@example.com"}).json()["id"]
    reply = bound.patch(f"/api/v1/members/{member}", {"email": "Ada@Example.com", "phone": "+12025550123"})
    assert reply.status_code == 200
    assert identities.of(member)["phone"].value == "+12025550123"
    assert not AuditRecord.objects.exists()


def test_the_audit_log_keeps_that_an_address_or_number_was_replaced(shop, ada):
    path = f"/api/v1/members/{ada.pk}"
    shop.patch(path, {"external_id": "crm-1", "email": "ada@example.com"})
    shop.patch(path, {"external_id": "crm-2", "name": "Ada King"})
    assert not AuditRecord.objects.exists()
    shop.patch(path, {"phone": None, "email": "ada@new.example.com"})
    record = AuditRecord.objects.get()
    assert (record.action, record.actor, record.object_type, record.object_id, record.store, record.data) == (
        "member.identity_changed", "key:shop", "member", str(ada.pk), "", {"identities": ["email", "phone"]}
    )  # fmt: skip


def test_a_change_to_what_is_bens_is_refused_and_changes_nothing(shop, ada, ben):
    reply = shop.patch(f"/api/v1/members/{ada.pk}", {"name": "Eve", "email": "ben@example.com"})
    assert problem(reply) == (409, "identity_taken")
    body = shop.get(f"/api/v1/members/{ada.pk}").json()
    assert (body["name"], body["email"]) == ("Ada Lovelace", "ada@example.com")


def test_the_wallet_is_the_contracts(shop, ada):
    sell(ada, "R-1", minor=30_050, at=DAY)
    reply = told(shop.get(f"/api/v1/members/{ada.pk}/wallet"), WalletShown)
    assert reply.pop("as_of")[-6:] in ("-05:00", "-04:00")
    tier = {
        "group": "status",
        "code": "silver",
        "name": "Silver",
        "since": "2026-03-09",
        "until": None,
        "floor": None,
        "next": {"code": "gold", "metric": "spend", "needed": "199.50"},
        "keep": {"metric": "spend", "needed": "0.00"},
    }
    assert reply == {
        "member": str(ada.pk),
        "status": "active",
        "balance": {"total": 300, "available": 300, "pending": 0, "held": 0, "debt": 0, "sequence": 1},
        "pending": [],
        "expiring": [{"on": None, "expires_at": None, "points": 300}],
        "lifetime_earned": 300,
        "tier": tier,
        "tiers": [tier],
        "progress": [],
    }


def test_the_statement_gives_each_entry_with_its_reason_page_by_page(shop, ada):
    body = {"rules": [{"rule": "base", "version": 1, "points": 10}]}
    sales = [sell(ada, f"R-{number}", minor=1000, at=DAY, body=body)[0] for number in range(3)]
    reply = told(shop.get(f"/api/v1/members/{ada.pk}/entries?limit=2"), replies.EntryPage)
    assert [row["sequence"] for row in reply["results"]] == [3, 2]
    first = reply["results"][0]
    assert first.pop("recorded_at") > first["occurred_at"]
    assert first == {
        "id": first["id"],
        "sequence": 3,
        "kind": "earn",
        "points": 10,
        "balance_after": 30,
        "reference": f"sale:{sales[2].pk}",
        "sale": str(sales[2].pk),
        "reverses": None,
        "occurred_at": "2026-03-09T22:00:00-04:00",
        "actor": "test",
        "store": None,
        "reason": "10 base",
        "decision": str(sales[2].decision_id),
    }
    rest = shop.get(f"/api/v1/members/{ada.pk}/entries?limit=2&cursor={reply['next']}").json()
    assert ([row["sequence"] for row in rest["results"]], rest["next"]) == ([1], None)
    oldest = shop.get(f"/api/v1/members/{ada.pk}/entries?order=sequence", **{"Accept-Language": "ja"}).json()
    assert [row["sequence"] for row in oldest["results"]] == [1, 2, 3]
    assert oldest["results"][0]["reason"] == "基本 10"
    other = shop.get(f"/api/v1/members/{ada.pk}/entries?order=sequence&cursor={reply['next']}")
    assert problem(other) == (400, "bad_cursor")


def test_a_decision_says_why(shop, ada):
    sale, _ = sell(ada, "R-1", minor=1000, at=DAY, body={"rules": [], "tier_used": "bronze"})
    assert told(shop.get(f"/api/v1/decisions/{sale.decision_id}"), replies.DecisionShown) == {
        "id": str(sale.decision_id),
        "kind": "sale",
        "programme_version": policies.current().version,
        "points": 10,
        "rules": [],
        "tier_used": "bronze",
    }


@pytest.mark.parametrize(
    ("choices", "field", "code"),
    [
        ([("News", "email", True)], "consents[0].purpose", "not_a_code"),
        ([("marketing", "e mail", True)], "consents[0].channel", "not_a_code"),
        ([("marketing", "", True)], "consents[0].channel", "not_a_code"),
        ([("news", "email\n", True)], "consents[0].channel", "not_a_code"),
        ([("ｎews", "email", True)], "consents[0].purpose", "not_a_code"),
        ([("news", "c" * 41, True)], "consents[0].channel", "too_long"),
        ([("marketing", "email", True), ("marketing", "email", False)], "consents[1]", "out_of_range"),
    ],
)
def test_a_consent_names_its_purpose_and_channel_by_code_and_each_pair_once(shop, ada, choices, field, code):
    consents = [{"purpose": purpose, "channel": channel, "given": given} for purpose, channel, given in choices]
    for reply in (
        shop.post("/api/v1/members", {"email": "eve@example.com", "consents": consents}),
        shop.patch(f"/api/v1/members/{ada.pk}", {"consents": consents}),
    ):
        assert problem(reply) == (400, code)
        assert [(error["field"], error["code"]) for error in reply.json()["errors"]] == [(field, code)]


def test_a_programme_has_purposes_and_channels_of_its_own(shop, ada):
    pairs = [("research_2-b", "c" * 40), ("p" * 40, "fax")]
    consents = [{"purpose": purpose, "channel": channel, "given": True} for purpose, channel in pairs]
    reply = shop.patch(f"/api/v1/members/{ada.pk}", {"consents": consents})
    assert reply.status_code == 200
    assert sorted(map(str, reply.json()["consents"])) == sorted(map(str, consents))


@pytest.mark.parametrize("limit", ["1.0", "+1", "1e0"])
def test_a_limit_is_a_whole_number(shop, ada, limit):
    reply = shop.get(f"/api/v1/members/{ada.pk}/entries?limit={limit}")
    assert problem(reply) == (400, "not_an_integer")


def test_a_members_id_in_capitals_is_the_same(shop, ada):
    assert shop.get(f"/api/v1/members/{str(ada.pk).upper()}/wallet").json()["member"] == str(ada.pk)
