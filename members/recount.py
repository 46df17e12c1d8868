"""Counters and tiers worked out again from the sales: to prove them (I11), and to mend them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count, Max, Min, Sum
from django.db.models.functions import Coalesce

from loyalty import clock, policies, rows
from loyalty.models import Job
from members import activity, locks, tiers
from members.models import Member, Sale

SHOWN = 20
PERIOD = timedelta(minutes=1)
FOLLOWED = "members.follow_programme.done"  # a job whose slot is the version that all levels were worked out for

_SUMS = """
SELECT member_id, sum(total_minor) AS spend, count(*) AS purchases, min(occurred_at) AS first, max(occurred_at) AS last
  FROM members_sale WHERE status = 'sold' AND member_id IS NOT NULL GROUP BY member_id
"""
_COUNTERS = f"""
SELECT m.id, '',
       concat_ws(', ', m.spend_minor, m.purchases, m.first_sale_at, m.last_sale_at),
       concat_ws(', ', coalesce(s.spend, 0), coalesce(s.purchases, 0), s.first, s.last)
  FROM members_member m LEFT JOIN ({_SUMS}) s ON s.member_id = m.id
 WHERE (m.spend_minor, m.purchases, m.first_sale_at, m.last_sale_at)
       IS DISTINCT FROM (coalesce(s.spend, 0), coalesce(s.purchases, 0), s.first, s.last)
"""
_MOVING = f"""
  FROM (SELECT m.id, coalesce(t.level, '') AS stored, l.code
          FROM members_member m
          LEFT JOIN ({_SUMS}) s ON s.member_id = m.id
          LEFT JOIN members_tierstanding t ON t.member_id = m.id AND t."group" = %s
         CROSS JOIN LATERAL (SELECT coalesce((
                   SELECT code FROM unnest(%s::text[], %s::bigint[]) AS level(code, threshold)
                    WHERE threshold <= coalesce(s.spend, 0) ORDER BY threshold DESC LIMIT 1), '') AS code) l
         WHERE m.status IN ('active', 'closed')) standing
 WHERE stored <> code
"""
_TIERS = f"SELECT id, %s::text, stored, code {_MOVING}"


@dataclass(frozen=True)
class Difference:
    """One member for whom what is stored is not what the sales say."""

    member: UUID
    group: str
    stored: str
    computed: str


def wrong_counters(limit: int | None = SHOWN) -> Iterator[Difference]:
    """Members whose counters are not the sums of their sales: spend, purchases, first, last."""
    yield from _differences(_COUNTERS, [], limit)


def wrong_tiers(limit: int | None = SHOWN) -> Iterator[Difference]:
    """Members whose stored level is not the one that their sales reach under the programme in force."""
    for group in tiers.compiled(policies.current()):
        yield from _differences(_TIERS, [group.code, *_ladder(group)], limit)


@dataclass(frozen=True)
class Movement:
    """How many members would go from one level of a group to another; an empty code is no level."""

    group: str
    before: str
    after: str
    members: int


def movements(programme: policies.Policies) -> list[Movement]:
    """Who would move if `programme` were in force, by group and level. Changes nothing."""
    found = []
    with connection.cursor() as cursor:
        for group in tiers.compiled(programme):
            cursor.execute(
                f"SELECT stored, code, count(*) {_MOVING} GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2", _ladder(group)
            )
            found += [Movement(group.code, *row) for row in cursor.fetchall()]
    return found


def recompute(*, member_id: UUID) -> tiers.Qualified:
    """Count a member's sales again under the lock, and set counters and levels to what they say.

    Returns how the member stands and what had to change. Raises as `locks.lock`.
    """
    with transaction.atomic():
        locked = locks.lock(id=member_id, closed=True)
        member = locked.member
        sums = Sale.objects.filter(member=member, status=Sale.Status.SOLD).aggregate(
            spend_minor=Coalesce(Sum("total_minor"), 0),
            purchases=Count("pk"),
            first_sale_at=Min("occurred_at"),
            last_sale_at=Max("occurred_at"),
        )
        standings = tiers.standings_of(member.pk)
        programme = policies.current()
        changed = tuple(name for name in activity.COUNTERS if getattr(member, name) != sums[name])
        for name in changed:
            setattr(member, name, sums[name])
        with rows.together():
            if changed:
                rows.write(change=[(member, changed)])
            return tiers.qualify(
                member=member,
                account=locked.account,
                policies=programme,
                standings=standings,
                at=None,
            )


def _ladder(group: tiers.Group) -> list[Any]:
    """A group as parameters of `_MOVING`; without levels where it is not worked out."""
    levels = group.levels if group.worked_out else ()
    return [group.code, [level.code for level in levels], [level.threshold for level in levels]]


def recompute_all() -> int:
    """Mend every member that differs, for instance after new thresholds; returns how many did.

    Each in a transaction of its own, so that sales go on meanwhile.
    """
    differing = {row.member for row in (*wrong_counters(None), *wrong_tiers(None))}
    gone = Member.objects.filter(pk__in=differing).exclude(status__in=["active", "closed"])
    differing -= set(gone.values_list("pk", flat=True))
    for member_id in sorted(differing):
        recompute(member_id=member_id)
    return len(differing)


def follow_programme() -> int:
    """Close stores, and bring every member to the level of the programme in force, where another one came into force.

    Called after a version is applied, and every minute for those that began since (`PERIOD`). Harmless to repeat: a
    run that dies is done again by the next. Returns how many members moved.
    """
    version = policies.current().version
    if Job.objects.filter(name=FOLLOWED, slot=version).exists():
        return 0
    policies.retire_stores()
    moved = recompute_all()
    Job.objects.update_or_create(name=FOLLOWED, defaults={"slot": version, "started_at": clock.now()})
    return moved


def _differences(sql: str, parameters: list[Any], limit: int | None) -> Iterator[Difference]:
    if limit is not None:
        sql, parameters = f"{sql} LIMIT %s", [*parameters, limit]
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        for member, group, stored, computed in cursor.fetchall():
            yield Difference(member, group, stored, computed)
