"""The order of keys, which is that of the schema's properties."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .grammar import SCHEMA

Schema = Mapping[str, Any]


def sorted_document(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with the keys of every mapping in the schema's order; unknown ones last, by name."""
    return {key: _sorted(value, schema) for key, value, schema in _pairs(document, SCHEMA)}


def _sorted(value: Any, schema: Schema) -> Any:
    schema = chosen(value, schema)
    if isinstance(value, Mapping):
        return {key: _sorted(inner, own) for key, inner, own in _pairs(value, schema)}
    if isinstance(value, list | tuple):
        return [_sorted(one, schema.get("items", {})) for one in value]
    return value


def _pairs(value: Mapping[str, Any], schema: Schema) -> list[tuple[str, Any, Schema]]:
    known: Mapping[str, Schema] = schema.get("properties", {})
    others = schema.get("additionalProperties") or {}
    listed = [key for key in known if key in value]
    rest = sorted(key for key in value if key not in known)  # codes, languages: the database forgets their order
    return [(key, value[key], known.get(key, others)) for key in (*listed, *rest)]


def chosen(value: Any, schema: Schema) -> Schema:
    """The part of a schema that a value is judged by: behind references, by its type or kind."""
    while True:
        if "$ref" in schema:
            schema = SCHEMA["$defs"][str(schema["$ref"]).rpartition("/")[2]]
        elif "else" in schema:
            schema = schema.get("then", {}) if _meets(value, schema["if"]) else schema["else"]
        elif "allOf" in schema:
            schema = next((part["then"] for part in schema["allOf"] if _meets(value, part["if"])), {})
        else:
            return schema


def _meets(value: Any, condition: Schema) -> bool:
    """Whether a value meets one of the conditions that the grammar's words write."""
    if "type" in condition:
        kinds = {"string": str, "object": Mapping, "array": list, "integer": int, "null": type(None)}
        return isinstance(value, kinds[condition["type"]])
    if not isinstance(value, Mapping):
        return False
    wanted = condition.get("properties", {})
    return all(key in value for key in condition.get("required", ())) and all(
        value.get(key) == one["const"] for key, one in wanted.items()
    )
