"""Every call of the API with every field of its body, read from the OpenAPI document: later calls are covered by it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from loyalty.api import examples, schema

ID = "01932b6e-7c1a-7000-8000-4a5b6c7d8e9f"
Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Operation:
    """One call."""

    method: str
    path: str
    scope: str
    key: bool
    body: dict[str, Any] | None
    query: dict[str, dict[str, Any]]
    limit: int

    @property
    def address(self) -> str:
        """The path with an id in each place of one."""
        parts = [ID if part.startswith("{") else part for part in self.path.split("/")]
        return "/".join(parts)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def operations() -> list[Operation]:
    """All of them."""
    found = []
    for path, methods in schema.document()["paths"].items():
        for method, told in methods.items():
            content = told.get("requestBody", {}).get("content", {}).get("application/json", {})
            parameters = told["parameters"]
            found.append(
                Operation(
                    method.upper(),
                    path,
                    next(iter(told["security"][0]["key"]), ""),
                    any(parameter["name"] == "Idempotency-Key" for parameter in parameters),
                    content.get("schema"),
                    {p["name"]: p["schema"] for p in parameters if p["in"] == "query"},
                    told.get("x-body-limit-bytes", 0),
                )
            )
    return found


def components() -> dict[str, Any]:
    """The schemas that bodies refer to."""
    found: dict[str, Any] = schema.document()["components"]["schemas"]
    return found


def resolve(part: dict[str, Any]) -> dict[str, Any]:
    """The schema behind a reference."""
    while "$ref" in part:
        part = components()[part["$ref"].rpartition("/")[2]]
    return part


def alternatives(part: dict[str, Any]) -> list[dict[str, Any]]:
    """The schemas a value may follow, without null."""
    part = resolve(part)
    if "anyOf" in part:
        return [found for choice in part["anyOf"] for found in alternatives(choice)]
    return [] if part.get("type") == "null" else [part]


def fields(part: dict[str, Any], path: Path = (), depth: int = 0) -> Iterator[tuple[Path, list[dict[str, Any]]]]:
    """Every field of a body with the schemas its value may follow; objects and lists as well as what is in them."""
    if depth > 8:
        return
    for choice in alternatives(part):
        for name, below in choice.get("properties", {}).items():
            yield (*path, name), alternatives(below)
            yield from fields(below, (*path, name), depth + 1)
        if choice.get("type") == "array" and choice.get("items"):
            yield (*path, 0), alternatives(choice["items"])
            yield from fields(choice["items"], (*path, 0), depth + 1)


def body_with(part: dict[str, Any], path: Path, value: Any) -> Any:
    """A body that is right for the schema but has `value` at `path`."""
    if not path:
        return value
    step, *rest = path
    for choice in alternatives(part):
        if isinstance(step, int) and choice.get("type") == "array":
            return [body_with(choice["items"], tuple(rest), value)]
        if step in choice.get("properties", {}):
            required = choice.get("required", ())
            known = {
                name: examples.of(below, components())
                for name, below in choice["properties"].items()
                if name in required and name != step
            }
            return {**known, step: body_with(choice["properties"][step], tuple(rest), value)}
    raise AssertionError(f"no {step} in {part}")


def named(path: Path) -> str:
    """The path as problems write it: `lines[0].amount`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def raw_with(part: dict[str, Any], path: Path, token: str) -> bytes:
    """As `body_with`, with a token that is perhaps no JSON."""
    return json.dumps(body_with(part, path, "@@here@@")).replace('"@@here@@"', token).encode()


def is_numeric(choices: list[dict[str, Any]]) -> bool:
    """Whether a field holds an integer, or money or a quantity as text."""
    return bool(choices) and all(
        choice.get("type") == "integer" or str(choice.get("pattern", "")).startswith("^[0-9]{1,") for choice in choices
    )


def is_text(choices: list[dict[str, Any]]) -> bool:
    """Whether a field holds text."""
    return any(choice.get("type") == "string" for choice in choices)
