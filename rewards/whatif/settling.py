"""After a pass: did every shared limit behave as it was replayed, or is another pass needed (rewards.whatif.limits)?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from rewards.models import WhatIf

from . import limits
from .limits import Ran, Tail
from .sides import Side

Tails = list[dict[str, Tail]]  # by side


@dataclass
class Found:
    """What a pass showed. `uses` by side and key; `kept` is for the run's row."""

    again: bool = False
    exact: bool = True
    kept: dict[str, Any] = field(default_factory=dict)
    untouched: list[int] = field(default_factory=list)  # numbers of chunks that need no further pass
    uses: list[dict[str, Ran]] = field(default_factory=lambda: [{}, {}])


def tails(run: WhatIf) -> Tails:
    """What the passes so far found about limits."""
    known = run.limits.get("tails", [{}, {}])
    return [{key: msgspec.convert(one, Tail) for key, one in side.items()} for side in known]


def settle(
    run: WhatIf,
    sides: Sequence[Side],
    parts: Mapping[int, Mapping[str, Any]],
    series: Callable[[], Iterable[Any]],
) -> Found:
    """Look at what every chunk took from shared limits; `series` reads the notes, if there is need."""
    found = Found()
    if not any(side.limits for side in sides):
        return found
    before = tails(run)
    notes: list[list[limits.Series]] = [[], []]
    for packed in series():
        for kept, one in zip(notes, limits.unpacked(packed), strict=True):
            kept.append(one)
    after: Tails = [{}, {}]
    for number, side in enumerate(sides):
        merged = limits.merged(notes[number])
        for key, limit in side.limits.items():
            taken = merged.get(key, [])
            tail = limits.tail(taken, limit, known=before[number].get(key))
            if tail is not None:
                after[number][key] = tail
            refused = [at for part in parts.values() if (at := part["refused_at"][number].get(key)) is not None]
            found.uses[number][key] = limits.use(taken, limit, min(refused, default=None))
    settled = after == before
    found.again = not settled and run.pass_number < limits.MOST_PASSES
    found.exact = settled
    found.kept = {"tails": msgspec.to_builtins(after)} if found.again else {}
    if found.again:
        found.untouched = [number for number, part in parts.items() if not _touched(part, after, before)]
    return found


def _touched(part: Mapping[str, Any], after: Tails, before: Tails) -> bool:
    """Whether a sale of the chunk may meet the end of a limit."""
    for last, new, old in zip(part["last"], after, before, strict=True):
        for key, tail in new.items():
            if tail == old.get(key):
                continue
            at = last.get(key)
            if at is not None and (not tail.places or at >= tail.places[0][0]):
                return True
    return False
