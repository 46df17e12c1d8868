"""What rules remember, read for one decision and written with it.

Two tables: `RuleState` for each member and `SharedCounter` for all members, by key: the code of a rule, or
`campaign:CODE`. They are read by one statement, and only where the rules in force ask for any (`Ruleset.stateful`,
`Ruleset.shared`). A shared counter is locked only by a decision that would grant under its limit; that decision is
made again with the numbers read under the lock, so a budget is never exceeded and a basket that earns nothing from it
waits for nobody.

A rule that was in force for a while without a cap has granted points that nobody counted. The version kept in each
row tells; such a key is counted again from the decisions, once (`gaps`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import msgspec

from loyalty import clock, driver, policies, rows
from loyalty.policies import Policies
from members.models import Member
from rewards import rules
from rewards.models import RuleState, SharedCounter
from rewards.programme import gaps, ruleset

READ = """
SELECT key, id, day, granted_today, granted, taken_back, carried_minor, progress, version
  FROM rewards_rulestate WHERE member_id = %s AND key = ANY(%s::text[])
UNION ALL
SELECT key, NULL, NULL, 0, granted, taken_back, 0, NULL, version
  FROM rewards_sharedcounter WHERE key = ANY(%s::text[])
"""
OPEN = """
INSERT INTO rewards_sharedcounter (key, granted, taken_back, version)
SELECT key, 0, 0, 0 FROM unnest(%s::text[]) AS key ORDER BY key
    ON CONFLICT DO NOTHING RETURNING key
"""
LOCK = """
SELECT key, granted, taken_back, version FROM rewards_sharedcounter
 WHERE key = ANY(%s::text[]) ORDER BY key FOR NO KEY UPDATE
"""
_GIVEN = """
SELECT d.subject, g.key, g.points
  FROM loyalty_decision d
 CROSS JOIN LATERAL (
       SELECT r->>'rule' AS key, (r->>'points')::bigint AS points FROM jsonb_array_elements(d.body->'rules') r
        UNION ALL
       SELECT 'campaign:' || (r->>'campaign'), (r->>'points')::bigint FROM jsonb_array_elements(d.body->'rules') r
        WHERE r ? 'campaign') g
 WHERE d.kind IN ('sale', 'activity') AND g.points > 0 AND g.key = ANY(%s::text[])
"""
OF_MEMBER = f"""
SELECT g.key, sum(g.points)::bigint,
       coalesce(sum(g.points) FILTER (WHERE coalesce(s.occurred_at, a.occurred_at) >= %s
                                        AND coalesce(s.occurred_at, a.occurred_at) < %s), 0)::bigint
  FROM ({_GIVEN} AND d.account_id = %s) g
  LEFT JOIN members_sale s ON s.id = g.subject
  LEFT JOIN members_activity a ON a.id = g.subject
 GROUP BY g.key
