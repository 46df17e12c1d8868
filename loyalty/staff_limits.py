"""How many points one person may move by hand in a day: alone, and in all.

`settings.adjustments.second_person_over` is compared with everything a person did alone that day, so that a large act
cannot be cut into small ones; `daily_per_person` with everything the person set in motion, approved or not. None is no
limit. The day is the programme's. Whoever acts asks `locked` first and `count`s in the same transaction: acts of one
person queue, so two at once never both pass.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from django.db import connection
from django.db.models import Q, Sum

from loyalty import clock, policies
from loyalty.errors import Refusal
from loyalty.models import StaffAct


class DailyLimit(Refusal):
    """The person has moved, or would move, more points today than one person may."""

    status, code, title = 403, "daily_limit", "This is over the limit of one person's day"


@dataclass(frozen=True)
class Today:
    """What a person moved today, and the limits."""

    alone: int
    moved: int  # in all
    second_person_over: int | None
    daily: int | None

    @property
    def left_alone(self) -> int | None:
        """How many more points the person may move without anybody else; None: any number."""
        limits = [
            limit - used
            for limit, used in ((self.second_person_over, self.alone), (self.daily, self.moved))
            if limit is not None
        ]
        return max(min(limits), 0) if limits else None

    @property
    def left(self) -> int | None:
        """How many more points the person may set in motion at all; None: any number."""
        return None if self.daily is None else max(self.daily - self.moved, 0)

    def needs_second(self, points: int) -> bool:
        """Whether somebody else must approve so many points more."""
        return self.second_person_over is not None and self.alone + points > self.second_person_over

    def refuse_too_many(self, points: int) -> None:
        """Raises DailyLimit where so many more are over the limit of the day."""
        left = self.left
        if left is not None and points > left:
            raise DailyLimit(points=points, left=left, limit=self.daily)


def today(actor: str) -> Today:
    """What `actor` (as in the audit log) moved today. Only to be shown: others may act meanwhile."""
    programme = policies.current()
    day = clock.day_of(clock.now(), programme.zone)
    sums = StaffAct.objects.filter(actor=actor, day=day).aggregate(
        moved=Sum("points", default=0), alone=Sum("points", filter=Q(alone=True), default=0)
    )
    limits = programme.adjustments
    return Today(sums["alone"], sums["moved"], limits.second_person_over, limits.daily_per_person)


def locked(actor: str) -> Today:
    """The same, to be relied on until the end of the running transaction: acts of the person wait for each other.

    Take one person's lock only, after the rows of the act itself.
    """
    number = int.from_bytes(hashlib.sha256(f"staff-limits:{actor}".encode()).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
    return today(actor)


def count(*, actor: str, points: int, alone: bool, act: str, object_id: str) -> StaffAct:
    """Note what the person sets in motion. One `act` on one object counts once: again is an IntegrityError."""
    day = clock.day_of(clock.now(), policies.current().zone)
    return StaffAct.objects.create(actor=actor, day=day, points=points, alone=alone, act=act, object_id=object_id)
