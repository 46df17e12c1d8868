"""The API's documentation for people: every call and every problem, drawn on the server from the OpenAPI document."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import msgspec
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from loyalty.api import auth, edge, examples, problems, schema
from loyalty.errors import InvalidBody

Json = dict[str, Any]
CACHED = "public, max-age=300"


@dataclass(frozen=True)
class Row:
    """One field of a body, a reply or a query."""

    name: str
    kind: str
    required: bool
    said: str


@dataclass(frozen=True)
class Piece:
    """A part of a sentence: prose, or code."""

    text: str
    code: bool


@dataclass(frozen=True)
class CallText:
    """One call, ready to be drawn."""

    anchor: str
    method: str
    path: str
    summary: str
    description: list[list[Piece]]
    scope: str
    key: bool
    parameters: list[Row]
    body: list[Row]
    request: str
    status: str
    reply: list[Row]
    response: str
    problems: list[tuple[str, list[str]]]


@dataclass
class Group:
    """The calls on one kind of thing."""

    name: str
    calls: list[CallText] = field(default_factory=list)


@dataclass(frozen=True)
class ProblemText:
    """One code."""

    code: str
    title: str
    status: int
    said: str


def _kind(part: Json) -> str:
    """A schema in a few words: `text, 1 to 40 characters`."""
    if "$ref" in part:
        return "object"
    if choices := part.get("anyOf"):
        return " or ".join(dict.fromkeys(_kind(choice) for choice in choices))
    if "enum" in part:
        return " | ".join(str(value) for value in part["enum"])
    if part.get("title") and part.get("type") != "object":
        return str(part["title"])
    words = {"integer": "integer", "string": "text", "array": "list", "boolean": "true or false"}
    kind = str(part.get("type", "anything"))
    said = {"date-time": "time", "date": "day", "uuid": "id"}.get(str(part.get("format")), words.get(kind, kind))
    limits = [
        f"{part[low]:,} to {part[high]:,}{unit}"
        if low in part and high in part
        else (f"from {part[low]:,}{unit}" if low in part else f"to {part[high]:,}{unit}")
        for low, high, unit in (
            ("minimum", "maximum", ""),
            ("minLength", "maxLength", " characters"),
            ("minItems", "maxItems", ""),
        )
        if low in part or high in part
    ]
    if kind == "array" and part.get("items"):
        return f"list of {_kind(part['items'])}{''.join(f' ({limit})' for limit in limits)}"
    return ", ".join([said, *limits])


def _paragraphs(text: str) -> list[list[Piece]]:
    """A docstring's paragraphs, with what stands in backticks as code."""
    return [
        [Piece(piece, bool(place % 2)) for place, piece in enumerate(" ".join(paragraph.split()).split("`"))]
        for paragraph in text.split("\n\n")
        if paragraph.strip()
    ]


def _rows(part: Json, components: Json, prefix: str = "", above: tuple[str, ...] = ()) -> list[Row]:
    """Every field of an object, those of objects in it by their path."""
    name = str(part.get("$ref", "")).rpartition("/")[2]
    if name in above:
        return []
    part = components.get(name, part)
    rows = []
    for key, value in part.get("properties", {}).items():
        path = f"{prefix}{key}"
        said = "" if value.get("title") else str(value.get("description", ""))
        rows.append(Row(path, _kind(value), key in part.get("required", ()), said))
        for below in (value, *value.get("anyOf", ())):
            step = "." if below is not value.get("items") else ""
            inner = below.get("items", below)
            rows += _rows(inner, components, path + ("[]" if inner is not below else "") + step, (*above, name))
    return rows


def _curl(method: str, path: str, *, key: bool, body: Any) -> str:
    lines = [f"curl -X {method} $LOYALTY{path}", '-H "Authorization: Bearer $KEY"']
    if key:
        lines.append('-H "Idempotency-Key: $(uuidgen)"')
    if body is not None:
        lines.append('-H "Content-Type: application/json"')
        lines.append(f"-d '{_pretty(body)}'")
    return " \\\n  ".join(lines)


def _pretty(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def _call(method: str, path: str, operation: Json, components: Json) -> CallText:
    content = operation.get("requestBody", {}).get("content", {}).get(edge.JSON, {})
    parameters = operation["parameters"]
    success = next(status for status in operation["responses"] if status.startswith("2"))
    reply = operation["responses"][success]["content"][edge.JSON]
    body_schema = content.get("schema", {})
    body_rows = _rows(body_schema, components)
    example = content.get("example", examples.of(body_schema, components) if body_rows else None)
    reply_rows = _rows(reply["schema"], components)
    answer = reply.get("example", examples.of(reply["schema"], components) if reply_rows else None)
    return CallText(
        anchor=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        description=_paragraphs(operation.get("description", "")),
        scope=next(iter(operation["security"][0]["key"]), ""),
        key=any(parameter["name"] == "Idempotency-Key" for parameter in parameters),
        parameters=[
            Row(parameter["name"], _kind(parameter["schema"]), parameter["required"], parameter["in"])
            for parameter in parameters
            if parameter["in"] != "header"
        ],
        body=body_rows,
        request=_curl(method.upper(), path, key=bool(content), body=example),
        status=success,
        reply=reply_rows,
        response=_pretty(answer) if answer is not None else "",
        problems=[(status, told["x-codes"]) for status, told in operation["responses"].items() if "x-codes" in told],
    )


@lru_cache(maxsize=2)
def _groups(_urlconf: str) -> list[Group]:
    document = schema.document()
    components = document["components"]["schemas"]
    groups: dict[str, Group] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            group = groups.setdefault(operation["tags"][0], Group(operation["tags"][0]))
            group.calls.append(_call(method, path, operation, components))
    return list(groups.values())


def all_problems() -> dict[str, ProblemText]:
    """Every code of the API, with its page's text."""
    texts = {
        code: ProblemText(code, title, 400, problems.FIELD_TEXTS.get(code, title + "."))
        for code, title in problems.FIELD_CODES.items()
    }
    for refusal in problems.catalogue():
        if refusal is not InvalidBody:
            said = " ".join((inspect.getdoc(refusal) or "").split())
            texts.setdefault(refusal.code, ProblemText(refusal.code, refusal.title, refusal.status, said))
    return dict(sorted(texts.items(), key=lambda item: (item[1].status, item[0])))


def show(request: HttpRequest) -> HttpResponse:
    """GET /api/docs."""
    context = {
        "groups": _groups(settings.ROOT_URLCONF),
        "problems": all_problems().values(),
        "scopes": auth.SCOPES,
        "limit": f"{settings.LOYALTY_KEY_LIMIT_PER_MINUTE:,}",
    }
    response = render(request, "api/docs.html", context)
    response["Cache-Control"] = CACHED
    return response


def show_problem(request: HttpRequest, code: str) -> HttpResponse:
    """GET /problems/<code>: what a problem's `type` points to."""
    text = all_problems().get(code)
    if text is None:
        raise Http404
    calls = [
        call
        for group in _groups(settings.ROOT_URLCONF)
        for call in group.calls
        if any(code in codes for _, codes in call.problems)
    ]
    response = render(request, "api/problem.html", {"problem": text, "calls": calls})
    response["Cache-Control"] = CACHED
    return response


def list_problems(request: HttpRequest) -> HttpResponse:
    """GET /problems/: all of them."""
    response = render(request, "api/problems.html", {"problems": all_problems().values()})
    response["Cache-Control"] = CACHED
    return response
