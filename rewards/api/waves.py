"""Items of a batch that can be written together: one transaction and one statement for many sales.

As each would be alone, only faster: a wave holds no member twice, and where anything at all is refused in it, it is
rolled back and its items go one by one. So a reader cannot tell which way an item went.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from django.db import IntegrityError, OperationalError, transaction

from loyalty import policies, rows
from loyalty.api import idempotency
from loyalty.api.idempotency import Answer, Attempt
from loyalty.errors import Refusal
from members import locks
from rewards.programme import ruleset

T = TypeVar("T")


class _TwiceError(Exception):
    """Two items name one member in two ways: the second must see what the first did."""


AT_ONCE = 50  # members locked at the same time, for about a tenth of a second
Work = Callable[[locks.Locked | None], Answer]


def cut(items: Sequence[T], who: Callable[[T], object]) -> Iterator[list[T]]:
    """Stretches of the same order in which nobody appears twice; `who` is None where nobody does."""
    wave: list[T] = []
    seen: set[object] = set()
    for item in items:
        name = who(item)
        if len(wave) == AT_ONCE or (name is not None and name in seen):
            yield wave
            wave, seen = [], set()
        wave.append(item)
        seen.add(name)
    if wave:
        yield wave


def possible() -> bool:
    """Whether sales may share a transaction: not where they share a budget, which each would hold for the others."""
    return not ruleset(policies.current()).shared


def together(wave: Sequence[tuple[Attempt, dict[str, Any] | None, Work]]) -> list[Answer] | None:
    """The answers of a wave of (attempt, how its member is named, work), or None where its items must go one by one.

    Attempts are of one client and all different.
    """
    try:
        with transaction.atomic():
            stored = idempotency.enter_all([attempt for attempt, _, _ in wave])
            if stored is None:
                return None
            waiting = [item for item, answer in zip(wave, stored, strict=True) if answer is None]
            done = iter(_done(waiting))
            return [answer or next(done) for answer in stored]
    except (Refusal, IntegrityError, OperationalError, _TwiceError):
        return None


def _done(wave: Sequence[tuple[Attempt, dict[str, Any] | None, Work]]) -> list[Answer]:
    named = [member for _, member, _ in wave if member is not None]
    found = locks.lock_all(named) if named else []
    if len({locked.member.pk for locked in found}) < len(found):
        raise _TwiceError
    in_turn, answers = iter(found), []
    with rows.together():
        for attempt, member, work in wave:
            answer = work(next(in_turn) if member is not None else None)
            idempotency.keep(attempt, answer)
            answers.append(answer)
    return answers
