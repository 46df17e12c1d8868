"""The ground's own steps: pending points that begin to count, and points that end."""

from __future__ import annotations

from loyalty import due, reminders

from .registry import Day, Phase, step

SECONDS = 3600.0  # no day's end is that long; whoever dies on the way is followed by another run


@step(Phase.ACTIVATION)
def activate(day: Day) -> int:
    """What became available, or ended, in the course of the day. Midnight itself belongs to the expiry."""
    return due.write_changes(SECONDS, at=day.last)


@step(Phase.EXPIRY)
def expire(day: Day) -> int:
    """The points whose last day it was."""
    return due.write_changes(SECONDS, at=day.ends)


@step(Phase.FOLLOWS)
def remind(day: Day) -> int:
    """Notices of what ends soon and of what now counts."""
    return reminders.tell_all()
