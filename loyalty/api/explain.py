"""What is wrong with a body, field by field. Runs only when something is: it may be slow, it must be right.

It walks the JSON beside the type that msgspec would decode it into and names every wrong field by its path.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import msgspec
from msgspec import inspect as kinds

from loyalty.api import fields
from loyalty.errors import FieldError

MAX_ERRORS = 50


class Pairs(list[tuple[str, Any]]):
    """A JSON object as its pairs, so that a key that is there twice can be seen."""


class Odd:
    """A number that JSON does not have (NaN) or that no field can hold (1e400)."""

    def __init__(self, code: str, text: str) -> None:
        self.code, self.text = code, text


def _integer(text: str) -> object:
    return int(text) if len(text) < 4000 else Odd("out_of_range", text[:20])


def _float(text: str) -> object:
    number = float(text)
    return Odd("out_of_range", text[:20]) if number in (float("inf"), float("-inf")) else number


def _constant(text: str) -> object:
    return Odd("malformed_json", text)


def body(raw: bytes, kind: type) -> list[FieldError]:
    """Every error of a JSON text against a type; empty when there is none."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        return [FieldError("", "malformed_json", f"Byte {error.start} is not UTF-8.")]
    try:
        tree = json.loads(
            text,
            object_pairs_hook=Pairs,
            parse_int=_integer,
            parse_float=_float,
            parse_constant=_constant,
        )
    except RecursionError:
        return [FieldError("", "too_deep", "Nested too deeply.")]
    except json.JSONDecodeError as error:
        said = "The body is empty." if not text.strip() else f"{error.msg} at character {error.pos}."
        return [FieldError("", "malformed_json", said)]
    return value(tree, kind)


def value(tree: object, kind: type, *, texts: bool = False) -> list[FieldError]:
    """Every error of a parsed value against a type; `texts` when numbers come as text, as in a query."""
    found: list[FieldError] = []
    walk = Walk(texts=texts)
    for error in walk.anything(tree, ""):
        found.append(error)
        if len(found) >= MAX_ERRORS:
            return found
    for error in walk.check(tree, kinds.type_info(kind), ""):
        if (error.field, error.code) not in {(e.field, e.code) for e in found}:
            found.append(error)
        if len(found) >= MAX_ERRORS:
            break
    return found


