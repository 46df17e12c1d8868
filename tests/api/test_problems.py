"""Every error is a problem, also those from before any view (FAULTS J6)."""

from __future__ import annotations

import uuid

import pytest

from loyalty.ids import uuid7
from tests.api import operations as ops

pytestmark = pytest.mark.django_db
PATH = "/api/v1/test/accounts"


def check(reply, status: int, code: str) -> dict:
    assert reply.status_code == status, reply.content[:300]
    assert reply["Content-Type"] == "application/problem+json"
    assert reply["Cache-Control"] == "no-store" and reply["X-Content-Type-Options"] == "nosniff"
    problem = reply.json()
    assert problem["code"] == code and problem["status"] == status
    assert problem["request_id"] == reply["X-Request-Id"]
    assert uuid.UUID(problem["request_id"]).version == 7
    return problem


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/",
        "/api/v1",
        "/api/v1/",
        "/api/v1/nothing",
        "/api/v2/sales",
        "/api/v1/test/accounts/",
        "/api/v1/test/accounts/not-an-id",
        "/api/v1/%00",
        "/api/v1/%ff",
    ],
)
def test_an_unknown_address_is_404(till, path):
    check(till.get(path), 404, "not_found")


def test_another_method_is_405_and_names_those_there_are(till):
    for method in ("put", "patch", "delete", "options", "trace"):
        reply = getattr(till.client, method)(PATH, headers=till.headers())
        check(reply, 405, "method_not_allowed")
        assert reply["Allow"] == "GET, POST"
    check(till.client.post("/api/schema"), 405, "method_not_allowed")


@pytest.mark.parametrize("host", ["evil.example", "a b", "testserver:80:80", ""])
def test_j6_another_host_is_400_and_not_echoed(till, host):
    problem = check(till.client.get(PATH, headers=till.headers(), HTTP_HOST=host or "_"), 400, "bad_host")
    assert problem["type"] == "/problems/bad_host" and (not host or host not in str(problem))


def test_j6_replies_are_never_cached_and_carry_their_request_id(till):
    reply = till.get(PATH)
    assert reply.status_code == 200 and reply["Cache-Control"] == "no-store"
    assert uuid.UUID(reply["X-Request-Id"]).version == 7
    assert int(reply["Content-Length"]) == len(reply.content)
    assert not reply.cookies and "Vary" not in reply.headers


def test_head_is_get_without_a_body(till):
    reply = till.client.head(PATH, headers=till.headers())
    assert reply.status_code == 200 and reply.content == b""


def test_what_does_not_exist_is_404_like_what_is_not_yours(till):
    problem = check(till.get(f"{PATH}/{uuid7()}"), 404, "not_found")
    assert problem["title"] == "Not found"


def test_the_public_address_heads_the_type_where_it_is_set(till, settings):
    settings.LOYALTY_URL = "https://points.example"
    assert till.get("/api/v1/x").json()["type"] == "https://points.example/problems/not_found"


def test_pages_follow_one_another_without_gap_or_repetition(till):
    made = [till.post(PATH, {"points": n}).json()["id"] for n in range(1, 6)]
    seen, cursor = [], ""
    for _ in range(3):
        page = till.get(f"{PATH}?limit=2{cursor}").json()
        seen += [row["id"] for row in page["results"]]
        cursor = f"&cursor={page['next']}"
    assert seen == made and page["next"] is None


def test_a_cursor_is_good_only_as_it_was_given(till):
    for n in range(1, 4):
        till.post(PATH, {"points": n})
    cursor = till.get(f"{PATH}?limit=1").json()["next"]
    for wrong in (
        cursor[:-1],
        cursor + "A",
        cursor.swapcase(),
        "A" + cursor[1:] if cursor[0] != "A" else "B" + cursor[1:],
    ):
        check(till.get(f"{PATH}?cursor={wrong}"), 400, "bad_cursor")


def test_the_generator_of_bodies_knows_every_kind_of_field():
    assert ops.named(("lines", 2, "amount")) == "lines[2].amount"
