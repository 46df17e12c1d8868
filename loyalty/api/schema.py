"""The OpenAPI 3.1 document, made from what each call declares of itself in `edge`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from functools import lru_cache
from http import HTTPStatus
from typing import Any

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry, ResolvedComponent, resolve_django_path_parameter

from loyalty.api import edge, fields, problems
from loyalty.api.endpoints import Endpoint, NoQuery
from loyalty.errors import MemberErased, NotFound, Refusal, StoreNotFound

Json = dict[str, Any]
_REF = "#/components/schemas/{name}"
SNAPSHOT = settings.BASE_DIR / "docs" / "openapi.json"
_BODY_CODES = (
    "malformed_json",
    "duplicate_field",
    "too_deep",
    "unknown_field",
    "required",
    "bad_character",
    "malformed",
)
_QUERY_CODES = ("unknown_field", "duplicate_field", "malformed")
_KEY_CODES = ("idempotency_key_required", "idempotency_key_malformed")


class EdgeSchema(AutoSchema):
    """Describes one call."""

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: ComponentRegistry
    ) -> Json | None:
        """The operation object of one method, or None for a view that is not the edge's."""
        handler = getattr(self.view, method.lower(), None)
        endpoint: Endpoint | None = getattr(handler, "endpoint", None)
        if endpoint is None:
            return None
        self.path, self.path_regex, self.path_prefix = path, path_regex, path_prefix
        self.method, self.registry = method.upper(), registry
        summary, description = _texts(handler)
        operation: Json = {
            "operationId": _operation_id(method, path),
            "summary": summary,
            "tags": [path.removeprefix("/api/v1/").partition("/")[0]],
            "parameters": list(self.parameters(endpoint)),
            "responses": self.responses(endpoint),
        }
        if description:
            operation["description"] = description
        if endpoint.scope:
            operation["security"] = [{"key": [endpoint.scope]}]
        else:
            operation["security"] = [{"key": []}]
        if endpoint.body is not None and method.upper() != "DELETE":
            content: Json = {"schema": self.reference(endpoint.body)}
            if endpoint.told.get("example") is not None:
                content["example"] = endpoint.told["example"]
            required = any(field.required for field in msgspec.structs.fields(endpoint.body))
            operation["requestBody"] = {"required": required, "content": {edge.JSON: content}}
            operation["x-body-limit-bytes"] = endpoint.limit
        return operation

    def parameters(self, endpoint: Endpoint) -> Iterable[Json]:
        """Of the path, the query, and the headers."""
        for name in re.findall(r"{(\w+)}", self.path):
            found = resolve_django_path_parameter(self.path_regex, name, [])  # type: ignore[no-untyped-call]
            kind = found["schema"] if found else {"type": "string"}
            yield {"name": name, "in": "path", "required": True, "schema": kind}
        if endpoint.query is not None:
            _, components = _components(endpoint.query)
            described = components[endpoint.query.__name__]
            for name, kind in described.get("properties", {}).items():
                for_query = {key: value for key, value in kind.items() if key != "default" or value is not None}
                yield {
                    "name": name,
                    "in": "query",
                    "required": name in described.get("required", ()),
                    "schema": for_query,
                }
        if endpoint.key:
            yield {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "description": "Names this request, so that it may be sent again: one key, one effect, one answer.",
                "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[\x21-\x7e]+$"},
            }

    def reference(self, kind: Any) -> Json:
        """The schema of a type; its structs become components."""
        schema, components = _components(kind)
        for name, component in components.items():
            held = ResolvedComponent(  # type: ignore[no-untyped-call]
                name=name, type=ResolvedComponent.SCHEMA, schema=component, object=name
            )
            if held in self.registry and self.registry[held].schema != component:
                raise ValueError(f"two types of the API are named {name}")
            self.registry.register_on_missing(held)
        return schema

    def responses(self, endpoint: Endpoint) -> Json:
        """The reply, and every problem with its codes."""
        told = endpoint.told
        content: Json = {"schema": self.reference(told["reply"]) if told.get("reply") else {"type": "object"}}
        if told.get("reply_example") is not None:
            content["example"] = told["reply_example"]
        done = {
            "description": HTTPStatus(endpoint.status).phrase,
            "headers": {"X-Request-Id": {"schema": {"type": "string"}}},
            "content": {edge.JSON: content},
        }
        responses: Json = {str(endpoint.status): done}
        for status in told.get("also", ()):
            responses[str(status)] = {**done, "description": HTTPStatus(status).phrase}
        for status, codes in sorted(refused(endpoint, self.path).items()):
            responses[str(status)] = {
                "description": " · ".join(codes),
                "content": {
                    problems.CONTENT_TYPE: {"schema": {"$ref": _REF.format(name="Problem")}},
                },
                "x-codes": codes,
            }
        return responses


