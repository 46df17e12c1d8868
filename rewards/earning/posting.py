"""Turning a decision into points and facts, for whatever earned them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from loyalty import ledger, outbox
from loyalty.models import Decision, Entry, Kind, Store
from members import locks
from rewards import rules


def post(
    *,
    found: locks.Locked,
    decision: rules.Decision,
    record: Decision,
    about: str,
    subject: UUID,
    occurred_at: datetime,
    store: Store | None,
    actor: str,
) -> Entry | None:
    """One `earn` entry with its lots, `about` being sale or activity; none for 0 points. Tells `points.earned`, and
    `stamps.completed` for each reward that full cards give. `record` is the decision to be written with it."""
    told = {"member": str(found.member.pk), about: str(subject)}
    if decision.full_cards:
        rewards = {rule.code: rule.reward for rule, _ in decision.told if isinstance(rule, rules.Stamps)}
        for rule, count in decision.full_cards.items():
            outbox.record(
                "stamps.completed",
                account=found.account.pk,
                payload={**told, "rule": rule, "reward": rewards[rule], "count": count, "decision": str(record.pk)},
                occurred_at=occurred_at,
            )
    if not decision.points:
        return None
    entry = ledger.post(
        account=found.account,
        kind=Kind.EARN,
        house=ledger.House.ISSUED,
        points=decision.points,
        reference=f"{about}:{subject}",
        actor=actor,
        occurred_at=occurred_at,
        store=store,
        decision=record,
        grants=[ledger.Grant(lot.points, lot.available_at, lot.expires_at, lot.idle) for lot in decision.lots],
    )
    outbox.record(
        "points.earned",
        account=found.account.pk,
        payload={**told, "entry": str(entry.pk), "points": decision.points, "decision": str(record.pk)},
        occurred_at=occurred_at,
    )
    return entry
