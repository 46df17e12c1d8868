"""Examples made from a schema, for calls that do not bring their own."""

from __future__ import annotations

from typing import Any

_ID = "01932b6e-7c1a-7000-8000-4a5b6c7d8e9f"


def of(part: dict[str, Any], components: dict[str, Any], depth: int = 0) -> Any:
    """A value that the schema describes: required fields, and optional ones that are simple."""
    if "$ref" in part:
        part = components[part["$ref"].rpartition("/")[2]]
    if part.get("examples"):
        return part["examples"][0]
    if part.get("anyOf"):
        return of(part["anyOf"][0], components, depth)
    if part.get("enum"):
        return part["enum"][0]
    kind = part.get("type")
    if kind == "object":
        return _object(part, components, depth)
    if kind == "array":
        return [of(part["items"], components, depth + 1)] if part.get("items") and depth < 3 else []
    if kind == "integer":
        return max(part.get("minimum", 1), 1)
    if kind == "string":
        return {"date-time": "2026-11-22T10:00:00+09:00", "date": "2026-11-22", "uuid": _ID}.get(
            part.get("format", ""), "text"[: part.get("maxLength", 4)]
        )
    return {"boolean": True, "number": 1.5}.get(str(kind))


def _object(part: dict[str, Any], components: dict[str, Any], depth: int) -> dict[str, Any]:
    required = part.get("required", ())
    shown = {}
    for name, below in part.get("properties", {}).items():
        if name in required or (depth < 2 and "default" not in below):
            shown[name] = of(below, components, depth + 1)
    return shown
