"""Hostile input, over every call that the OpenAPI document names (FAULTS I1 to I6, B5, B6, J1).

Each test walks all calls itself and gathers what deviates, so that a call added later is covered without a change.
"""

from __future__ import annotations

import io
import json
import time
from typing import Any

import pytest

from loyalty.models import Account, Entry, StoredReply
from tests.api import operations as ops
from tests.api.operations import Operation

pytestmark = pytest.mark.django_db
ECHO = "/api/v1/test/echo"


@pytest.fixture
def with_bodies(till) -> list[Operation]:
    found = [operation for operation in ops.operations() if operation.body]
    assert len(found) >= 3
    return found


def send(till, operation: Operation, raw: bytes, **headers: str):
    if operation.method == "POST":
        return till.post(operation.address, raw=raw, **headers)
    method = getattr(till.client, operation.method.lower())
    content_type = headers.pop("Content_Type", "application/json")
    return method(operation.address, data=raw, content_type=content_type, headers=till.headers(**headers))


def problem_of(reply) -> dict[str, Any]:
    assert reply["Content-Type"] == "application/problem+json", reply.content[:200]
    problem: dict[str, Any] = reply.json()
    assert {"type", "title", "status", "code", "detail", "request_id"} <= set(problem)
    assert problem["status"] == reply.status_code
    return problem


ODD_NUMBERS = [
    "-1",
    "1" + "0" * 30,
    str(2**63),
    "1.5",
    '""',
    "null",
    "true",
    "[]",
    "{}",
    '"1e3"',
    '" 1"',
    '"１"',
    "1e400",
]


def test_i1_odd_numbers_are_400_and_named(till, with_bodies):
    tried = 0
    for operation in with_bodies:
        for path, choices in ops.fields(operation.body):
            if not ops.is_numeric(choices):
                continue
            tokens = list(ODD_NUMBERS)
            if all(choice.get("minimum", 0) >= 1 for choice in choices if choice["type"] == "integer"):
                tokens.append("0" if any(choice["type"] == "integer" for choice in choices) else "0.5")
            if any(choice.get("minimum", 0) < 0 for choice in choices):
                tokens.remove("-1")
            if optional(operation.body, path):
                tokens.remove("null")
            for token in tokens:
                reply = send(till, operation, ops.raw_with(operation.body, path, token))
                where = f"{operation} {ops.named(path)} = {token}"
                status, named = said(reply, path)
                assert status == 400, f"{where}: {reply.status_code} {reply.content[:200]}"
                assert ops.named(path) in named, where
                tried += 1
    assert tried > 50 and not Account.objects.exists() and not StoredReply.objects.exists()


def said(reply: Any, path: ops.Path) -> tuple[int, list[str]]:
    """The status of the problem and the fields that it names; of an item's, where items are answered one by one."""
    if reply.status_code != 200 or path[0] != "items":
        return reply.status_code, [error["field"] for error in problem_of(reply)["errors"]]
    [result] = reply.json()["results"]
    assert result["status"] == "refused", result
    return result["problem"]["status"], [f"items[0].{error['field']}" for error in result["problem"]["errors"]]


def optional(body: dict[str, Any], path: ops.Path) -> bool:
    """Whether null is right there."""
    part: dict[str, Any] = body
    for step in path:
        for choice in ops.alternatives(part):
            if isinstance(step, int) and choice.get("type") == "array":
                part = choice["items"]
                break
            if step in choice.get("properties", {}):
                part = choice["properties"][step]
                break
    return any(choice.get("type") == "null" for choice in ops.resolve(part).get("anyOf", ()))


@pytest.mark.parametrize("token", ["NaN", "Infinity", "-Infinity", "01", "+1", ".5", "0x10"])
def test_i1_what_is_no_json_number_is_malformed(till, with_bodies, token):
    for operation in with_bodies:
        for path, choices in ops.fields(operation.body):
            if ops.is_numeric(choices):
                reply = send(till, operation, ops.raw_with(operation.body, path, token))
                assert reply.status_code == 400 and problem_of(reply)["code"] == "malformed_json", operation


BAD_TEXTS = [r'"a\u0000b"', r'"\ud800"', r'"\udc00x"', r'"\ud83d\ud83d"']