def _texts(handler: Any) -> tuple[str, str]:
    """The first line of the docstring, and the rest."""
    first, _, rest = (inspect.getdoc(handler) or "").partition("\n")
    return first.rstrip("."), rest.strip()


def _operation_id(method: str, path: str) -> str:
    words = path.removeprefix("/api/v1/").replace("{", "").replace("}", "").replace("/", "_").replace("-", "_")
    return f"{method.lower()}_{words}"


def _components(kind: Any) -> tuple[Json, dict[str, Json]]:
    (schema,), components = msgspec.json.schema_components([kind], schema_hook=fields.schema_hook, ref_template=_REF)
    return schema, components


def refused(endpoint: Endpoint, path: str) -> dict[int, list[str]]:
    """Every problem a call may answer: status to codes."""
    codes: dict[int, list[str]] = {}

    def add(*refusals: type[Refusal]) -> None:
        for refusal in refusals:
            known = codes.setdefault(refusal.status, [])
            if refusal.code not in known:
                known.append(refusal.code)

    bad: list[str] = []
    if endpoint.body is not None:
        bad += _BODY_CODES + field_codes(endpoint.body)
        add(problems.BodyTooLarge, problems.UnsupportedMediaType)
    if endpoint.query is not None and endpoint.query is not NoQuery:
        bad += _QUERY_CODES + field_codes(endpoint.query)
    else:
        bad += ("unknown_field",)
    if endpoint.key:
        bad += _KEY_CODES
        add(problems.InProgress, problems.KeyReused, MemberErased)
    codes[400] = list(dict.fromkeys(bad))
    add(problems.Unauthenticated, problems.InsufficientScope)
    if endpoint.body is not None and names_store(endpoint.body):
        add(problems.StoreMismatch, StoreNotFound)
    if "{" in path:
        add(NotFound)
    add(*endpoint.refusals)
    add(problems.TooManyRequests, problems.InternalError, problems.TryAgain)
    return codes


def field_codes(kind: Any) -> tuple[str, ...]:
    """The codes that the fields of a type can have, in a fixed order."""
    found: set[str] = set()

    def walk(schema: Any) -> None:
        if isinstance(schema, list):
            for below in schema:
                walk(below)
        elif isinstance(schema, dict):
            found.update(_CODES_OF.get(str(schema.get("type")), ()))
            found.update(_CODES_OF.get(str(schema.get("format")), ()))
            found.update(code for name, code in _CODES_BY.items() if name in schema)
            for below in schema.values():
                walk(below)

    _, components = _components(kind)
    walk(list(components.values()))
    if any("decimal text" in str(part) for part in components.values()):
        found.update(("not_money", "too_many_decimals"))
    return tuple(code for code in problems.FIELD_CODES if code in found)


def names_store(kind: Any) -> bool:
    """Whether a body says for which store it writes."""
    _, components = _components(kind)
    return any("store" in component.get("properties", {}) for component in components.values())


_CODES_OF = {
    "integer": ("not_an_integer", "out_of_range"),
    "boolean": ("not_a_boolean",),
    "string": ("not_text",),
    "array": ("not_a_list",),
    "object": ("not_an_object",),
    "date-time": ("not_a_time", "out_of_range"),
    "date": ("not_a_day", "out_of_range"),
    "uuid": ("not_an_id",),
}
_CODES_BY = {"enum": "not_a_choice", "maxLength": "too_long", "minLength": "too_short", "maxItems": "too_long"}


@lru_cache(maxsize=2)
def _document(urlconf: str) -> Json:
    generator = SchemaGenerator(urlconf=urlconf)  # type: ignore[no-untyped-call]
    made: Json = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return made


def document() -> Json:
    """The whole OpenAPI document; made once for each process."""
    return _document(settings.ROOT_URLCONF)


def text() -> bytes:
    """The document as it is served and as the snapshot in docs/ holds it."""
    return msgspec.json.format(msgspec.json.encode(document()), indent=1) + b"\n"


def serve(request: HttpRequest) -> HttpResponse:
    """GET /api/schema."""
    if request.method not in ("GET", "HEAD"):
        raise problems.MethodNotAllowed(headers={"Allow": "GET"})
    return HttpResponse(text(), content_type=edge.JSON)


PROBLEM_SCHEMA: Json = {
    "title": "Problem",
    "description": "RFC 9457. More members may stand beside these, such as `needed` and `available`.",
    "type": "object",
    "required": ["type", "title", "status", "code", "detail", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "detail"],
                "properties": {
                    "field": {"type": "string"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}


def complete(*, result: Json, generator: Any, request: Any, public: bool) -> Json:
    """drf-spectacular's hook: what every call shares."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = PROBLEM_SCHEMA
    components["securitySchemes"] = {
        "key": {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key, `lk_live_…`. Each call names the scope that the key needs.",
        }
    }
    return result
