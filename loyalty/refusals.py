"""Refusals as decisions: what was refused to whom, and why, can be read like any other decision (DESIGN §3).

The refused work is rolled back, and its decision with it. So the decision only travels with the refusal, and whoever
answers that stores it in a short transaction of its own.
"""

from __future__ import annotations

from uuid import UUID

from loyalty import clock, rows
from loyalty.errors import Refusal
from loyalty.models import Decision

KIND = "refusal"
DECIDED = frozenset({409, 422})  # the operation itself was refused; others say that the request was not understood


def about(
    refusal: Refusal, *, account: UUID, operation: str, reference: str, store: str, programme_version: int
) -> None:
    """Let a refusal carry its decision, and say its id in the reply (`decision`). Nothing is written here.

    `operation` is what was asked for (sale, activity, redemption), `reference` the caller's own name for it.
    """
    if refusal.status not in DECIDED:
        return
    decision = Decision(
        account_id=account,
        kind=KIND,
        programme_version=programme_version,
        decided_at=clock.now(),
        body={
            "operation": operation,
            "code": refusal.code,
            "reference": reference,
            "store": store,
            **{name: value if isinstance(value, int) else str(value) for name, value in refusal.extra.items()},
        },
    )
    refusal.decision = decision
    refusal.extra["decision"] = str(decision.pk)


def store(refusal: Refusal) -> None:
    """Write the decision of a refusal, if it carries one."""
    if isinstance(refusal.decision, Decision):
        rows.write(refusal.decision)
