"""Moving points from one account to another: two entries through *in transit*, with the dates of the points."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from loyalty import clock, rows
from loyalty.models import Account, Entry, Kind, LotMovement

from .changes import Changes
from .posting import Grant, House, grant, take


def transfer(*, source: Account, target: Account, points: int, out: str, into: str, actor: str) -> tuple[Entry, Entry]:
    """Move available `points` (> 0) between two locked accounts; returns the entries of `source` and of `target`.

    `out` and `into` are the entries' references. Lots are taken in spending order, and each piece becomes a lot of
    `target` with the same `expires_at`, so that points cannot be made younger by sending them to and fro. They pay a
    debt of `target` first. Raises InsufficientPoints, before anything is changed; while `source` owes points nothing
    of it is available (CONTRACT 3.4, 3.6).
    """
    if source.pk == target.pk or points <= 0:
        raise ValueError("a transfer moves points between two accounts")
    now = max(clock.now(), source.as_of, target.as_of)
    giving, getting = Changes(source, now), Changes(target, now)
    sent = _entry(source, Kind.TRANSFER_OUT, -points, out, now, actor)
    take(giving, sent, points, source.available, allow_debt=False)
    giving.enter(sent)
    received = _entry(target, Kind.TRANSFER_IN, points, into, now, actor)
    grant(getting, received, list(_pieces(giving.movements, now)))
    with rows.together():
        giving.write()
        getting.write()
    return sent, received


def _pieces(movements: Iterable[LotMovement], now: datetime) -> Iterable[Grant]:
    """What was taken of each lot, as a grant that ends when the lot does, by its own terms of inactivity too."""
    for movement in movements:
        yield Grant(-movement.points, now, movement.lot.expires_at, movement.lot.idle)


def _entry(account: Account, kind: Kind, points: int, reference: str, now: datetime, actor: str) -> Entry:
    return Entry(
        account_id=account.pk,
        kind=kind,
        house=House.IN_TRANSIT,
        points=points,
        reference=reference,
        occurred_at=now,
        actor=actor,
    )
