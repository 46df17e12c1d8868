"""The form of a document: what the JSON Schema says, as problems that a person can mend."""

from __future__ import annotations

import copy
import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _
from jsonschema import Draft202012Validator, validators

from .grammar import SCHEMA
from .problems import ERROR, Problem
from .reading import MOST_PROBLEMS, Source

ABSENT = frozenset({"required", "empty", "too_few"})  # nothing wrong stands there
_STEP = re.compile(r"([^.\[\]]+)|\[([0-9]+)\]")


def problems(source: Source) -> list[Problem]:
    """Everything that is not of the form that the schema asks for, at most about a hundred of them."""
    found = _validator().iter_errors(source.document)
    return list(islice((problem for error in found for problem in _problems(error, source)), MOST_PROBLEMS))


def sound_parts(source: Source, wrong: Iterable[Problem]) -> Source | None:
    """The document without what `wrong` says is of the wrong form, so that the rest can be looked at; None if nothing
    sensible is left. Codes stay, so that what names them finds them; objects stay where they stand in their list.
    """
    document = copy.deepcopy(source.document)
    for problem in wrong:
        if problem.place.endswith(".kind"):  # nobody has looked at the other keys then
            _leave_the_code(document, steps_of(problem.place)[:-1])
        elif problem.code in ABSENT or (problem.place.endswith((".code", ".group")) and problem.code == "wrong_form"):
            continue
        elif not problem.place:
            return None
        else:
            _take_out(document, steps_of(problem.place))
    left = Source(document, source.places, source.written)
    return left if all(one.code in {*ABSENT, "wrong_form"} for one in problems(left)) else None


def steps_of(place: str) -> list[str | int]:
    """The steps to `rules[2].per`: "rules", 2, "per". Of a key with a dot in it, something that is not there."""
    return [int(index) if index else name for name, index in _STEP.findall(place)]


def _found(document: Any, steps: list[str | int]) -> Any:
    """What stands there, or None."""
    found = document
    for step in steps:
        try:
            found = found[step]
        except (KeyError, IndexError, TypeError):
            return None
    return found


def _leave_the_code(document: Any, steps: list[str | int]) -> None:
    holder = _found(document, steps)
    if isinstance(holder, dict):
        kept = {key: value for key, value in holder.items() if key == "code" and isinstance(value, str)}
        holder.clear()
        holder.update(kept)


def _take_out(document: Any, steps: list[str | int]) -> None:
    if not steps:
        return
    holder, last = _found(document, steps[:-1]), steps[-1]
    if isinstance(holder, dict) and isinstance(last, str):
        holder.pop(last, None)
    elif isinstance(holder, list) and isinstance(last, int) and last < len(holder):
        holder[last] = {} if isinstance(holder[last], dict) else None


@cache
def _validator() -> Any:
    """YAML tells 1 from 1.0, so a whole number is an int and nothing else."""
    checker = Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _checker, value: isinstance(value, int) and not isinstance(value, bool)
    )
    return validators.extend(Draft202012Validator, type_checker=checker)(SCHEMA)


def place_of(path: Any) -> str:
    """`rules[2].per` of the steps to it."""
    place = ""
    for step in path:
        place = f"{place}[{step}]" if isinstance(step, int) else f"{place}.{step}" if place else str(step)
    return place


def _problems(error: Any, source: Source) -> Iterator[Problem]:
    place, value, schema = place_of(error.absolute_path), error.instance, error.schema
    match error.validator:
        case "additionalProperties":
            known = list(schema.get("properties", ()))
            for key in value:
                if key not in known:
                    yield _at_key(
                        source, place, key, "unknown_key", _("This key is not known here."), _meant(key, known)
                    )
        case "required":
            # jsonschema says one error for each missing key; its name stands in the message alone
            for key in schema["required"]:
                if key not in value and error.message.startswith(repr(key)):
                    detail = _("“%(key)s” is missing.") % {"key": key}
                    yield _at(source, _join(place, key), "required", detail, _("add it"))
        case "propertyNames" | "if":
            return
        case _:
            if error.parent is None and isinstance(value, str) and error.absolute_schema_path.count("propertyNames"):
                detail = _("“%(key)s” cannot be a key here.") % {"key": value[:60]}
                yield _at_key(source, place, value, "not_a_key", detail, _must_be(schema))
                return
            yield _wrong(error, source, place, value, schema)