def test_i2_characters_that_cannot_be_kept_are_400(till, with_bodies):
    for operation in with_bodies:
        for path, choices in ops.fields(operation.body):
            if ops.is_text(choices):
                for token in BAD_TEXTS:
                    reply = send(till, operation, ops.raw_with(operation.body, path, token))
                    problem = problem_of(reply)
                    assert (reply.status_code, problem["code"]) == (400, "bad_character"), f"{operation} {path}"
                    assert problem["errors"][0]["field"] == ops.named(path)


def test_i2_invalid_utf8_is_400_and_a_long_text_too(till, with_bodies):
    for operation in with_bodies:
        for path, choices in ops.fields(operation.body):
            if ops.is_text(choices):
                for odd in (b"\xff", b"\xed\xa0\x80", b"\xc0\x80"):
                    raw = ops.raw_with(operation.body, path, '"@"').replace(b"@", odd)
                    reply = send(till, operation, raw)
                    assert (reply.status_code, problem_of(reply)["code"]) == (400, "malformed_json"), operation
                reply = send(till, operation, ops.raw_with(operation.body, path, f'"{"x" * 1_000_000}"'))
                assert said(reply, path)[0] == 400, f"{operation} {path}: {reply.content[:100]}"


@pytest.mark.parametrize(
    "text", ["😀👩‍👩‍👧", "\u202eevil", "e\u0301\u0323" * 20, "\ufeffx", "<script>", "{{7*7}}", "'; DROP"]
)
def test_i2_odd_but_right_texts_come_back_intact(till, text):
    reply = till.post(ECHO, {"points": 1, "note": text, "attributes": {text: [text]}}, key=None)
    assert reply.status_code == 200
    assert reply.json()["body"]["note"] == text and reply.json()["body"]["attributes"] == {text: [text]}


def test_i3_ten_megabytes_are_413_at_once(till, with_bodies):
    raw = b'{"note": "' + b"x" * 10_000_000 + b'"}'
    for operation in with_bodies:
        if operation.limit < len(raw):
            began = time.monotonic()
            reply = send(till, operation, raw)
            assert (reply.status_code, problem_of(reply)["code"]) == (413, "body_too_large"), operation
            assert time.monotonic() - began < 1


class Endless(io.RawIOBase):
    """A body without an end, which counts what is read of it."""

    taken = 0

    def read(self, size: int = -1) -> bytes:
        assert 0 < size <= 64 * 1024, "memory stays flat only if read in pieces"
        self.taken += size
        return b"x" * size


def test_i3_a_chunked_body_without_length_is_413_and_hardly_read(till):
    stream = Endless()
    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/api/v1/test/accounts", "CONTENT_TYPE": "application/json",
               "HTTP_TRANSFER_ENCODING": "chunked", "HTTP_AUTHORIZATION": f"Bearer {till.token}",
               "HTTP_IDEMPOTENCY_KEY": "k", "wsgi.input": stream}  # fmt: skip
    reply = till.client.request(**environ)
    assert reply.status_code == 413 and problem_of(reply)["code"] == "body_too_large"
    assert stream.taken <= 1024 * 1024 + 64 * 1024


def test_i4_deep_doubled_and_countless_fields(till, with_bodies):
    deep = [b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 100_000 + b"1" + b"}" * 100_000, b"[" * 100_000]
    many = json.dumps({f"f{n}": n for n in range(60_000)}).encode()
    for operation in with_bodies:
        for raw in deep:
            reply = send(till, operation, raw)
            assert (reply.status_code, problem_of(reply)["code"]) == (400, "too_deep"), operation
        began = time.monotonic()
        assert send(till, operation, many).status_code == 400
        assert time.monotonic() - began < 2
        name = next(iter(ops.resolve(operation.body)["properties"]), "x")
        value = json.dumps(ops.examples.of(ops.resolve(operation.body)["properties"].get(name, {}), ops.components()))
        raw = f'{{"{name}": {value}, "{name}": {value}}}'.encode()
        problem = problem_of(send(till, operation, raw))
        assert {"field": name, "code": "duplicate_field"}.items() <= problem["errors"][0].items(), operation


def test_i4_a_doubled_field_is_found_wherever_it_is(till):
    inner = b'{"points": 1, "lines": [{"amount": "1", "name": "a"}, {"amount": "1", "amount": "2"}]}'
    assert till.post(ECHO, raw=inner, key=None).json()["errors"][0]["field"] == "lines[1].amount"
    free = b'{"points": 1, "attributes": {"a": {"b": 1, "\\u0062": 2}}}'
    assert till.post(ECHO, raw=free, key=None).json()["errors"][0]["field"] == "attributes.a.b"


