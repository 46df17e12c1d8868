"""Points from member to member over the API."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec

from loyalty.api import edge, fields
from loyalty.errors import InsufficientPoints, MemberClosed, MemberErased, MemberNotFound, ProgrammeClosed
from members import transfers
from members.api.references import MemberRef
from members.api.replies import Balance

LONGEST_NOTE = 200


class TransferBody(msgspec.Struct, forbid_unknown_fields=True, rename={"sender": "from", "receiver": "to"}):
    """Who sends how many points to whom."""

    sender: MemberRef
    receiver: MemberRef
    points: fields.PositivePoints
    note: Annotated[str, msgspec.Meta(max_length=LONGEST_NOTE)] = ""


class Transferred(msgspec.Struct, forbid_unknown_fields=True, rename={"sender": "from", "receiver": "to"}):
    """The two entries, and both balances after them."""

    id: UUID
    out: UUID
    into: UUID = msgspec.field(name="in")
    sender: Balance
    receiver: Balance


class Transfers(edge.View):
    """Points that change hands."""

    @edge.post(
        scope="manage",
        body=TransferBody,
        status=201,
        gather=True,
        example={"from": {"card": "9801234567890128"}, "to": {"card": "9801000000000017"}, "points": 20},
        reply=Transferred,
        refusals=(
            MemberNotFound,
            MemberClosed,
            MemberErased,
            InsufficientPoints,
            transfers.TransferToItself,
            ProgrammeClosed,
        ),
    )
    def post(self, call: edge.Call, body: TransferBody) -> dict[str, Any]:
        """Send available points from one member to another.

        Those that expire first go first, and keep their dates. It counts for nobody's tier.
        """
        sender, receiver = body.sender.find(field="from"), body.receiver.find(field="to")
        made = transfers.transfer(
            sender=sender.pk, receiver=receiver.pk, points=body.points, note=body.note, actor=call.actor
        )
        call.about(sender.pk)
        return {
            "id": made.transfer.pk,
            "out": made.transfer.out_id,
            "in": made.transfer.into_id,
            "from": made.sender,
            "to": made.receiver,
        }
