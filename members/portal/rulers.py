"""The ruler: how far something has come, drawn in percent so that it fits every width."""

from __future__ import annotations

from dataclasses import dataclass

CLOSE = 19.0  # percent of the width below which two labels would touch on a phone


@dataclass(frozen=True)
class Mark:
    """A named place on the ruler."""

    x: str
    label: str
    anchor: str
    now: bool
    end: bool


@dataclass(frozen=True)
class Ruler:
    """Where one is (`x`, percent as text), the marks, and the sentence a screen reader says."""

    x: str
    marks: tuple[Mark, ...]
    say: str


def draw(*, value: int, marks: list[tuple[int, str, bool]], say: str) -> Ruler:
    """A ruler from 0 to the largest mark; `marks` are (place, label, whether it is the reader's own), in order.

    A label that would touch its neighbour is left out, the reader's own and the last never.
    """
    full = max(place for place, _, _ in marks) or 1
    here = min(max(value, 0), full) * 100 / full
    drawn: list[Mark] = []
    kept: list[float] = []
    ordered = sorted(marks, key=lambda mark: (not mark[2], -mark[0]))  # own first, then from the right
    placed = [place * 100 / full for place, _, own in ordered if own or place == full]
    for place, label, own in ordered:
        x = place * 100 / full
        if place == 0 and not own:
            continue
        must = own or place == full
        clear = must or all(abs(x - other) >= CLOSE for other in [*placed, *kept])
        if clear:
            kept.append(x)
        drawn.append(Mark(_percent(x), label if clear else "", _anchor(x), own, place == full))
    return Ruler(_percent(here), tuple(drawn), say)


def _percent(x: float) -> str:
    return f"{x:.1f}".rstrip("0").rstrip(".") + "%"


def _anchor(x: float) -> str:
    if x > 90:
        return "end"
    return "start" if x < 10 else "middle"
