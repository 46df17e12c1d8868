"""Clocks for tests: one that is set by hand, and the test clock of a sandbox in a database of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from loyalty import clock
from loyalty.sandbox import offset


class Hand:
    """A clock that stands where a test puts it: `hand.at = …`."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def ahead(self) -> timedelta:
        return self.at - datetime.now(UTC)

    def forward(self, **span: float) -> datetime:
        """Move it; returns what it shows."""
        self.at += timedelta(**span)
        return self.at


@contextmanager
def set_by_hand(at: datetime) -> Iterator[Hand]:
    """Within: `clock.now()` is exactly what the hand shows; what models set by default is the same to some moments."""
    hand, real = Hand(at), clock.now
    clock.follow(hand.ahead)
    clock.now = lambda: hand.at
    try:
        yield hand
    finally:
        clock.now = real
        clock.follow(None)


@contextmanager
def of_sandbox() -> Iterator[None]:
    """Within: this process follows the test clock of the database it is connected to."""
    offset.forget()
    offset.knows(timedelta())
    offset._known.until = 0.0
    clock.follow(offset.ahead)
    try:
        yield
    finally:
        clock.follow(None)
        offset.forget()
