"""The register of checks, and running them in one snapshot."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection, transaction

from loyalty import clock


@dataclass(frozen=True)
class Problem:
    """One row for which an invariant does not hold."""

    invariant: str
    row: str  # table and key, so that a person finds it
    detail: str


Check = Callable[[], Iterator[Problem]]
_checks: list[tuple[str, Check]] = []
SHOWN = 20  # problems named per check; the count tells of the rest


@dataclass
class Report:
    """What a run of all checks found."""

    as_of: datetime
    seconds: float = 0.0
    checked: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def balanced(self) -> bool:
        """Whether every invariant held."""
        return not self.problems


def check_for(invariant: str) -> Callable[[Check], Check]:
    """Register a check of one invariant of DESIGN §4. It yields a Problem for each row that breaks it."""

    def register(function: Check) -> Check:
        if (invariant, function) not in _checks:
            _checks.append((invariant, function))
        return function

    return register


def rows_of(sql: str) -> Iterator[tuple[str, str]]:
    """(row, detail) of a query that finds what is wrong; its two columns are text."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM ({sql}) AS wrong LIMIT {SHOWN}")
        yield from cursor.fetchall()


def check() -> Report:
    """Run every check in one read-only snapshot, so that sales going on meanwhile do not disturb it."""
    started = time.monotonic()
    report = Report(as_of=clock.now())
    with transaction.atomic():
        if not connection.savepoint_ids:  # inside another transaction its snapshot serves
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        for invariant, function in sorted(_checks, key=lambda one: int(one[0][1:])):
            report.checked.append(invariant)
            report.problems.extend(function())
    report.seconds = time.monotonic() - started
    return report
