"""Checking a programme file: its text, its form, then its meaning. Every problem has a place and a mend."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from . import hidden, meaning, shape
from .problems import Problem, ProgrammeRefused, in_order
from .reading import MOST_PROBLEMS, Source, read


def check(text: str) -> list[Problem]:
    """Everything wrong with, or doubtful in, a programme's text, by its place in it. Never raises."""
    try:
        source = read(text)
    except ProgrammeRefused as refused:
        return in_order(refused.problems)
    return check_source(source)


def check_document(document: Mapping[str, Any]) -> list[Problem]:
    """The same of a document that has no text, such as a draft: places without lines."""
    return check_source(Source(dict(document)))


def check_source(source: Source) -> list[Problem]:
    """The same of what was read."""
    if unseen := list(islice(hidden.problems(source), MOST_PROBLEMS)):
        return in_order(unseen)
    wrong_form = shape.problems(source)
    if not wrong_form:
        return in_order(meaning.problems(source))
    many = len(wrong_form) >= MOST_PROBLEMS or any(one.code == "too_many" for one in wrong_form)
    rest = None if many else shape.sound_parts(source, wrong_form)
    found = meaning.contradictions(rest, [one.place for one in wrong_form]) if rest is not None else []
    return in_order([*wrong_form, *found])
