"""What the programme gives when something happened to a member: noted here, answered in `rewards.occasions`."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from loyalty import outbox
from loyalty.models import Fact, Store
from rewards import occasions
from rewards.models import Occasion


@outbox.on("member.enrolled", batch=True)
def joined(facts: Sequence[Fact]) -> None:
    """Points for joining, once for each member."""
    _note("member.enrolled", facts)


@outbox.on("profile.complete", batch=True)
def told_everything(facts: Sequence[Fact]) -> None:
    """Points for a complete profile, once for each member."""
    _note("profile.complete", facts)


def _note(trigger: str, facts: Sequence[Fact]) -> None:
    if not occasions.answered(trigger):
        return
    codes = {str(fact.payload["store"]) for fact in facts if fact.payload.get("store")}
    stores = {store.code: store for store in Store.objects.filter(code__in=codes)} if codes else {}
    occasions.note(
        Occasion(
            member_id=UUID(str(fact.payload["member"])),
            trigger=trigger,
            reference=str(fact.payload["member"]),
            occurred_at=fact.occurred_at,
            store=stores.get(str(fact.payload.get("store"))),
        )
        for fact in facts
    )
