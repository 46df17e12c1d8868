"""The member's number as a barcode and as a QR code, drawn as SVG paths (no style attribute, no script)."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import segno

# ISO/IEC 15417, table 1: the widths of bars and gaps of each value.
_PATTERNS = tuple(
    """
    212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231
    113222 123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211
    212123 212321 232121 111323 131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131
    113123 113321 133121 313121 211331 231131 213113 213311 213131 311123 311321 331121 312113 312311 332111
    314111 221411 431111 111224 111422 121124 121421 141122 141221 112214 112412 122114 122411 142112 142211
    241211 221114 413111 241112 134111 111242 121142 121241 114212 124112 124211 411212 421112 421211 212141
    214121 412121 111143 111341 131141 114113 114311 411113 411311 113141 114131 311141 411131 211412 211214
    211232
    """.split()  # noqa: SIM905
)
_STOP = "2331112"
_START_B, _START_C, _CODE_B = 104, 105, 100


@dataclass(frozen=True)
class Drawing:
    """A path and the size of its square grid; one unit is one module."""

    width: int
    height: int
    path: str


def code128_values(text: str) -> list[int]:
    """Symbol values with start and check character: pairs of digits in set C, the rest in set B.

    Raises ValueError for a character outside printable ASCII.
    """
    if not text or not all(" " <= character <= "~" for character in text):
        raise ValueError(text)
    if text.isdigit():
        even = len(text) - len(text) % 2
        values = [_START_C, *(int(text[i : i + 2]) for i in range(0, even, 2))]
        if even < len(text):
            values += [_CODE_B, ord(text[-1]) - 32]
    else:
        values = [_START_B, *(ord(character) - 32 for character in text)]
    check = (values[0] + sum(place * value for place, value in enumerate(values) if place)) % 103
    return [*values, check]


@functools.lru_cache(maxsize=512)
def barcode(text: str) -> Drawing:
    """Code 128, one unit high; the quiet zone is the page's."""
    widths = "".join(_PATTERNS[value] for value in code128_values(text)) + _STOP
    path, x = [], 0
    for place, width in enumerate(widths):
        if place % 2 == 0:
            path.append(f"M{x} 0h{width}v1h-{width}z")
        x += int(width)
    return Drawing(x, 1, "".join(path))


@functools.lru_cache(maxsize=512)
def qr(text: str) -> Drawing:
    """QR code with error correction M; the quiet zone is the page's."""
    rows = [list(row) for row in segno.make(text, micro=False, error="m", boost_error=False).matrix]
    path = []
    for y, row in enumerate(rows):
        x = 0
        while x < len(row):
            end = x
            while end < len(row) and row[end]:
                end += 1
            if end > x:
                path.append(f"M{x} {y}h{end - x}v1h-{end - x}z")
            x = end + 1
    return Drawing(len(rows), len(rows), "".join(path))
