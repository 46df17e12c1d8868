"""The words that the grammar is written in: small builders of JSON Schema (2020-12).

`description` says what a value must be, in the words of an error message; the order of `properties` is the order in
which the canonical text writes the keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]

MOST_POINTS = 1_000_000_000
MOST_DAYS = 36_500
MOST_MINUTES = 5_256_000  # ten years


def ref(name: str) -> Schema:
    """One of the shared definitions."""
    return {"$ref": f"#/$defs/{name}"}


def text(most: int = 200, pattern: str = "", description: str = "a text") -> Schema:
    """A text that is not empty."""
    found: Schema = {"type": "string", "minLength": 1, "maxLength": most, "description": description}
    return found | {"pattern": whole_text(pattern)} if pattern else found


def whole_text(pattern: str) -> str:
    """A pattern for the whole of a text; `$` alone would let a line break follow."""
    return rf"^(?:{pattern})$(?!\n)"


def whole(least: int = 0, most: int = MOST_POINTS, default: int | None = None) -> Schema:
    """A whole number."""
    found: Schema = {
        "type": "integer",
        "minimum": least,
        "maximum": most,
        "description": f"a whole number from {least} to {most}",
    }
    return found if default is None else found | {"default": default}


def points(least: int = 1) -> Schema:
    """Points, a plain whole number."""
    return whole(least, MOST_POINTS)


def flag(*, default: bool) -> Schema:
    """true or false."""
    return {"type": "boolean", "description": "true or false", "default": default}


def choice(*values: str, default: str | None = None) -> Schema:
    """One of a few words; the first is the default unless another is named. `default=""`: there is none."""
    found: Schema = {"enum": list(values), "description": "one of " + ", ".join(values)}
    chosen = values[0] if default is None else default
    return found | {"default": chosen} if chosen else found


def nullable(inner: Schema) -> Schema:
    """The same, or null."""
    if "$ref" in inner:
        return {"if": {"type": "null"}, "else": inner}
    if "enum" in inner:
        return {**inner, "enum": [*inner["enum"], None]}
    kinds = inner["type"] if isinstance(inner["type"], list) else [inner["type"]]
    return {**inner, "type": [*kinds, "null"]}


def listing(inner: Schema, most: int = 1000, least: int = 0) -> Schema:
    """A list of the same."""
    return {"type": "array", "items": inner, "minItems": least, "maxItems": most, "description": "a list"}


def mapping(properties: Mapping[str, Schema], required: tuple[str, ...] = ()) -> Schema:
    """A mapping of exactly these keys."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
        "description": "a mapping",
    }


def by_code(inner: Schema, most: int = 1000) -> Schema:
    """A mapping from codes to the same."""
    return {
        "type": "object",
        "propertyNames": ref("code"),
        "additionalProperties": inner,
        "maxProperties": most,
        "description": "a mapping",
    }


def by_type(description: str, **schemas: Schema) -> Schema:
    """A value whose JSON type decides what it must be."""
    return {
        "type": list(schemas),
        "description": description,
        "allOf": [{"if": {"type": name}, "then": schema} for name, schema in schemas.items()],
    }


def by_kind(
    key: str, kinds: Mapping[str, Mapping[str, Schema]], common: Mapping[str, Schema], required: Mapping[str, Any]
) -> Schema:
    """A mapping whose `key` decides which other keys it may have: `common` ones, and those of its kind.

    `required` names by kind what must be there; under "" for all. Keys of a kind stand after `key` in the order, but
    where `common` keeps a place for them with an empty schema.
    """
    always = tuple(required.get("", ()))
    order = list(common)
    at = order.index(key) + 1
    variants = []
    for kind, own in kinds.items():
        rest = [name for name in order[at:] if name in own or common[name]]
        names = [*order[:at], *(name for name in own if name not in order), *rest]
        properties = {name: own.get(name, common.get(name, {})) for name in names}
        body = mapping(properties, (*always, *required.get(kind, ())))
        variants.append({"if": {"properties": {key: {"const": kind}}, "required": [key]}, "then": body})
    return {
        "type": "object",
        "required": [key],
        "properties": {key: choice(*kinds, default="")},
        "allOf": variants,
        "description": "a mapping",
    }
