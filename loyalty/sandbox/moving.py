"""Setting and advancing the test clock: day by day, each day's end in order, every fact handled (CONTRACT 1.4)."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.conf import settings
from django.db import connection

from loyalty import audit, broker, clock, dayend, due, outbox, policies
from loyalty.errors import FieldError, InvalidBody, NotFound, Refusal
from loyalty.models import ClosedDay, SandboxClock

from . import offset

log = logging.getLogger(__name__)

MOST_DAYS = 400  # ends of day in one call
_SPAN = re.compile(r"([1-9][0-9]{0,5})([dhm])", re.ASCII)
TASK = "loyalty.tasks.move_clock"
_LOCK = "loyalty.sandbox.clock"


class ClockIsMoving(Refusal):
    """Somebody is moving the clock just now."""

    status, code, title = 409, "in_progress", "The clock is being moved"


@dataclass(frozen=True)
class Moved:
    """Where the clock stands, and how many days' ends ran on the way."""

    now: datetime
    days_closed: int


def insist() -> None:
    """Raises NotFound wherever this is not a sandbox."""
    if not settings.LOYALTY_SANDBOX or settings.LOYALTY_PRODUCTION or clock.is_real():
        raise NotFound("The test clock exists only in a sandbox (LOYALTY_SANDBOX=1).")


def state() -> SandboxClock:
    """The clock's row; a new one where nobody has moved it. Raises NotFound outside a sandbox."""
    insist()
    return SandboxClock.objects.filter(pk=1).first() or SandboxClock(ahead=timedelta())


def target_of(span: str) -> datetime:
    """Where an advance such as `90d`, `12h` or `30m` leads: days are calendar days of the programme's zone.

    Raises InvalidBody.
    """
    found = _SPAN.fullmatch(span)
    if found is None:
        raise _wrong("advance", "not_a_time", "Write a number of days, hours or minutes, such as 90d, 12h or 30m.")
    number, unit = int(found[1]), found[2]
    now = clock.now()
    if unit != "d":
        return now + (timedelta(hours=number) if unit == "h" else timedelta(minutes=number))
    if number > MOST_DAYS:
        raise _too_far("advance")
    zone = policies.current().zone
    local = now.astimezone(zone)
    return (local + timedelta(days=number)).astimezone(UTC)


def ask(*, target: datetime, actor: str, field: str = "set") -> None:
    """Have a worker move the clock; `state` tells how far it is. Raises as `move`."""
    insist()
    if target > clock.now() and len(_days_until(target)) > MOST_DAYS:
        raise _too_far(field)
    with _alone():
        _set(clock.now(), target=target, days=0, done=0, problem="", moved_by=actor)
    broker.send(TASK)


def go_on() -> None:
    """Do what was asked for, if it is not done yet. Harmless to repeat."""
    found = state()
    if found.target is not None:
        with suppress(ClockIsMoving):
            move(target=found.target, actor=found.moved_by)


def move(*, target: datetime, actor: str, field: str = "set") -> Moved:
    """Bring the clock to `target`. Forward, the end of every day passed runs in order, with the clock at its midnight,
    and every fact is handled; back, the days from there on are open again. The clock then runs on.

    Commits on the way; a move that was cut short is gone on with by moving again. Raises NotFound outside a sandbox,
    InvalidBody and ClockIsMoving.
    """
    insist()
    with _alone():
        now = clock.now()
        days = _days_until(target) if target > now else []
        waiting = dayend.days_due() if days and ClosedDay.objects.exists() else []  # nobody has closed them yet
        if len(days) > MOST_DAYS:
            raise _too_far(field)
        _set(now, target=target, days=len(days), done=0, problem="", moved_by=actor)
        try:
            if target <= now:
                _go_back(target)
            else:
                _go_forward([*waiting, *days], target)
        except Exception as error:
            _set(clock.now(), target=None, problem=type(error).__name__)
            raise
        _set(target, target=None)
        offset.wait_until_all_know()
        outbox.drain()
        data = {"from": now.isoformat(), "to": target.isoformat(), "days": len(days)}
        audit.record(action="sandbox.clock_moved", actor=actor, object_type="sandboxclock", data=data)
    return Moved(clock.now(), len(days))


def _days_until(target: datetime) -> list[date]:
    """The days that end between now and `target`."""
    zone = policies.current().zone
    today, last = clock.day_of(clock.now(), zone), clock.day_of(target, zone)
    return [today + timedelta(days=number) for number in range((last - today).days)]


def _go_forward(days: list[date], target: datetime) -> None:
    zone = policies.current().zone
    for number, day in enumerate(days, start=1):
        ends = clock.end_of(day, zone)
        if ends > clock.now():
            _set(ends)
        dayend.close(day)
        outbox.drain()
        SandboxClock.objects.filter(pk=1).update(done=number)
    _set(max(target, clock.now()))
    due.write_changes()
    outbox.drain()


def _go_back(target: datetime) -> None:
    """Days that have not ended any more will be closed again."""
    _set(target)
    ClosedDay.objects.filter(day__gte=clock.day_of(target, policies.current().zone)).delete()


def _set(now: datetime, **more: object) -> None:
    """Let the clock show `now` at this moment, in this process at once, in others within a moment."""
    ahead = now - datetime.now(UTC)
    SandboxClock.objects.update_or_create(pk=1, defaults={"ahead": ahead, **more})
    offset.knows(ahead)


@contextmanager
def _alone() -> Iterator[None]:
    """One mover at a time; whoever dies lets go. Raises ClockIsMoving."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [_LOCK])
        if not cursor.fetchone()[0]:
            raise ClockIsMoving("Somebody is moving the clock: wait until that is done.")
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [_LOCK])


def _too_far(field: str) -> InvalidBody:
    return _wrong(field, "out_of_range", f"At most {MOST_DAYS} days at a time.")


def _wrong(field: str, code: str, detail: str) -> InvalidBody:
    return InvalidBody(detail, errors=(FieldError(field, code, detail),))