class Walk:
    """One walk through a value beside its type."""

    def __init__(self, *, texts: bool) -> None:
        self.texts = texts
        self.checks: dict[type, Callable[[Any, Any, str], Iterator[FieldError]]] = {
            kinds.StructType: self.struct,
            kinds.ListType: self.items,
            kinds.DictType: self.mapping,
            kinds.UnionType: self.union,
            kinds.IntType: self.integer,
            kinds.StrType: self.text,
            kinds.BoolType: self.boolean,
            kinds.CustomType: self.custom,
            kinds.UUIDType: self.uuid,
            kinds.LiteralType: self.literal,
            kinds.EnumType: self.enum,
            kinds.NoneType: self.null,
        }

    def anything(self, tree: object, path: str) -> Iterator[FieldError]:
        """What is wrong whatever the type: doubled keys, odd numbers, characters that cannot be kept."""
        if isinstance(tree, Odd):
            yield FieldError(path, tree.code, f"{tree.text} is not accepted.")
        elif isinstance(tree, str):
            if "\0" in tree or not _storable(tree):
                yield FieldError(path, "bad_character", "NUL and lone surrogates are not accepted.")
        elif isinstance(tree, Pairs | dict):
            yield from self.names(tree, path)
        elif isinstance(tree, list):
            for index, below in enumerate(tree):
                yield from self.anything(below, f"{path}[{index}]")

    def names(self, tree: Pairs | dict[str, Any], path: str) -> Iterator[FieldError]:
        """What is wrong with an object's names, and below."""
        seen: set[str] = set()
        for key, below in tree if isinstance(tree, Pairs) else tree.items():
            if key in seen:
                yield FieldError(_under(path, key), "duplicate_field", "This field is there twice.")
            seen.add(key)
            if "\0" in key or not _storable(key):
                yield FieldError(path, "bad_character", "A field's name has NUL or a lone surrogate.")
            yield from self.anything(below, _under(path, key))

    def check(self, tree: Any, kind: Any, path: str) -> Iterator[FieldError]:
        """What is wrong for this type."""
        if isinstance(tree, Odd) and tree.code == "malformed_json":
            return
        extra: dict[str, Any] = {}
        while isinstance(kind, kinds.Metadata):
            extra = {**(kind.extra or {}), **extra}
            kind = kind.type
        check = self.checks.get(type(kind))
        if check is None:
            return
        code = extra.get("code")
        for error in check(tree, kind, path):
            if code and error.field == path and error.code in ("malformed", "not_text"):
                yield FieldError(path, code, str(extra.get("detail") or error.detail))
            else:
                yield error

    def struct(self, tree: Any, kind: kinds.StructType, path: str) -> Iterator[FieldError]:
        """An object with named fields."""
        if not isinstance(tree, Pairs | dict):
            yield FieldError(path, "not_an_object", "An object is needed.")
            return
        given = dict(tree)
        known = {field.encode_name: field for field in kind.fields}
        for name, field in known.items():
            if name not in given:
                if field.required:
                    yield FieldError(_under(path, name), "required", "This field is missing.")
            else:
                yield from self.check(given[name], field.type, _under(path, name))
        if kind.forbid_unknown_fields:
            for name in given:
                if name not in known:
                    yield FieldError(_under(path, name), "unknown_field", "There is no such field.")

    def items(self, tree: Any, kind: kinds.ListType, path: str) -> Iterator[FieldError]:
        """A list."""
        if not isinstance(tree, list) or isinstance(tree, Pairs):
            yield FieldError(path, "not_a_list", "A list is needed.")
            return
        yield from _length(len(tree), kind, path, "items")
        for index, below in enumerate(tree):
            yield from self.check(below, kind.item_type, f"{path}[{index}]")

    def mapping(self, tree: Any, kind: kinds.DictType, path: str) -> Iterator[FieldError]:
        """An object with free keys."""
        if not isinstance(tree, Pairs | dict):
            yield FieldError(path, "not_an_object", "An object is needed.")
            return
        pairs = list(dict(tree).items())
        yield from _length(len(pairs), kind, path, "fields")
        for key, below in pairs:
            yield from self.check(key, kind.key_type, _under(path, key))
            yield from self.check(below, kind.value_type, _under(path, key))

    def union(self, tree: Any, kind: kinds.UnionType, path: str) -> Iterator[FieldError]:
        """One of several types: right for one is right; else the errors of the one that fits best."""
        choices = [choice for choice in kind.types if not isinstance(choice, kinds.NoneType)]
        if tree is None and len(choices) < len(kind.types):
            return
        complaints = [list(self.check(tree, choice, path)) for choice in choices]
        if all(complaints):
            ranked = zip(choices, complaints, strict=True)
            _, best = min(ranked, key=lambda pair: (not _meant(tree, pair[0]), *_weight(pair[1])))
            yield from best

    def integer(self, tree: Any, kind: kinds.IntType, path: str) -> Iterator[FieldError]:
        """A whole number within its bounds."""
        if isinstance(tree, Odd):
            return
        if self.texts and isinstance(tree, str) and re.fullmatch(r"-?[0-9]{1,20}", tree):
            tree = int(tree)
        if not isinstance(tree, int) or isinstance(tree, bool):
            yield FieldError(path, "not_an_integer", "A whole number is needed.")
        elif (kind.ge is not None and tree < kind.ge) or (kind.le is not None and tree > kind.le):
            yield FieldError(path, "out_of_range", _range(kind.ge, kind.le))

    def text(self, tree: Any, kind: kinds.StrType, path: str) -> Iterator[FieldError]:
        """A text of its length and form."""
        if not isinstance(tree, str):
            yield FieldError(path, "not_text", "Text is needed.")
            return
        yield from _length(len(tree), kind, path, "characters")
        if kind.pattern and not re.search(kind.pattern, tree):
            yield FieldError(path, "malformed", "This is not in the form that this field has.")

    def boolean(self, tree: Any, _kind: kinds.BoolType, path: str) -> Iterator[FieldError]:
        """true or false."""
        if not (isinstance(tree, bool) or (self.texts and tree in ("true", "false", "0", "1"))):
            yield FieldError(path, "not_a_boolean", "true or false is needed.")

    def custom(self, tree: Any, kind: kinds.CustomType, path: str) -> Iterator[FieldError]:
        """Times and days."""
        if kind.cls not in (fields.Time, fields.Day):
            return
        try:
            fields.decode_hook(kind.cls, tree)
        except ValueError as error:
            expected = "not_a_time" if kind.cls is fields.Time else "not_a_day"
            code = str(error) if str(error) == "out_of_range" else expected
            form = "RFC 3339 with an offset" if kind.cls is fields.Time else "YYYY-MM-DD"
            yield FieldError(path, code, f"{form}, years {fields.FIRST_YEAR} to {fields.LAST_YEAR}.")

    def uuid(self, tree: Any, _kind: kinds.UUIDType, path: str) -> Iterator[FieldError]:
        """An id."""
        try:
            msgspec.convert(tree, UUID)
        except (msgspec.ValidationError, ValueError):
            yield FieldError(path, "not_an_id", "An id such as 01932b6e-… is needed.")

    def literal(self, tree: Any, kind: kinds.LiteralType, path: str) -> Iterator[FieldError]:
        """One of a few values."""
        if isinstance(tree, bool) or not isinstance(tree, str | int) or tree not in kind.values:
            allowed = ", ".join(str(choice) for choice in kind.values)
            yield FieldError(path, "not_a_choice", f"One of: {allowed}.")

    def enum(self, tree: Any, kind: kinds.EnumType, path: str) -> Iterator[FieldError]:
        """One of an enumeration's values."""
        if tree not in [member.value for member in kind.cls]:
            allowed = ", ".join(str(member.value) for member in kind.cls)
            yield FieldError(path, "not_a_choice", f"One of: {allowed}.")

    def null(self, tree: Any, _kind: kinds.NoneType, path: str) -> Iterator[FieldError]:
        """Nothing but null."""
        if tree is not None:
            yield FieldError(path, "malformed", "null is needed.")


def _meant(tree: Any, kind: Any) -> bool:
    """Whether a text stands where a text may stand: then it is judged as one."""
    while isinstance(kind, kinds.Metadata):
        kind = kind.type
    return isinstance(tree, str) and isinstance(kind, kinds.StrType)


def _weight(errors: list[FieldError]) -> tuple[bool, int]:
    return errors[0].code.startswith("not_"), len(errors)


def _length(size: int, kind: Any, path: str, unit: str) -> Iterator[FieldError]:
    if kind.min_length is not None and size < kind.min_length:
        yield FieldError(path, "too_short", f"At least {kind.min_length} {unit}.")
    elif kind.max_length is not None and size > kind.max_length:
        yield FieldError(path, "too_long", f"At most {kind.max_length} {unit}.")


def _range(low: int | float | None, high: int | float | None) -> str:
    if low is None:
        return f"At most {high}."
    return f"At least {low}." if high is None else f"{low} to {high}."


def _storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _under(path: str, name: str) -> str:
    """The path of a field; what a client sent as a name is cut, it may be long or odd."""
    name = name.encode(errors="replace").decode().replace("\0", "?")[:80]
    return f"{path}.{name}" if path else name