def test_i4_brackets_in_texts_are_no_depth_and_twenty_levels_are_fine(till):
    assert till.post(ECHO, {"points": 1, "note": "[" * 500 + '"' + "{" * 400}, key=None).status_code == 200
    nested: Any = 1
    for _ in range(18):
        nested = [nested]
    assert till.post(ECHO, {"points": 1, "attributes": {"a": nested}}, key=None).status_code == 200
    reply = till.post(ECHO, {"points": 1, "attributes": {"a": [nested]}}, key=None)
    assert reply.json()["code"] == "too_deep"


def test_i4_no_input_is_slow_to_judge(till):
    quotes = b'{"note": "' + b'\\"' * 400_000
    for raw in (quotes, b'"' * 900_000, b"[]," * 300_000, b'{"points":' + b"9" * 900_000 + b"}"):
        began = time.monotonic()
        assert till.post(ECHO, raw=raw, key=None).status_code == 400
        assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
             "application/json; charset=shift_jis", "text/json", "application/problem+json"],
)  # fmt: skip
def test_i5_another_content_type_is_415(till, with_bodies, kind):
    for operation in with_bodies:
        reply = send(till, operation, b'{"points": 1}', Content_Type=kind)
        assert (reply.status_code, problem_of(reply)["code"]) == (415, "unsupported_media_type"), operation


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "zstd", "identity, gzip"])
def test_i5_a_compressed_body_is_415_unopened(till, with_bodies, coding):
    for operation in with_bodies:
        reply = send(till, operation, b"\x1f\x8b" + b"\0" * 100, Content_Encoding=coding)
        assert (reply.status_code, problem_of(reply)["code"]) == (415, "unsupported_media_type"), operation


@pytest.mark.parametrize(
    "raw",
    [b"<a/>", b"a=1", b"[1]", b'"x"', b"1", b"null", b"{", b'{"a":1}x', b"\xef\xbb\xbf{}", b"{'a':1}", b'{"a":1,}'],
)
def test_i5_other_bodies_are_400(till, with_bodies, raw):
    for operation in with_bodies:
        reply = send(till, operation, raw)
        assert reply.status_code == 400 and problem_of(reply)["code"] in ("malformed_json", "not_an_object")


