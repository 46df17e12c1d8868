"""Sending points from one member to another: the dates of the points travel with them (CONTRACT 3.6)."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from loyalty import clock, ledger, outbox, policies, rows
from loyalty.errors import ProgrammeClosed, Refusal
from loyalty.ids import uuid7
from loyalty.ledger import Balance
from members import locks
from members.models import Transfer


class TransferToItself(Refusal):
    """Sender and receiver are one member."""

    status, code, title = 422, "transfer_to_itself", "Sender and receiver are the same member"


@dataclass(frozen=True, slots=True)
class Transferred:
    """A transfer with both balances after it."""

    transfer: Transfer
    sender: Balance
    receiver: Balance


def transfer(*, sender: UUID, receiver: UUID, points: int, actor: str, note: str = "") -> Transferred:
    """Move available `points` (> 0), the ones that expire first, from one member to another. Needs a transaction.

    It counts for nobody's tier. Raises TransferToItself, InsufficientPoints, ProgrammeClosed, and for either member
    MemberNotFound, MemberErased, MemberClosed.
    """
    if sender == receiver:
        raise TransferToItself
    giving, getting = locks.lock_all([{"id": sender}, {"id": receiver}])
    now = clock.now()
    closing = policies.current().closing
    if closing is not None and now >= closing.redeeming_until:
        raise ProgrammeClosed("No points can be sent any more: this programme has closed.")
    made = Transfer(
        id=uuid7(), sender=giving.member, receiver=getting.member, points=points, note=note, actor=actor, created_at=now
    )
    with rows.together():
        made.out, made.into = ledger.transfer(
            source=giving.account,
            target=getting.account,
            points=points,
            out=f"transfer:{made.pk}:out",
            into=f"transfer:{made.pk}:in",
            actor=actor,
        )
        rows.write(made)
        for found, name in ((giving, "points.sent"), (getting, "points.received")):
            payload = {"member": str(found.member.pk), "transfer": str(made.pk), "points": points}
            outbox.record(name, account=found.account.pk, payload=payload, occurred_at=now)
    return Transferred(made, ledger.balance(giving.account), ledger.balance(getting.account))
