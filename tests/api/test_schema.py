"""The OpenAPI document, its snapshot, and the pages made from it."""

import json
import re

import pytest
from django.test import Client

from loyalty.api import auth, docs, problems, schema


def test_the_document_is_openapi_3_1_and_open_to_all(shop):
    reply = Client().get("/api/schema")
    assert reply.status_code == 200 and reply["Content-Type"] == "application/json"
    document = reply.json()
    assert document["openapi"] == "3.1.1"
    call = document["paths"]["/api/v1/test/accounts"]["post"]
    assert call["security"] == [{"key": ["sales"]}]
    assert [p["name"] for p in call["parameters"]] == ["Idempotency-Key"]
    assert call["responses"]["201"]["content"]["application/json"]["schema"]["$ref"].endswith("/OpenedReply")
    assert "insufficient_points" in call["responses"]["409"]["x-codes"]
    assert {"not_money", "required", "too_deep"} <= set(call["responses"]["400"]["x-codes"])
    assert {"store_mismatch", "insufficient_scope"} == set(call["responses"]["403"]["x-codes"])


def test_the_documentation_shows_every_call_and_needs_no_script(shop):
    reply = Client().get("/api/docs")
    page = reply.content.decode()
    assert reply.status_code == 200
    assert "/api/v1/test/accounts" in page and "lines[].amount" in page
    assert "<script" not in page and "style=" not in page


@pytest.mark.django_db
def test_each_problem_type_leads_to_its_page(till):
    reply = till.get("/api/v1/test/accounts/0199")
    uri = reply.json()["type"]
    assert uri == "http://testserver/problems/not_found"
    page = Client().get(uri.removeprefix("http://testserver"))
    assert page.status_code == 200 and "not_found" in page.content.decode()


def test_every_code_of_every_call_has_a_page(shop):
    codes = {
        code
        for methods in schema.document()["paths"].values()
        for call in methods.values()
        for told in call["responses"].values()
        for code in told.get("x-codes", ())
    }
    assert codes and codes <= set(docs.all_problems())
    client = Client()
    assert {client.get(f"/problems/{code}").status_code for code in docs.all_problems()} == {200}
    assert client.get("/problems/no_such_code").status_code == 404
    listed = client.get("/problems/").content.decode()
    assert all(f"/problems/{code}" in listed for code in docs.all_problems())


def test_codes_are_plain_words_and_mean_one_thing():
    statuses: dict[str, set[int]] = {}
    for refusal in problems.catalogue():
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", refusal.code)
        statuses.setdefault(refusal.code, set()).add(refusal.status)
    assert all(len(found) == 1 for found in statuses.values())
    assert set(problems.FIELD_TEXTS) <= set(problems.FIELD_CODES)


def test_the_snapshot_in_docs_is_the_api():
    """When the API changes on purpose: `python manage.py openapi > docs/openapi.json`."""
    snapshot = json.loads((schema.SNAPSHOT).read_text())
    assert json.loads(schema.text()) == snapshot
    assert all(
        set(call["security"][0]["key"]) <= set(auth.SCOPES)
        for methods in snapshot["paths"].values()
        for call in methods.values()
    )


def test_the_page_lists_every_code():
    page = Client().get("/api/docs").content.decode()
    table = page.partition('id="codes"')[2].partition("</table>")[0]
    assert re.findall(r'href="/problems/([a-z_]+)"', table) == list(docs.all_problems())
