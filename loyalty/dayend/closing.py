"""Closing days, in order, each once however often and wherever it is tried."""

from __future__ import annotations

import logging
import time
from datetime import date, timedelta

from loyalty import clock, policies
from loyalty.models import ClosedDay

from .registry import Day, in_order

log = logging.getLogger(__name__)


def days_due() -> list[date]:
    """The days that are over and not closed, oldest first. A new system begins with yesterday."""
    zone = policies.current().zone
    yesterday = clock.day_of(clock.now(), zone) - timedelta(days=1)
    last = ClosedDay.objects.order_by("-day").values_list("day", flat=True).first()
    first = yesterday if last is None else last + timedelta(days=1)
    return [first + timedelta(days=number) for number in range((yesterday - first).days + 1)]


def close_due(seconds: float = 50.0) -> int:
    """Close every day that is due, in order, for about so long; the rest is left to the next run. Returns how many."""
    closed, end = 0, time.monotonic() + seconds
    for day in days_due():
        close(day)
        closed += 1
        if time.monotonic() > end:
            break
    return closed


def close(day: date) -> dict[str, int]:
    """Run every step of one day and write that it is closed. Running it again does no harm; raises what a step raises.

    Returns how many things each step wrote.
    """
    over = Day(day, policies.current().zone)
    if over.ends > clock.now():
        raise ValueError(f"{day} is not over")
    counts: dict[str, int] = {}
    for name, step in in_order():
        try:
            if count := step(over):
                counts[name] = count
        except Exception:
            log.error("the end of %s stopped at %s", day, name)
            raise
    row = ClosedDay(day=day, ended_at=over.ends, closed_at=clock.now(), counts=counts)
    ClosedDay.objects.bulk_create([row], ignore_conflicts=True)
    return counts
