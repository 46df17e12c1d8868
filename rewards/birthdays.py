"""Birthdays: noted day by day of the programme's zone, once for each member and year."""

from __future__ import annotations

from calendar import isleap
from datetime import date, datetime

from django.db import transaction

from loyalty import clock, policies
from loyalty.models import Job
from members.models import Member, Profile
from rewards import occasions
from rewards.models import Occasion
from rewards.programme import ruleset

TRIGGER = "birthday"
JOB = "rewards.birthdays"
MOST_DAYS = 31  # that are made up for after a stop
CHUNK = 1000


def note_all() -> int:
    """Note the birthdays of today, and of days since the last run that nobody noted. Returns how many were due.

    May run at any time and as often as anybody likes: the reference of a birthday is its member and year. Today is
    looked at again in every run, for those who joined or told their birthday today; earlier days are not, so that
    nobody gains by telling another birthday.
    """
    programme = policies.current()
    today = clock.day_of(clock.now(), programme.zone)
    done = Job.objects.filter(name=JOB).values_list("slot", flat=True).first()
    oldest = today.toordinal() - MOST_DAYS
    first = today.toordinal() if done is None else min(max(done + 1, oldest), today.toordinal())
    count = 0
    for ordinal in range(first, today.toordinal() + 1):
        day = date.fromordinal(ordinal)
        at = _answered_at(day, last=day == today)
        if at is not None:
            count += _note(day, at)
    Job.objects.update_or_create(
        name=JOB, defaults={"slot": max(today.toordinal() - 1, done or 0), "started_at": clock.now()}
    )
    return count


def _answered_at(day: date, *, last: bool) -> datetime | None:
    """When the birthdays of a day are dated: its first instant, or now for rules that came in force in the course of
    the `last` day. None where no rule answers them."""
    start = clock.start_of(day, policies.current().zone)
    for at in (start, clock.now()) if last else (start,):
        if TRIGGER in ruleset(policies.current(at)).triggered:
            return at
    return None


def _note(day: date, at: datetime) -> int:
    """All members whose birthday is celebrated on a day: 29 February on the 28th where there is none."""
    zone = policies.current().zone
    days = [day.day]
    if (day.month, day.day) == (2, 28) and not isleap(day.year):
        days.append(29)
    born = Profile.objects.filter(
        birthday__month=day.month,
        birthday__day__in=days,
        birthday__lt=day,
        member__status=Member.Status.ACTIVE,
        member__enrolled_at__lt=clock.end_of(day, zone),
    ).values_list("member_id", "member__enrolled_at")
    count, batch = 0, []
    for member, enrolled_at in born.iterator(CHUNK):
        batch.append(
            Occasion(
                member_id=member,
                trigger=TRIGGER,
                reference=f"{member}:{day.year}",
                occurred_at=max(at, enrolled_at),
            )
        )
        count += 1
        if len(batch) == CHUNK:
            _write(batch)
            batch = []
    _write(batch)
    return count


def _write(batch: list[Occasion]) -> None:
    with transaction.atomic():
        occasions.note(batch)