"""
# With what members remember as taken back: nobody counted that for all of them, either.
_OF_ALL = f"""
WITH given AS (
    SELECT g.key, sum(g.points)::bigint AS points FROM ({_GIVEN} AND d.account_id IS NOT NULL) g GROUP BY 1
), taken AS (
    SELECT key, sum(taken_back)::bigint AS points FROM rewards_rulestate WHERE key = ANY(%s::text[]) GROUP BY 1
)
SELECT key, coalesce(given.points, 0), coalesce(taken.points, 0) FROM given FULL JOIN taken USING (key)
"""
# Undone if another rule falls out.
CONTESTED = frozenset({"group", "not_stackable", "higher_factor", "no_base_points", "limit"})
STATE_FIELDS = ("day", "granted_today", "granted", "taken_back", "carried_minor", "progress", "version")
COUNTER_FIELDS = ("granted", "taken_back", "version")


@dataclass(slots=True)
class States:
    """What rules know of one member, on the day of a sale or activity, before it."""

    member: Member
    day: date
    present: Policies
    keys: frozenset[str] = frozenset()
    shared: frozenset[str] = frozenset()
    states: dict[str, RuleState] = field(default_factory=dict)
    counters: dict[str, SharedCounter] = field(default_factory=dict)
    of_day: dict[str, int] = field(default_factory=dict)  # of a day before the one that the state keeps
    recounted: set[str] = field(default_factory=set)
    locked: set[str] = field(default_factory=set)

    def granted(self) -> dict[str, rules.Granted]:
        """For `Facts.granted`."""
        found = {}
        for key in self.keys | self.shared:
            state, counter = self.states.get(key), self.counters.get(key)
            found[key] = rules.Granted(
                today=self._today(key, state),
                member=state.granted if state else 0,
                total=counter.granted if counter else 0,
            )
        return found

    def carried_minor(self) -> dict[str, int]:
        """For `Facts.carried_minor`."""
        return {key: state.carried_minor for key, state in self.states.items() if state.carried_minor}

    def progress(self) -> dict[str, rules.Progress]:
        """For `Facts.progress`."""
        return {key: rules.Progress.of(state.progress) for key, state in self.states.items() if state.progress}

    def to_lock(self, decision: rules.Decision) -> list[str]:
        """Shared keys that could matter to a decision and are not locked yet; none where it grants nothing of any.

        Not only those it grants under: a budget found to be empty lets another rule of a group win, which may have a
        budget, too. All at once, so that they are locked in order.
        """
        granted = decision.granted
        if not any(granted.get(key) for key in self.shared):
            return []
        playing = [given.rule for given in decision.given]
        playing += [refused.rule for refused in decision.refused if refused.failure.why in CONTESTED]
        keys = {rule.code for rule in playing} | {rules.campaign_key(rule.campaign) for rule in playing}
        return sorted((self.shared & keys) - self.locked)

    def lock(self, keys: list[str]) -> None:
        """Lock shared counters, in the order of their keys, and read them as they are then. Needs a transaction.

        What the caller has gathered for other members is written first: it may have moved the same counters.
        """
        rows.flush()
        if missing := [key for key in keys if key not in self.counters]:
            driver.fetch(OPEN, [missing])
        for key, granted, taken_back, version in driver.fetch(LOCK, [keys]):
            self.counters[key] = SharedCounter(key=key, granted=granted, taken_back=taken_back, version=version)
        self.locked.update(keys)
        self.recount_shared(keys)

    def recount_shared(self, keys: Iterable[str]) -> None:
        """Count again what was granted while nobody counted. Of a locked counter it is written with the decision."""
        late = gaps(self.present)
        stale = [
            key
            for key in keys
            if key in late and ((known := self.counters.get(key)) is None or known.version < late[key])
        ]
        if not stale:
            return
        for key, (granted, taken_back) in recounted(stale, self.counters).items():
            counter = self.counters.setdefault(key, SharedCounter(key=key))
            counter.granted, counter.taken_back = granted, taken_back
            counter.version = self.present.version

    def write(self, decision: rules.Decision) -> None:
        """Count what a decision gave and keep how far the member is: gathered by `rows.together`."""
        granted = decision.granted
        fresh: list[RuleState] = []
        changed: list[rows.Change] = []
        for key in sorted(self.keys):
            state = self.states.get(key)
            points = granted.get(key, 0)
            carried = decision.carried_minor.get(key, state.carried_minor if state else 0)
            progress = decision.progress.get(key)
            moved = points or progress is not None or carried != (state.carried_minor if state else 0)
            if not moved and key not in self.recounted:
                continue
            if state is None:
                state = RuleState(member_id=self.member.pk, key=key, day=self.day)
                fresh.append(state)
            elif state._state.adding:
                fresh.append(state)
            else:
                changed.append((state, STATE_FIELDS))
            self._move(state, points)
            state.carried_minor = carried
            if progress is not None:
                state.progress = progress.body()
        for key in sorted(self.locked):
            if granted.get(key):
                counter = self.counters[key]
                counter.granted += granted[key]
                if key in ruleset(self.present).shared:
                    counter.version = self.present.version
                changed.append((counter, COUNTER_FIELDS))
        if fresh or changed:
            rows.write(fresh, change=changed)

    def _move(self, state: RuleState, points: int) -> None:
        state.granted += points
        if points and self.day > state.day:
            state.day, state.granted_today = self.day, points
        elif self.day == state.day:
            state.granted_today += points
        if state.key in ruleset(self.present).stateful:
            state.version = self.present.version

    def _today(self, key: str, state: RuleState | None) -> int:
        if state is None or state.day < self.day:
            return 0
        return state.granted_today if state.day == self.day else self.of_day.get(key, 0)


def decide(
    make: Callable[[States], rules.Decision], *, member: Member, programme: Policies, at: datetime, lock: bool
) -> tuple[rules.Decision, States]:
    """What `make` decides with what is remembered of a member; `programme` is the version in force at `at`.

    With `lock` (the member is locked, in a transaction) shared counters under which it grants are locked in turn, and
    it decides again with what they say then. Without, they are only read.
    """
    present = policies.current()
    states = read(member=member, programme=programme, present=present, day=clock.day_of(at, programme.zone))
    if not lock:
        states.recount_shared(states.shared)
        return make(states), states
    decision = make(states)
    while keys := states.to_lock(decision):
        states.lock(keys)
        decision = make(states)
    return decision, states


def read(*, member: Member, programme: Policies, present: Policies, day: date) -> States:
    """What the rules of `programme`, in force on `day`, and of the one in force at present remember of a member.

    Both: a sale that arrives late is decided by the rules of its time, and counts towards the limits of today.
    """
    decided, now = ruleset(programme), ruleset(present)
    found = States(member, day, present, decided.stateful | now.stateful, decided.shared | now.shared)
    if not found.keys and not found.shared:
        return found
    for key, id_, kept_day, today, granted, taken_back, carried, progress, version in driver.fetch(
        READ, [member.pk, sorted(found.keys), sorted(found.shared)]
    ):
        if id_ is None:
            found.counters[key] = SharedCounter(key=key, granted=granted, taken_back=taken_back, version=version)
            continue
        state = RuleState(
            id=id_,
            member_id=member.pk,
            key=key,
            day=kept_day,
            granted_today=today,
            granted=granted,
            taken_back=taken_back,
            carried_minor=carried,
            progress=msgspec.json.decode(progress) if isinstance(progress, str | bytes) else progress,
            version=version,
        )
        state._state.adding = False
        found.states[key] = state
    _look_back(found)
    return found


def recounted(keys: Sequence[str], counters: Mapping[str, SharedCounter]) -> dict[str, tuple[int, int]]:
    """(points granted less taken back, points taken back) of all members by key, from the decisions themselves.

    `counters` are those known so far: what they say was taken back may be more than members remember.
    """
    found = {key: (points, taken) for key, points, taken in driver.fetch(_OF_ALL, [list(keys)] * 2)} if keys else {}
    sums = {}
    for key in keys:
        given, taken = found.get(key, (0, 0))
        if key in counters:
            taken = max(taken, counters[key].taken_back)
        sums[key] = max(given - taken, 0), taken
    return sums


def _look_back(found: States) -> None:
    """Ask the decisions for what the states do not say: a day before the one kept, and what nobody counted."""
    late = gaps(found.present)
    stale = [
        key
        for key in sorted(found.keys & late.keys())
        if (known := found.states.get(key)) is None or known.version < late[key]
    ]
    earlier = [key for key, state in found.states.items() if state.day > found.day]
    if not stale and not earlier:
        return
    zone = found.present.zone
    given = {
        key: (granted, of_day)
        for key, granted, of_day in driver.fetch(
            OF_MEMBER,
            [
                clock.start_of(found.day, zone),
                clock.end_of(found.day, zone),
                [*stale, *earlier],
                found.member.account_id,
            ],
        )
    }
    for key in stale:
        granted, of_day = given.get(key, (0, 0))
        state = found.states.setdefault(key, RuleState(member_id=found.member.pk, key=key, day=found.day))
        state.granted = max(granted - state.taken_back, 0)
        if state.day == found.day:
            state.granted_today = min(of_day, state.granted)
        found.recounted.add(key)
    found.of_day = {key: given.get(key, (0, 0))[1] for key in earlier}


ByDay = Mapping[date | None, Mapping[str, int]]  # points by key, for each day of the programme's zone


def take_back(*, member: Member, granted: Mapping[str, int], day: date | None = None) -> None:
    """Lower what the caps and budgets count by points that were taken back, by key; never below zero.

    `granted` is what the decision that is undone gave (`Decision.granted`, or a part of it), `day` the day of the
    programme's zone on which it was given. The member must be locked; counters are locked here. Written through
    `rows.write`: with the rest of a surrounding `rows.together`, which must not write other states of the member.
    """
    take_back_days(member=member, granted={day: granted})


def take_back_days(*, member: Member, granted: ByDay) -> None:
    """The same for decisions of several days. At once, so that shared counters are locked in the order of keys."""
    _move_back(member, granted, give=False)


def give_back_days(*, member: Member, granted: ByDay) -> None:
    """Undo `take_back_days`: count again what had been taken back, by key and day. Budgets may be exceeded by it.

    What was granted stays granted: only an undo that gives the very points back to the member may call this.
    """
    _move_back(member, granted, give=True)


def _move_back(member: Member, granted: ByDay, *, give: bool) -> None:
    days = {day: {key: points for key, points in by_key.items() if points > 0} for day, by_key in granted.items()}
    wanted = sum((Counter(by_key) for by_key in days.values()), Counter[str]())
    if not wanted:
        return
    present = policies.current()
    in_force, late = ruleset(present), gaps(present)
    known = {state.key: state for state in RuleState.objects.filter(member=member, key__in=sorted(wanted))}
    fresh: list[RuleState] = []
    changed: list[rows.Change] = []
    for key, points in sorted(wanted.items()):
        state = known.get(key)
        if state is None:
            # Remembered for the day on which somebody counts; where it was always counted, nothing was granted.
            if not give and (key not in in_force.stateful or key in late):
                newest = max((day for day in days if day), default=clock.day_of(clock.now(), present.zone))
                fresh.append(RuleState(member_id=member.pk, key=key, day=newest, taken_back=points))
            continue
        _shift(state, points, give=give, exact=key in in_force.stateful and state.version >= late.get(key, 0))
        of_day = days.get(state.day, {}).get(key, 0)
        today = state.granted_today + of_day if give else max(state.granted_today - of_day, 0)
        state.granted_today = min(today, state.granted)
        changed.append((state, STATE_FIELDS))
    if uncounted := sorted(key for key in wanted if key in in_force.shared and key in late):
        driver.fetch(OPEN, [uncounted])
    for key, counted, taken_back, version in driver.fetch(LOCK, [sorted(wanted)]):
        counter = SharedCounter(key=key, granted=counted, taken_back=taken_back, version=version)
        exact = key in in_force.shared and version >= late.get(key, 0)
        _shift(counter, wanted[key], give=give, exact=exact)
        changed.append((counter, COUNTER_FIELDS))
    if fresh or changed:
        rows.write(fresh, change=changed)


def _shift(row: RuleState | SharedCounter, points: int, *, give: bool, exact: bool) -> None:
    """From granted to taken back, or the other way. One that is not `exact` is counted again from the decisions
    before anybody relies on it; what was taken back must be right even there, for decisions do not tell it."""
    if give:
        given = min(points, row.taken_back) if exact else points
        row.granted += given if row.version else 0  # version 0: never counted at all
        row.taken_back = max(row.taken_back - given, 0)
    else:
        taken = min(points, row.granted)
        row.granted -= taken
        row.taken_back += taken if exact else points
