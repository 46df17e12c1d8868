"""Telling every active member something: chunk after chunk through the outbox, so that nothing is lost or told twice.

A fact names the member after whom to go on. Its handler writes the messages of one chunk and records the next fact, in
one transaction: a crash repeats a chunk, and the messages' keys make the repetition nothing.
"""

from __future__ import annotations

from uuid import UUID

from loyalty import outbox
from loyalty.models import Fact
from members import notifications
from members.models import Member, Message
from members.notifications import MakeContext, Notice

CHUNK = 250


def go_on(fact: Fact, *, code: str, key: str, context: MakeContext) -> int:
    """Tell the next chunk of members, those after `after` of the fact's payload; returns how many."""
    after = fact.payload.get("after")
    found = Member.objects.filter(status=Member.Status.ACTIVE).order_by("pk")
    if after:
        found = found.filter(pk__gt=UUID(str(after)))
    chunk = list(found.values_list("pk", flat=True)[:CHUNK])
    if not chunk:
        return 0
    notifications.send([Notice(member, code, key, fact.occurred_at, context) for member in chunk])
    if len(chunk) == CHUNK:
        outbox.record(
            fact.name,
            account=None,
            payload={**fact.payload, "after": str(chunk[-1])},
            occurred_at=fact.occurred_at,
        )
    return len(chunk)


def told(*, code: str, key: str) -> int:
    """How many members have the message."""
    return Message.objects.filter(code=code, key=key, channel=Message.Channel.INBOX).count()
