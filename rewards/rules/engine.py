"""From a basket to points: one pure function, in the stages of CONTRACT Meaning 1 to 5.

Base rules → multipliers → bonuses → a rule that stands alone → caps → budgets. Groups are settled inside each of
the first three stages, on the points each of their rules would give there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from loyalty import money

from . import basis as bases
from . import limits, numbers
from .basket import Basket, Facts, Line, Occurrence
from .case import Case
from .conditions import Failure
from .contests import alone, settled
from .decision import Decision, Grant
from .given import Given, Refused, round_off
from .kinds import BASE, BONUS, MOST_CARDS, NO_PROGRESS, Multiplier, Rule, Stamps
from .lots import Expiry, Pending
from .multiplying import multiplied
from .ruleset import Ruleset

NOBODY = Facts()
ONE_UNIT = Line(1, 0)
NO_DATA: Mapping[str, object] = {}
Stages = tuple[Sequence[Rule], Sequence[Multiplier], Sequence[Rule]]  # bases, multipliers, bonuses
IN_FORCE = Failure("")
NO_LINE = Failure("no_line")
NO_MEMBER = Failure("no_member")
SPENT = Failure("limit")
MOST_TRIES = 20  # multipliers that step aside in one sale
CONTESTS = frozenset({"group", "not_stackable", "higher_factor"})


class Round:
    """One run of the stages, with what each needs from the ones before."""

    def __init__(
        self,
        basket: Basket,
        facts: Facts,
        ruleset: Ruleset,
        data: Mapping[str, object] = NO_DATA,
        spent: frozenset[str] = frozenset(),
    ) -> None:
        self.ruleset = ruleset
        self.spent = spent  # codes of rules that limits leave nothing of
        self.facts = facts
        self.basis = bases.of(basket, ruleset.earning)
        self.case = Case(basket, facts, ruleset.zone, self.basis, ruleset.asked_segments, data)
        self.refused: list[Refused] = []
        self.chosen: dict[str, list[int]] = {}  # lines of each rule that applied
        self._campaigns: dict[str, Failure] = {}

    def without(self, codes: set[str]) -> Round:
        """The same once more, where these rules do not count."""
        case = self.case
        return Round(case.basket, self.facts, self.ruleset, case.data, self.spent | codes)

    # Which rules answer at all

    def lines_for(self, rule: Rule) -> list[int]:
        """The lines the rule counts; none, with the reason noted, where it does not apply."""
        failure = self._failure(rule) if rule.guarded else None
        if rule.code in self.spent:
            failure = SPENT
        if failure is None:
            at = rule.chosen(self.basis) if rule.selective else self.basis.counting
            if not at:
                failure = NO_LINE
            elif rule.least_minor is not None or rule.least_milli is not None:
                failure = self._too_little(rule, at)
        if failure is not None:
            self.refused.append(Refused(rule, failure))
            return []
        self.chosen[rule.code] = at
        return at

    def _failure(self, rule: Rule) -> Failure | None:
        if rule.campaign and (failure := self._campaign_failure(rule.campaign)) is not IN_FORCE:
            return failure
        case, at = self.case, self.case.basket.occurred_at
        if rule.starts_at is not None and at < rule.starts_at:
            return Failure("not_started", case.told(rule.starts_at), case.told(at))
        if rule.ends_at is not None and at >= rule.ends_at:
            return Failure("ended", case.told(rule.ends_at), case.told(at))
        return None if rule.when is None else rule.when.failure(case)

    def _campaign_failure(self, code: str) -> Failure:
        failure = self._campaigns.get(code)
        if failure is None:
            campaign = self.ruleset.campaigns[code]
            so_far = self.facts.granted.get(campaign.key, limits.NEVER_GRANTED)
            failure = self._campaigns[code] = campaign.failure(self.case, so_far) or IN_FORCE
        return failure

    def _too_little(self, rule: Rule, at: list[int]) -> Failure | None:
        """Where the chosen lines together must reach something."""
        if rule.least_minor is not None:
            money = sum(self.basis.amounts[i] for i in at)
            if money < rule.least_minor:
                return Failure("lines_amount", self._money(rule.least_minor), self._money(money))
        if rule.least_milli is not None:
            units = sum(self.basis.lines[i].quantity_milli for i in at)
            if units < rule.least_milli:
                return Failure("lines_quantity", numbers.text(rule.least_milli, 1000), numbers.text(units, 1000))
        return None

    def _money(self, minor: int) -> str:
        return money.text(minor, self.ruleset.currency)

    # Stages

    def give(self, rules: Sequence[Rule]) -> list[Given]:
        """What base rules or bonuses give, each rounded once for the whole sale."""
        given = []
        for rule in rules:
            at = self.lines_for(rule)
            if at:
                given.append(round_off(rule, at, rule.shares(self.case, at), len(self.basis.lines)))
        return settled(given, self.ruleset.groups, self.refused) if self.ruleset.groups else given

    def all_stages(
        self, base_rules: Sequence[Rule], multipliers: Sequence[Multiplier], bonuses: Sequence[Rule]
    ) -> list[Given]:
        """What counts after the three stages, after standing alone, and within the limits."""
        given = base = self.give(base_rules)
        if multipliers:
            wanted = [(rule, at) for rule in multipliers if (at := self.lines_for(rule))]
            given = base + multiplied(wanted, base, self.ruleset, self.refused)
        if bonuses:
            given = given + self.give(bonuses)
        return alone(given, self.refused)

    # Results

    def lots(self, given: list[Given]) -> list[Grant]:
        """One lot for each pair of dates that rules give, soonest available first."""
        rules, zone = self.ruleset, self.ruleset.zone
        plain = 0
        by_clock: dict[tuple[Pending, Expiry], int] = {}
        for rule, points in _net(given):
            if rule.pending is None and rule.expiry is None:
                plain += points
            elif points:
                clocks = rule.pending or rules.pending, rule.expiry or rules.expiry
                by_clock[clocks] = by_clock.get(clocks, 0) + points
        if plain:
            clocks = rules.pending, rules.expiry
            by_clock[clocks] = by_clock.get(clocks, 0) + plain
        sums: dict[tuple[datetime, datetime | None, str], int] = {}
        for (pending, expiry), points in by_clock.items():
            start = pending.available_at(self.case.basket.occurred_at, zone)
            dates = start, expiry.expires_at(start, zone), expiry.idle
            sums[dates] = sums.get(dates, 0) + points
        if len(sums) == 1:
            return [Grant(points, *dates) for dates, points in sums.items() if points > 0]
        dated = sorted(sums.items(), key=lambda one: (one[0][0], one[0][1] is None, one[0][1] or one[0][0]))
        owed = -sum(points for points in sums.values() if points < 0)  # by factors below 1 with their own dates
        grants: list[Grant] = []
        for dates, points in reversed(dated):
            part = min(max(points, 0), owed)
            owed -= part
            if points > part:
                grants.insert(0, Grant(points - part, *dates))
        return grants

    def carried(self, given: list[Given]) -> dict[str, int]:
        """The money below one step that each carrying rule keeps after this sale."""
        carried = dict(self.facts.carried_minor)
        for g in given:
            before = carried.get(g.rule.code, 0)
            after = g.rule.left_over(self.basis, self.chosen[g.rule.code], before)
            if after or before:
                carried[g.rule.code] = after
        return carried

    def collect(self, given: list[Given], decision: Decision) -> None:
        """Stamps, visits and full cards of the rules that counted."""
        for g in given:
            rule = g.rule
            if not rule.progressive:
                continue
            at = self.chosen[rule.code]
            after = rule.after(self.case, at)
            decision.told.append((rule, after))
            if after != self.facts.progress.get(rule.code, NO_PROGRESS):
                decision.progress[rule.code] = after
            if isinstance(rule, Stamps) and rule.reward and (full := min(rule.full_cards(self.case, at), MOST_CARDS)):
                decision.rewards += [rule.reward] * full
                decision.full_cards[rule.code] = full

    def decision(self, given: list[Given]) -> Decision:
        """All of it, within the limits, with its dates."""
        cuts = limits.cut(given, self.facts, self.ruleset.campaigns)
        decision = Decision(
            programme_version=self.ruleset.version,
            currency=self.ruleset.currency,
            zone=self.ruleset.zone,
            basis=self.basis,
            given=given,
            refused=self.refused,
            tier_used=self.facts.tier,
            caps=cuts,
            lots=self.lots(given),
        )
        self.collect(given, decision)
        if self.ruleset.earning.remainder == "carry":
            decision.carried_minor = self.carried(given)
        if "member.birthday_month" in self.ruleset.needs:
            decision.facts["birthday_month"] = bool(self.facts.birthday_month)
        return decision


def _net(given: Sequence[Given]) -> list[tuple[Rule, int]]:
    """Each rule with its points, where what a factor below 1 takes off is taken off its bases, the last one first."""
    sums = [(g.rule, sum(g.points)) for g in given]
    if all(points >= 0 for _, points in sums):
        return sums
    left = {rule.code: points for rule, points in sums}
    for rule, points in sums:
        if points < 0 and isinstance(rule, Multiplier):
            for base in reversed([other for other, _ in sums if other.stage == BASE]):
                if rule.of is None or base.code in rule.of:
                    part = min(max(left[base.code], 0), -left[rule.code])
                    left[base.code] -= part
                    left[rule.code] += part
    return [(rule, left[rule.code]) for rule, _ in sums]


def decide(basket: Basket, facts: Facts | None, ruleset: Ruleset) -> Decision:
    """What `basket` earns under `ruleset`, and why. Without `facts` there is no member: nothing is earned."""
    run = Round(basket, facts or NOBODY, ruleset)
    if facts is None:
        return _nothing(run, ruleset.rules)
    if ruleset.closes_at is not None and basket.occurred_at >= ruleset.closes_at:
        return _nothing(run, ruleset.rules, _closing(run, ruleset.closes_at))
    return _worked_out(run, (ruleset.bases, ruleset.multipliers, ruleset.bonuses))


def answer(occurrence: Occurrence, facts: Facts | None, ruleset: Ruleset) -> Decision:
    """What something else than a sale earns: the rules with its trigger, and no others.

    It is worked out as a sale of one unit that costs nothing, so everything that holds for rules holds for these.
    """
    basket = Basket(
        lines=(ONE_UNIT,),
        occurred_at=occurrence.occurred_at,
        currency=ruleset.currency,
        store=occurrence.store,
        store_group=occurrence.store_group,
        channel=occurrence.channel,
    )
    run = Round(basket, facts or NOBODY, ruleset, occurrence.data)
    rules = ruleset.triggered.get(occurrence.trigger, ())
    if facts is None:
        decision = _nothing(run, rules)
    elif ruleset.closes_at is not None and occurrence.occurred_at >= ruleset.closes_at:
        decision = _nothing(run, rules, _closing(run, ruleset.closes_at))
    else:
        decision = _worked_out(
            run,
            (
                [rule for rule in rules if rule.stage == BASE],
                [rule for rule in rules if isinstance(rule, Multiplier)],
                [rule for rule in rules if rule.stage == BONUS],
            ),
        )
    decision.trigger = occurrence.trigger
    return decision


class _Settled(NamedTuple):
    """What came of one basket, and the multipliers of which limits leave less than they would give."""

    run: Round
    decision: Decision
    cut: list[Given]


def _worked_out(run: Round, stages: Stages) -> Decision:
    """All stages. Where only the highest factor counts, it is the one that really gives most.

    A multiplier that limits cut may have shut out one that would give more. So they step aside one after another, the
    one of which least is left first, and what gives the member most counts, the first among equals.
    """
    best = found = _settled(run, stages)
    if len(stages[1]) > 1 and run.ruleset.earning.multipliers == "highest":
        for _ in range(MOST_TRIES):
            if not found.cut:
                break
            least = min(reversed(found.cut), key=lambda g: g.total)
            found = _settled(found.run.without({least.rule.code}), stages)
            if found.decision.points > best.decision.points:
                best = found
    return best.decision


def _settled(run: Round, stages: Stages) -> _Settled:
    """A rule that its limits leave nothing of shuts nobody out: where it did, all stages once more without it."""
    given = run.all_stages(*stages)
    before = [g.total for g in given]
    decision = run.decision(given)
    if not decision.caps:
        return _Settled(run, decision, [])
    less = [(g, points) for g, points in zip(given, before, strict=True) if g.total < points]
    emptied = [g.rule for g, points in less if points > 0 >= g.total]
    lost = [refused for refused in run.refused if refused.failure.why in CONTESTS] if emptied else []
    winners = {refused.winner for refused in lost}
    spent = {rule.code for rule in emptied if rule.code in winners or ("" in winners and isinstance(rule, Multiplier))}
    if spent:
        return _settled(run.without(spent), stages)
    return _Settled(run, decision, [g for g, _ in less if isinstance(g.rule, Multiplier)])


def _closing(run: Round, closes_at: datetime) -> Failure:
    return Failure("programme_closing", run.case.told(closes_at), run.case.told(run.case.basket.occurred_at))


def _nothing(run: Round, rules: Sequence[Rule], why: Failure = NO_MEMBER) -> Decision:
    run.refused = [Refused(rule, why) for rule in rules]
    decision = run.decision([])
    decision.tier_used = None
    decision.facts = {}
    decision.carried_minor = {}
    return decision
