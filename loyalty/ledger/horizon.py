"""When all points end: a programme that closes expires what is left at one instant (docs/decisions/0013).

The dates of lots stay as they were granted. What counts is the earlier of a lot's own date and the horizon, so that a
closing that is called off leaves no trace, and a balance is right at that instant whether or not a job has run.
"""

from __future__ import annotations

from datetime import datetime

from loyalty import policies
from loyalty.models import Account


def of_all_points() -> datetime | None:
    """The first instant at which no point counts any more; None while the programme does not close."""
    closing = policies.current().closing
    return closing.redeeming_until if closing else None


def end(expires_at: datetime | None, horizon: datetime | None) -> datetime | None:
    """The first instant at which points of a lot no longer count."""
    if expires_at is None or horizon is None:
        return expires_at or horizon
    return min(expires_at, horizon)


def is_due(account: Account, now: datetime) -> bool:
    """Whether something of an account must be written before it says what is true now."""
    if account.next_change_at is not None and account.next_change_at <= now:
        return True
    horizon = of_all_points()
    return horizon is not None and account.as_of < horizon <= now