@pytest.mark.parametrize(
    "kind", ["application/json", "application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"']
)
def test_json_in_utf8_is_understood_however_it_is_announced(till, kind):
    assert till.post(ECHO, {"points": 1}, key=None, Content_Type=kind).status_code == 200


QUERIES = [
    "limit=1000000000", "limit=0", "limit=-1", "limit=abc", "limit=1.5", "limit=", "limit=1&limit=2", "cursor=abc",
    "cursor=%00", "cursor=%ff", "ordering=secret_hash", "offset=10", "cursor=" + "A" * 400,
]  # fmt: skip


def test_i6_odd_pages_are_400(till):
    lists = [operation for operation in ops.operations() if "limit" in operation.query]
    assert lists
    for operation in lists:
        for query in QUERIES:
            reply = till.get(f"{operation.address}?{query}")
            assert reply.status_code in (400, 404), f"{operation}?{query} {reply.content[:200]}"
            problem_of(reply)


def test_i6_a_query_nobody_asked_for_is_400(till):
    for operation in ops.operations():
        if operation.method == "GET":
            reply = till.get(f"{operation.address}?is_staff=1")
            problem = problem_of(reply)
            assert reply.status_code == 400 and problem["errors"][0]["code"] == "unknown_field", operation


def test_b5_every_call_that_needs_a_key_says_so(till, with_bodies):
    needing = [operation for operation in with_bodies if operation.key]
    assert needing
    for operation in needing:
        raw = json.dumps(ops.examples.of(operation.body, ops.components())).encode()
        reply = till.post(operation.address, raw=raw, key=None)
        problem = problem_of(reply)
        assert reply.status_code == 400, operation
        assert problem["code"] == "idempotency_key_required" and "/api/docs" in problem["detail"], operation


@pytest.mark.parametrize("key", ["", "k" * 256, "k" * 10_000, "a\0b", "😀", "a b", "é", "\x7f"])
def test_b6_a_malformed_key_is_400(till, with_bodies, key):
    for operation in with_bodies:
        if operation.key:
            raw = json.dumps(ops.examples.of(operation.body, ops.components())).encode()
            sent = key.encode().decode("latin-1")  # what WSGI makes of a header's bytes
            reply = till.post(operation.address, raw=raw, key=sent)
            assert reply.status_code == 400, f"{operation} {reply.content!r}"
            assert problem_of(reply)["code"] == "idempotency_key_malformed"
    assert not StoredReply.objects.exists()


EXTRA = {"balance": 10**6, "is_staff": True, "member_id": ops.ID, "created_at": "2020-01-01T00:00:00Z", "tier": "gold",
         "status": "active", "actor": "system", "points_earned": 5, "__proto__": {}, "id": ops.ID}  # fmt: skip


def test_j1_fields_nobody_may_set_are_refused(till, with_bodies):
    for operation in with_bodies:
        known = ops.resolve(operation.body)["properties"]
        base = ops.examples.of(operation.body, ops.components())
        for name, value in EXTRA.items():
            if name not in known:
                raw = json.dumps({**base, name: value}).encode()
                reply = send(till, operation, raw)
                problem = problem_of(reply)
                assert reply.status_code == 400, operation
                assert {"field": name, "code": "unknown_field"}.items() <= problem["errors"][0].items(), operation
    assert not Account.objects.exists() and not Entry.objects.exists()


def test_all_wrong_fields_are_named_at_once(till):
    body = {
        "points": "5",
        "total": "1.2.3",
        "lines": [{"amount": "1"}, {"name": 5}],
        "at": "yesterday",
        "mode": "x",
        "z": 1,
    }
    reply = till.post(ECHO, body, key=None)
    assert {(e["field"], e["code"]) for e in reply.json()["errors"]} == {
        ("points", "not_an_integer"), ("total", "not_money"), ("lines[1].amount", "required"),
        ("lines[1].name", "not_text"), ("at", "not_a_time"), ("mode", "not_a_choice"), ("z", "unknown_field"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("at", "2026-11-22T10:00:00", "not_a_time"), ("at", "2026-11-22", "not_a_time"), ("at", 0, "not_a_time"),
        ("at", "2026-02-30T10:00:00Z", "not_a_time"), ("at", "0001-01-01T00:00:00+14:00", "out_of_range"),
        ("at", "9999-12-31T23:59:59-14:00", "out_of_range"), ("at", "2026-11-22T25:00:00Z", "not_a_time"),
        ("at", "2026-11-22T10:00:00+09:00\n", "not_a_time"), ("at", "２026-11-22T10:00:00Z", "not_a_time"),
        ("day", "2026-11-31", "not_a_day"), ("day", "20261122", "not_a_day"), ("day", "2026-W01-1", "not_a_day"),
        ("total", 19.9, "not_money"), ("total", "-1", "not_money"), ("total", "1e3", "not_money"),
        ("total", "1,000", "not_money"), ("total", "1 ", "not_money"), ("total", "1\n", "not_money"),
        ("total", ".5", "not_money"), ("total", "1.", "not_money"), ("total", "٣", "not_money"),
        ("member", "x", "not_an_id"), ("note", "x" * 1001, "too_long"), ("store", "", "too_short"),
        ("flag", "true", "not_a_boolean"), ("lines", {}, "not_a_list"), ("attributes", [], "not_an_object"),
    ],
)  # fmt: skip
def test_each_mistake_has_its_code(till, field, value, code):
    reply = till.post(ECHO, {"points": 1, field: value}, key=None)
    assert reply.status_code == 400 and reply.json()["code"] == code
    assert reply.json()["errors"][0]["field"] == field


def test_money_is_judged_by_its_currency(till):
    reply = till.post("/api/v1/test/accounts", {"points": 1, "lines": [{"amount": "1"}, {"amount": "1.999"}]})
    assert reply.status_code == 400
    assert reply.json()["code"] == "too_many_decimals"
    assert reply.json()["errors"][0]["field"] == "lines[1].amount"
    reply = till.post("/api/v1/test/accounts", {"points": 1, "lines": [{"amount": "1", "quantity": "0.000"}]})
    assert reply.json()["errors"][0] == {
        "field": "lines[0].quantity", "code": "out_of_range", "detail": "A quantity is more than 0."
    }  # fmt: skip
