"""From a basket to points: one pure function, in the stages of CONTRACT Meaning 1 to 5.

Base rules → multipliers → bonuses → a rule that stands alone → caps. Groups are settled inside each of the
first three stages, on the points each of their rules would give there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from . import basis as bases
from .basket import Basket, Facts, Granted, Line, Occurrence
from .conditions import Case
from .decision import Decision, Given, Grant
from .numbers import rounded, shared_out
from .ruleset import Multiplier, Rule, Ruleset, Shares

NEVER_GRANTED = Granted()
LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Round:
    """One run of the stages, with what each needs from the ones before."""

    def __init__(self, basket: Basket, facts: Facts, ruleset: Ruleset) -> None:
        self.ruleset = ruleset
        self.facts = facts
        self.case = Case(basket, facts, ruleset.zone)
        self.basis = bases.of(basket, ruleset.earning)
        self.not_applied: list[dict[str, str]] = []
        self.caps: list[dict[str, object]] = []

    # Which rules answer at all

    def lines_for(self, rule: Rule) -> list[int]:
        """The lines the rule counts; none, with the reason noted, where it does not apply."""
        at = self.case.basket.occurred_at
        if rule.starts_at is not None and at < rule.starts_at:
            return self.refuse(rule, "not_started", rule.starts_at.isoformat(), at.isoformat())
        if rule.ends_at is not None and at >= rule.ends_at:
            return self.refuse(rule, "ended", rule.ends_at.isoformat(), at.isoformat())
        if rule.when is not None and (failure := rule.when.failure(self.case)):
            return self.refuse(rule, failure.why, failure.wanted, failure.was)
        return rule.chosen(self.basis) or self.refuse(rule, "no_line")

    def refuse(self, rule: Rule, why: str, wanted: str = "", was: str = "") -> list[int]:
        """Note why a rule did not apply; it counts no line."""
        row = {"rule": rule.code, "why": why}
        if wanted or was:
            row |= {"wanted": wanted, "was": was}
        self.not_applied.append(row)
        return []

    def lose(self, given: Given, why: str, winner: Given) -> None:
        """Note that a rule gave way to another."""
        self.not_applied.append({"rule": given.rule.code, "why": why, "by": winner.rule.code})

    # Stages

    def give(self, rules: Sequence[Rule]) -> list[Given]:
        """What base rules or bonuses give, each rounded once for the whole sale."""
        given = []
        for rule in rules:
            at = self.lines_for(rule)
            if at:
                carried = self.facts.carried_minor.get(rule.code, 0)
                given.append(self.round_off(rule, at, rule.shares(self.basis, at, carried)))
        return self.settle_groups(given)

    def round_off(self, rule: Rule, at: list[int], shares: Shares) -> Given:
        """Round once, then share out to the lines."""
        numerators, denominator = shares
        exact = sum(numerators)
        parts = shared_out(rounded(exact, denominator, rule.rounding), numerators, denominator)
        if len(at) == len(self.basis.lines):
            return Given(rule, parts, (exact, denominator))
        points = [0] * len(self.basis.lines)
        for i, part in zip(at, parts, strict=True):
            points[i] = part
        return Given(rule, points, (exact, denominator))

    def settle_groups(self, given: list[Given]) -> list[Given]:
        """Of the rules of one group only one counts."""
        names = {g.rule.group for g in given if g.rule.group and g.total}
        for name in names:
            rivals = [g for g in given if g.rule.group == name]
            if len(rivals) > 1:
                winner = self.pick(rivals, self.ruleset.groups.get(name or "", "best"))
                for loser in rivals:
                    if loser is not winner:
                        given.remove(loser)
                        self.lose(loser, "group", winner)
        return given

    @staticmethod
    def pick(rivals: list[Given], how: str) -> Given:
        """The one that counts: most points, newest, or highest priority; then priority, then code."""
        earning = [g for g in rivals if g.total]
        if how == "newest":
            return max(earning, key=lambda g: (g.rule.starts_at or LONG_AGO, g.rule.version))
        if how == "priority":
            return earning[0]
        return max(earning, key=lambda g: g.total)  # the first among equals: they come in order

    def multiply(self, base: list[Given]) -> list[Given]:
        """What multipliers add to the points of their bases on their lines."""
        wanted: list[tuple[Multiplier, list[int]]] = []
        for rule in self.ruleset.multipliers:
            at = self.lines_for(rule)
            if not at:
                continue
            if any(g.points[i] for g in base if rule.of is None or g.rule.code in rule.of for i in at):
                wanted.append((rule, at))
            else:
                self.refuse(rule, "no_base_points")
        if len(wanted) == 1:
            return [self.multiplied(*wanted[0], base, {})]
        alone = self.settle_groups([self.multiplied(rule, at, base, {}) for rule, at in wanted])
        kept = {g.rule.code for g in alone}
        return self.combine([(rule, at) for rule, at in wanted if rule.code in kept], base)

    def combine(self, wanted: list[tuple[Multiplier, list[int]]], base: list[Given]) -> list[Given]:
        """Several multipliers on the same points, by `settings.earning.multipliers`."""
        how = self.ruleset.earning.multipliers
        if how == "add":
            return [self.multiplied(rule, at, base, {}) for rule, at in wanted]
        cells: dict[tuple[str, int], int] = {}  # points by base rule and line, where they differ from the base's
        if how == "multiply":
            return [self.multiplied(rule, at, base, cells, grow=True) for rule, at in wanted]
        given = {}
        for rule, at in sorted(wanted, key=lambda w: -w[0].factor):
            given[rule.code] = self.multiplied(rule, at, base, cells)
            for g in base:
                if rule.of is None or g.rule.code in rule.of:
                    cells.update({(g.rule.code, i): 0 for i in at})  # taken: a lower one gives nothing here
        kept = []
        for rule, _ in wanted:
            if given[rule.code].exact[0]:
                kept.append(given[rule.code])
            else:
                self.refuse(rule, "higher_factor")
        return kept

    def multiplied(
        self,
        rule: Multiplier,
        at: list[int],
        base: list[Given],
        cells: dict[tuple[str, int], int],
        *,
        grow: bool = False,
    ) -> Given:
        """(factor − 1) × points of the bases on the lines; with `grow` the next one sees what was added."""
        more = rule.factor_numerator - rule.factor_denominator
        of = [g for g in base if rule.of is None or g.rule.code in rule.of]
        points = [[cells.get((g.rule.code, i), g.points[i]) for g in of] for i in at]
        given = self.round_off(rule, at, Shares([sum(row) * more for row in points], rule.factor_denominator))
        if grow:
            for i, row in zip(at, points, strict=True):
                whole = sum(row)
                if whole:
                    parts = shared_out(given.points[i], [given.points[i] * part for part in row], whole)
                    for g, before, part in zip(of, row, parts, strict=True):
                        cells[g.rule.code, i] = before + part
        return given

    def stand_alone(self, given: list[Given]) -> list[Given]:
        """If a rule that does not stack earns, the one of the highest priority counts, and nothing else."""
        loners = [g for g in given if not g.rule.stackable and g.total > 0]
        if not loners:
            return given
        winner = min(loners, key=lambda g: (-g.rule.priority, g.rule.code))
        for loser in given:
            if loser is not winner:
                self.lose(loser, "not_stackable", winner)
        return [winner]

    def cut(self, given: list[Given]) -> None:
        """Caps of each rule; the last line loses first (Meaning 4)."""
        for g in reversed(given):
            caps = g.rule.caps
            if not caps:
                continue
            so_far = self.facts.granted.get(g.rule.code, NEVER_GRANTED)
            limits = (
                ("per_sale", caps.per_sale, 0),
                ("per_day", caps.per_day, so_far.today),
                ("per_member", caps.per_member, so_far.member),
                ("total", caps.total, so_far.total),
            )
            for name, limit, used in limits:
                if limit is not None and (over := g.total - max(limit - used, 0)) > 0:
                    self.caps.append({"rule": g.rule.code, "cap": name, "limit": limit, "cut": over})
                    take_off(g.points, over)

    # Results

    def lots(self, given: list[Given]) -> list[Grant]:
        """One lot for each pair of dates that rules give, soonest available first."""
        rules, zone = self.ruleset, self.ruleset.zone
        sums: dict[tuple[datetime, datetime | None], int] = {}
        for g in given:
            start = (g.rule.pending or rules.pending).available_at(self.case.basket.occurred_at, zone)
            dates = start, (g.rule.expiry or rules.expiry).expires_at(start, zone)
            sums[dates] = sums.get(dates, 0) + g.total
        grants = [Grant(points, *dates) for dates, points in sums.items() if points > 0]
        if len(grants) > 1:
            grants.sort(key=lambda g: (g.available_at, g.expires_at is None, g.expires_at or g.available_at))
        return grants

    def carried(self, given: list[Given]) -> dict[str, int]:
        """The money below one step that each carrying rule keeps after this sale."""
        carried = dict(self.facts.carried_minor)
        for g in given:
            at = g.rule.chosen(self.basis)
            before = carried.get(g.rule.code, 0)
            after = g.rule.left_over(self.basis, at, before)
            if after or before:
                carried[g.rule.code] = after
        return carried


def leave_nothing_below_zero(given: list[Given]) -> None:
    """Multipliers below 1 take no more from a line than is left there after caps; the last one gives in first."""
    for g in reversed(given):
        for i, points in enumerate(g.points):
            if points < 0 and (below := sum(other.points[i] for other in given)) < 0:
                g.points[i] -= max(points, below)


def take_off(points: list[int], over: int) -> None:
    """Take `over` points off, the last line first."""
    for i in reversed(range(len(points))):
        part = min(max(points[i], 0), over)
        points[i] -= part
        over -= part


def decide(basket: Basket, facts: Facts | None, ruleset: Ruleset) -> Decision:
    """What `basket` earns under `ruleset`, and why. Without `facts` there is no member: nothing is earned."""
    run = Round(basket, facts or Facts(), ruleset)
    if facts is None:
        for rule in ruleset.rules:
            run.refuse(rule, "no_member")
        return _decision(run, [])
    base = run.give(ruleset.bases)
    given = base + (run.multiply(base) if ruleset.multipliers else [])
    if ruleset.bonuses:
        given += run.give(ruleset.bonuses)
    given = run.stand_alone(given)
    run.cut(given)
    leave_nothing_below_zero(given)
    decision = _decision(run, given)
    decision.tier_used = facts.tier
    decision.lots = run.lots(given)
    decision.carried_minor = run.carried(given) if ruleset.earning.remainder == "carry" else {}
    if "member.birthday_month" in ruleset.needs:
        decision.facts["birthday_month"] = bool(facts.birthday_month)
    return decision


def answer(occurrence: Occurrence, facts: Facts | None, ruleset: Ruleset) -> Decision:
    """What something else than a sale earns: the rules with its trigger, and no others."""
    nothing = Line(1, 0)
    basket = Basket(
        lines=(nothing,),
        occurred_at=occurrence.occurred_at,
        currency=ruleset.currency,
        store=occurrence.store,
        store_group=occurrence.store_group,
        channel=occurrence.channel,
    )
    run = Round(basket, facts or Facts(), ruleset)
    rules = ruleset.triggered.get(occurrence.trigger, ())
    given = run.stand_alone(run.give(rules)) if facts is not None else []
    run.cut(given)
    decision = _decision(run, given)
    decision.trigger = occurrence.trigger
    decision.lots = run.lots(given)
    return decision


def _decision(run: Round, given: list[Given]) -> Decision:
    return Decision(
        programme_version=run.ruleset.version,
        currency=run.ruleset.currency,
        zone=run.ruleset.zone,
        basis=run.basis,
        given=given,
        not_applied=run.not_applied,
        caps=run.caps,
    )
