"""Limits that all members share, replayed exactly although members are replayed apart.

A budget is taken from in the order in which sales happened, whoever made them; a chunk knows only its own members.
So the first pass lets every sale have what it wants and notes what each took, with its place in time. If that is more
than a limit, the notes of all chunks are put in order and added up: this gives the *tail* of the limit, what had been
taken before each sale once the end came near. The next pass replays with it. Sales before the tail cannot meet the
limit; each later one is decided with the number it would have found. What the pass took is added up again: if the tail
is the same, every decision was made with the true number, in whichever way rules and limits touch each other. If not
(one limit's end moved what another gave), the pass is repeated with the new tail; each is right for at least one more
sale. After MOST_PASSES the result is given as not exact.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from .sides import Limit

MOST_PASSES = 6
Place = tuple[int, bytes]  # when a sale happened in µs since 1970, then its id


class Taken(msgspec.Struct, array_like=True, frozen=True, order=True):
    """What one sale took from a shared limit."""

    at: int  # µs since 1970
    sale: bytes
    points: int


Series = dict[str, list[Taken]]  # by key of the limit


class Tail(msgspec.Struct, array_like=True, frozen=True):
    """What had been taken from a limit, after each sale from the first that could have met it."""

    places: list[tuple[int, bytes]]
    totals: list[int]
    largest: int  # the most that one sale took

    def before(self, place: Place) -> int:
        """What had been taken before the sale at `place`; 0 for sales before the tail, whom the limit cannot meet."""
        found = bisect_left(self.places, place)
        return self.totals[found - 1] if found else 0


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Series]).decode
_json_encode = msgspec.json.Encoder().encode


def packed(series: Sequence[Series], limits: Sequence[Mapping[str, Limit]]) -> bytes | None:
    """The notes of a chunk as bytes, by side; None where nothing was taken.

    In order of time, and no more than fill the limit three times: what comes later meets its end in any case.
    """
    kept: list[Series] = []
    for side, known in zip(series, limits, strict=True):
        cut: Series = {}
        for key, found in side.items():
            found.sort()
            cut[key] = _first(found, 3 * known[key].points)
        kept.append(cut)
    return _encode(kept) if any(kept) else None


def _first(found: list[Taken], points: int) -> list[Taken]:
    total = 0
    for count, one in enumerate(found, start=1):
        total += one.points
        if total > points:
            return found[:count]
    return found


def unpacked(data: bytes | memoryview | None) -> list[Series]:
    """The notes as they were kept."""
    return _decode(bytes(data)) if data else [{}, {}]


def merged(parts: Iterable[Series]) -> Series:
    """The notes of all chunks in order of time."""
    whole: Series = {}
    for part in parts:
        for key, found in part.items():
            whole.setdefault(key, []).extend(found)
    for found in whole.values():
        found.sort()
    return whole


def tail(series: Sequence[Taken], limit: Limit, *, known: Tail | None) -> Tail | None:
    """The tail of a limit; None where it is not reached.

    `known` is the tail that the series was replayed with; without it the series is what every sale wanted.
    """
    if known is None and sum(one.points for one in series) <= limit.points:
        return None
    largest = max([one.points for one in series] + ([known.largest] if known else []))
    margin = limit.points - 2 * largest
    total, places, totals = 0, [], []
    for one in series:
        given = one.points
        if known is None and total + given > limit.points:
            given = 0 if limit.whole else limit.points - total
        total += given
        if given and total > margin:
            places.append((one.at, one.sale))
            totals.append(total)
    return Tail(places, totals, largest)


@dataclass(frozen=True)
class Ran:
    """How far a limit was used."""

    taken: int
    out_at: int | None  # µs since 1970: the sale that took the last of it, or the first that found too little


def use(series: Sequence[Taken], limit: Limit, refused_at: int | None) -> Ran:
    """How far a settled limit was used; `refused_at` is when a sale first got less than it should have."""
    total, filled_at = 0, None
    for one in series:
        total += one.points
        if total >= limit.points:
            filled_at = one.at
            break
    total = sum(one.points for one in series) if filled_at is None else limit.points
    moments = [at for at in (filled_at, refused_at) if at is not None]
    return Ran(total, min(moments, default=None))
