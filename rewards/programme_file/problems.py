"""What is wrong with a programme file, and where."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from loyalty.errors import FieldError, Refusal

ERROR, WARNING = "error", "warning"


@dataclass(frozen=True)
class Problem:
    """One thing to mend. `line` and `column` count from 1; 0 where a document has no text."""

    severity: str  # error or warning
    line: int
    column: int
    place: str  # "rules[2].per"; "" is the whole file
    code: str
    detail: str
    mend: str = ""

    def body(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    def sentence(self, name: str = "") -> str:
        """`FILE:line:column: place: what is wrong; what to do`, as compilers say it."""
        spot = f"{name}:{self.line}:{self.column}: " if self.line else f"{name}: " if name else ""
        mend = f"; {self.mend[:1].lower()}{self.mend[1:].rstrip('。.')}" if self.mend else ""
        detail = self.detail.rstrip("。.") if mend else self.detail
        word = "" if self.severity == ERROR else f"{self.severity}: "
        return f"{spot}{word}{self.place or '(file)'}: {detail}{mend}"


class ProgrammeRefused(Refusal):
    """The programme cannot be used; nothing was changed. `problems` are all that were found."""

    status, code, title = 422, "programme_refused", "The programme cannot be used"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        wrong = errors(self.problems)
        first = wrong[0].sentence() if wrong else ""
        super().__init__(first, errors=tuple(FieldError(p.place, p.code, p.detail) for p in wrong[:20]))


def errors(problems: Iterable[Problem]) -> list[Problem]:
    """Those that forbid to apply."""
    return [problem for problem in problems if problem.severity == ERROR]


def in_order(problems: Sequence[Problem]) -> list[Problem]:
    """By where they stand in the file, each once."""
    return sorted(dict.fromkeys(problems), key=lambda p: (p.line, p.column, p.severity, p.place, p.code))