def _wrong(error: Any, source: Source, place: str, value: Any, schema: Mapping[str, Any]) -> Problem:
    said = str(schema.get("description", ""))
    match error.validator:
        case "type":
            if quoted := _quoted(source, place, value, schema):
                detail = _("This must be text in quotes, not a number.")
                return _at(source, place, "not_quoted", detail, _('write "%(value)s"') % {"value": quoted})
            if isinstance(value, str) and "whole number" in said and value.isascii() and value.isdigit():
                detail = _("This must be a plain number, not text.")
                return _at(
                    source, place, "not_an_integer", detail, _("write %(value)s without quotes") % {"value": value[:30]}
                )
            code, detail = "wrong_type", _("%(value)s is not %(said)s.") % {"value": shown(value), "said": said}
        case "enum" | "const":
            near = difflib.get_close_matches(str(value), [str(one) for one in schema.get("enum", ())], 1)
            mend = _("did you mean %(near)s?") % {"near": near[0]} if near else _must_be(schema)
            return _at(source, place, "not_a_choice", _("%(value)s is not known here.") % {"value": shown(value)}, mend)
        case "minimum" | "maximum":
            code, detail = "out_of_range", _("%(value)s is out of range.") % {"value": shown(value)}
        case "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties":
            code, detail = _size(error, value)
            if code in ("too_many", "too_few"):
                return _at(source, place, code, detail, _fewer(place, error.validator_value, code))
        case "pattern":
            code, detail = "wrong_form", _("%(value)s is not %(said)s.") % {"value": shown(value), "said": said}
        case _:
            code, detail = "wrong", _("%(value)s cannot stand here.") % {"value": shown(value)}
    return _at(source, place, code, detail, _must_be(schema))


def _quoted(source: Source, place: str, value: Any, schema: Mapping[str, Any]) -> str:
    """A number as it was written, where it would be right as a text; else nothing."""
    is_text = schema.get("type") == "string" or str(schema.get("description")).startswith("a text,")
    if isinstance(value, bool) or not isinstance(value, int | float) or not is_text:
        return ""
    text = source.written.get(place, str(value))
    return text if re.search(schema.get("pattern", ""), text) else ""


def _size(error: Any, value: Any) -> tuple[str, str]:
    limit = error.validator_value
    if not value:
        return "empty", _("This is empty.")
    if error.validator.startswith("min"):
        return "too_few", _("This needs at least %(limit)d.") % {"limit": limit}
    if error.validator == "maxLength":
        return "too_long", _("This is longer than %(limit)d characters.") % {"limit": limit}
    return "too_many", _("There are %(count)d here; %(limit)d are the limit.") % {"count": len(value), "limit": limit}


def _fewer(place: str, limit: int, code: str) -> str:
    if code == "too_few":
        return _("give at least %(limit)d") % {"limit": limit}
    if place.endswith("rules"):
        return _("keep %(limit)d: take out what has ended, and join rules that give the same") % {"limit": limit}
    return _("keep at most %(limit)d") % {"limit": limit}


def _must_be(schema: Mapping[str, Any]) -> str:
    said = schema.get("description")
    return _("give %(said)s") % {"said": said} if said else ""


def _meant(key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key, known, 1, 0.7)
    if near:
        return _("did you mean %(near)s?") % {"near": near[0]}
    return _("take it out; known here: %(known)s") % {"known": ", ".join(known)}


def shown(value: Any) -> str:
    """A value in a message: short."""
    if value is None:
        return _("null (nothing)")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return _("a mapping")
    if isinstance(value, list):
        return _("a list")
    text = str(value)
    return f"“{text}”" if len(text) <= 60 else f"“{text[:59]}…”"


def _join(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key


def _at(source: Source, place: str, code: str, detail: str, mend: str) -> Problem:
    return Problem(ERROR, *source.spot(place), place, code, detail, mend)


def _at_key(source: Source, place: str, key: str, code: str, detail: str, mend: str) -> Problem:
    where = _join(place, key)
    return Problem(ERROR, *source.spot(where, key=True), where, code, detail, mend)
