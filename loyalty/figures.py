"""Large numbers in short, for summaries and axes: 48.2M, 4,820万 (UI.md §7)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from django.utils.translation import get_language

LARGE = 1_000_000
_NEARLY = Fraction(99_995, 100_000)
_ENGLISH = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "k"))
_JAPANESE = ((10**12, "兆"), (10**8, "億"), (10**4, "万"))


def compact(value: int | Fraction, *, start: int = LARGE) -> str:
    """`value` in words short enough for a narrow column; below `start` in full, as a whole number."""
    size = abs(Fraction(value))
    sign = "\u2212" if value < 0 else ""
    if size < start:
        return f"{sign}{round(size):,}"
    for unit, name in _units():
        if size >= unit * _NEARLY:  # 999.9B is 1T
            return f"{sign}{_three(size / unit)}{name}"
    return f"{sign}{round(size):,}"


def _units() -> Sequence[tuple[int, str]]:
    return _JAPANESE if (get_language() or "en").startswith("ja") else _ENGLISH


def _three(value: Fraction) -> str:
    """Three digits that say something: 1.23, 48.2, 4,820."""
    places = 2 if value < 10 else 1 if value < 100 else 0
    text = f"{float(value):,.{places}f}"
    return text.rstrip("0").rstrip(".") if places else text
