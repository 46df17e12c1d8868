"""The meaning of a document of the right form: what contradicts itself, or what is stored."""

from __future__ import annotations

from rewards import rules
from rewards.programme_file.problems import Problem
from rewards.programme_file.reading import Source


def problems(source: Source) -> list[Problem]:
    """Everything that is wrong or doubtful."""
    return [
        Problem(one.severity, *source.spot(one.place), one.place, one.code, one.detail, one.mend)
        for one in rules.problems(source.document)
    ]
