"""Where a member stands among the tiers, as the pages show it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from loyalty import money
from loyalty.policies import Policies, localised
from members import tiers
from members.models import Member
from members.portal import formats, rulers


@dataclass(frozen=True)
class Step:
    """One level of the ladder."""

    name: str
    rank: int
    start: str  # what it takes, in words
    benefits: tuple[str, ...]
    mine: bool
    reached: bool


@dataclass(frozen=True)
class Standing:
    """A member's place in one tier group, in the language of the page."""

    group: str
    name: str  # empty below the lowest level
    rank: int
    since: str
    until: str
    value: str
    next_name: str
    needed: str
    next_from: str
    floor_from: str
    below_name: str
    ruler: rulers.Ruler | None
    steps: tuple[Step, ...]

    @property
    def of(self) -> int:
        """How many levels there are."""
        return len(self.steps)


def of(member: Member, programme: Policies, language: str) -> list[Standing]:
    """The standings of a member, the programme's first group first."""
    rows = tiers.explain(member=member, policies=programme, standings=tiers.standings_of(member.pk), language=language)
    groups = {group.code: group for group in tiers.compiled(programme)}
    return [_standing(groups[row["group"]], row, member, programme, language) for row in rows]


def unit(metric: str, value: int, currency: str) -> str:
    """A number of the metric in words: `$250`, `120 points`, `3 visits`."""
    if metric == "spend":
        return formats.amount(value, currency)
    if metric == "visits":
        return ngettext("%(number)s visit", "%(number)s visits", value) % {"number": formats.points(value)}
    return ngettext("%(number)s point", "%(number)s points", value) % {"number": formats.points(value)}


def _standing(
    group: tiers.Group, row: dict[str, object], member: Member, programme: Policies, language: str
) -> Standing:
    level = group.level(str(row["code"] or ""))
    above = _object(row["next"])
    higher = group.level(str(above.get("code", "")))
    rank = group.levels.index(level) + 1 if level else 0
    value = member.spend_minor
    if higher:
        missing = str(above.get("needed", "0"))
        needed = money.minor(missing, programme.currency) if group.metric == "spend" else int(missing)
        value = higher.threshold - needed

    def say(number: int) -> str:
        return unit(group.metric, number, programme.currency)

    def name(one: tiers.Level | None) -> str:
        return localised(one.name, language) if one else ""

    return Standing(
        group=group.code,
        name=name(level),
        rank=rank,
        since=_day(row["since"]),
        until=_day(row["until"]),
        value=say(value),
        next_name=name(higher),
        needed=say(higher.threshold - value) if higher else "",
        next_from=say(higher.threshold) if higher else "",
        floor_from=say(level.threshold) if level and level.threshold else "",
        below_name=name(group.levels[rank - 2]) if rank > 1 else "",
        ruler=_ruler(group, value, level, higher, say(value), language),
        steps=tuple(
            Step(
                name=name(one),
                rank=place + 1,
                start=say(one.threshold) if one.threshold else "",
                benefits=tuple(localised(text, language) for text in one.benefits),
                mine=one is level,
                reached=place < rank,
            )
            for place, one in enumerate(group.levels)
        ),
    )


def _ruler(
    group: tiers.Group,
    value: int,
    level: tiers.Level | None,
    higher: tiers.Level | None,
    said: str,
    language: str,
) -> rulers.Ruler | None:
    marks = [(one.threshold, localised(one.name, language), one is level) for one in group.levels]
    if not marks or not marks[-1][0]:
        return None
    words = {
        "name": localised(level.name, language) if level else "",
        "next": localised(higher.name, language) if higher else "",
        "value": said,
    }
    if level and higher:
        label = _("%(name)s. %(value)s so far, next %(next)s") % words
    elif higher:
        label = _("%(value)s so far, next %(next)s") % words
    else:
        label = _("%(name)s, the highest tier. %(value)s so far") % words
    return rulers.draw(value=value, marks=marks, say=label)


def _object(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _day(text: object) -> str:
    return formats.day_long(date.fromisoformat(str(text))) if text else ""
