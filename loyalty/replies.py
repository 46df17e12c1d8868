"""Stored replies to idempotency keys: what else becomes of them than being given again."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from loyalty.models import StoredReply

KEPT_DAYS = 31  # after that only natural keys (receipt, return number, reference) stop a repetition
DROPPED_EVERY = timedelta(hours=1)
CHUNK = 5000


def forget(*, member: UUID) -> int:
    """Empty every stored reply about a member who is erased; a repetition is answered 410 `member_erased`.

    Runs in the caller's transaction; returns how many there were.
    """
    return StoredReply.objects.filter(member=member).update(status=410, content_type="", body=b"")


def drop_old(*, now: datetime) -> int:
    """Delete what is older than KEPT_DAYS, in chunks of their own; returns how many."""
    old = StoredReply.objects.filter(created_at__lt=now - timedelta(days=KEPT_DAYS))
    dropped = 0
    while ids := list(old.order_by("created_at").values_list("pk", flat=True)[:CHUNK]):
        dropped += StoredReply.objects.filter(pk__in=ids).delete()[0]
    return dropped
