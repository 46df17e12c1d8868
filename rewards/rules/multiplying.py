"""What multipliers add to the points of their bases (CONTRACT Meaning 2)."""

from __future__ import annotations

from collections.abc import Sequence

from .conditions import Failure
from .contests import settled
from .given import Given, Refused, round_off
from .kinds import Multiplier, Shares
from .numbers import shared_out
from .ruleset import Ruleset

NO_POINTS = Failure("no_base_points")
Wanted = list[tuple[Multiplier, list[int]]]  # multipliers with the lines they count, in order
Cells = dict[tuple[str, int], int]  # points by base rule and line, where they differ from what the base gave


def multiplied(wanted: Wanted, base: Sequence[Given], ruleset: Ruleset, refused: list[Refused]) -> list[Given]:
    """What each multiplier adds; those without points to multiply, and losers, are noted in `refused`."""
    if not base:
        refused.extend(Refused(rule, NO_POINTS) for rule, _ in wanted)
        return []
    points = base[0].points if len(base) == 1 else _by_line(base)
    codes = {g.rule.code for g in base}
    having: list[tuple[Multiplier, list[int], list[int]]] = []  # with the points of their bases by line
    every = True  # whether all multiply all bases, so that these need not be told apart
    for rule, at in wanted:
        mine = points
        if rule.of is not None and not codes <= rule.of:
            every = False
            mine = _by_line([g for g in base if g.rule.code in rule.of]) or [0] * len(points)
        if any(mine[i] for i in at):
            having.append((rule, at, mine))
        else:
            refused.append(Refused(rule, NO_POINTS))
    how = ruleset.earning.multipliers
    if len(having) > 1 and any(rule.group for rule, _, _ in having):
        each = settled([_times(*one) for one in having], ruleset.groups, refused)
        kept = {g.rule.code for g in each}
        having = [one for one in having if one[0].code in kept]
    if len(having) <= 1 or how == "add":
        return [_times(*one) for one in having]
    remaining = [(rule, at) for rule, at, _ in having]
    if how == "highest":
        return _highest(remaining, base, refused)
    if every:
        return _in_turn(remaining, points)
    cells: Cells = {}
    return [_added(rule, at, base, cells, grow=True) for rule, at in remaining]


def _by_line(base: Sequence[Given]) -> list[int]:
    return [sum(line) for line in zip(*[g.points for g in base], strict=True)]


def _times(rule: Multiplier, at: list[int], points: list[int]) -> Given:
    """(factor − 1) × the points of each line, rounded once."""
    more = rule.factor_numerator - rule.factor_denominator
    return round_off(rule, at, Shares([points[i] * more for i in at], rule.factor_denominator), len(points))


def _in_turn(wanted: Wanted, points: list[int]) -> list[Given]:
    """Each multiplies all bases, and what the ones before added: `points` of each line."""
    given = []
    for rule, at in wanted:
        added = _times(rule, at, points)
        points = [before + part for before, part in zip(points, added.points, strict=True)]
        given.append(added)
    return given


def _highest(wanted: Wanted, base: Sequence[Given], refused: list[Refused]) -> list[Given]:
    """On each line of each base only the highest factor counts."""
    cells: Cells = {}
    given = {}
    for rule, at in sorted(wanted, key=lambda w: -w[0].factor):
        given[rule.code] = _added(rule, at, base, cells)
        for g in base:
            if rule.of is None or g.rule.code in rule.of:
                cells.update({(g.rule.code, i): 0 for i in at})  # taken: a lower one gives nothing here
    kept = []
    for rule, _ in wanted:
        if given[rule.code].exact[0]:
            kept.append(given[rule.code])
        else:
            refused.append(Refused(rule, Failure("higher_factor")))
    return kept


def _added(rule: Multiplier, at: list[int], base: Sequence[Given], cells: Cells, *, grow: bool = False) -> Given:
    """(factor − 1) × points of the bases on the lines; with `grow` the next one sees what was added."""
    more = rule.factor_numerator - rule.factor_denominator
    of = [g for g in base if rule.of is None or g.rule.code in rule.of]
    width = len(base[0].points)
    points = [[cells.get((g.rule.code, i), g.points[i]) for g in of] for i in at]
    given = round_off(rule, at, Shares([sum(row) * more for row in points], rule.factor_denominator), width)
    if grow:
        for i, row in zip(at, points, strict=True):
            whole = sum(row)
            if whole:
                parts = shared_out(given.points[i], [given.points[i] * part for part in row], whole)
                for g, before, part in zip(of, row, parts, strict=True):
                    cells[g.rule.code, i] = before + part
    return given
