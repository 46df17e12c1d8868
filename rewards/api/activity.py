"""Reporting what members did besides buying."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from django.db import transaction

from loyalty import refusals as kept
from loyalty.api import edge, fields, problems
from loyalty.api.problems import StoreMismatch
from loyalty.errors import (
    DuplicateActivity,
    InTheFuture,
    MemberClosed,
    MemberErased,
    MemberNotFound,
    Refusal,
    StoreNotFound,
    TooOld,
)
from members.api.references import MemberRef
from rewards import activity, refusals

from .bodies import named

MOST_ITEMS = 1000
MOST_DATA = 50  # names in `data`
Kind = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=40,
        pattern=r"^[a-z][a-z0-9_.-]*$(?!\n)",
        description="Small letters, digits, `_`, `.` and `-`; the trigger of a rule is `activity:` and the kind.",
        extra={"code": "not_a_code"},
    ),
]
Value = Annotated[str, msgspec.Meta(max_length=500)] | bool | int | float
Data = Annotated[
    dict[Annotated[str, msgspec.Meta(min_length=1, max_length=60)], Value], msgspec.Meta(max_length=MOST_DATA)
]


class ItemBody(msgspec.Struct, forbid_unknown_fields=True):
    """One thing a member did. The caller's `kind` and `reference` name it: reported again, it is the same one."""

    kind: Kind
    reference: fields.Label
    member: MemberRef
    occurred_at: fields.Time | None = None
    store: fields.Code | None = None
    channel: Annotated[str, msgspec.Meta(max_length=20)] = ""
    data: Data = {}


class ActivityBody(msgspec.Struct, forbid_unknown_fields=True):
    """One activity, its fields as of an item; or up to 1,000 as `items`, and nothing else."""

    kind: Kind | None = None
    reference: fields.Label | None = None
    member: MemberRef | None = None
    occurred_at: fields.Time | None = None
    store: fields.Code | None = None
    channel: Annotated[str, msgspec.Meta(max_length=20)] = ""
    data: Data = {}
    items: Annotated[list[ItemBody], msgspec.Meta(min_length=1, max_length=MOST_ITEMS)] | None = None


class Answered(msgspec.Struct, omit_defaults=True):
    """What became of one item; `decision` says why, `problem` what was wrong."""

    reference: str
    status: Literal["applied", "replayed", "refused"]
    points: int
    decision: UUID | msgspec.UnsetType = msgspec.UNSET
    problem: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class AnsweredAll(msgspec.Struct):
    """One result for each item, in the order sent."""

    results: list[Answered]


class Activities(edge.View):
    """What members did besides buying."""

    @edge.post(
        scope="activity",
        body=ActivityBody,
        key=False,
        transaction=False,
        example={"kind": "bike_visit", "reference": "V-1", "member": {"card": "9801234567890128"}, "store": "main"},
        reply=AnsweredAll,
        refusals=(
            DuplicateActivity,
            InTheFuture,
            TooOld,
            StoreNotFound,
            StoreMismatch,
            MemberNotFound,
            MemberClosed,
            MemberErased,
        ),
    )
    def post(self, call: edge.Call, body: ActivityBody) -> dict[str, Any]:
        """Report an activity, or up to 1,000 of them.

        Rules with the trigger `activity:KIND` give points. Each item is its own transaction, and answered `applied`,
        `replayed` (known by kind and reference: nothing happened) or `refused` with its problem, so the whole call
        may be repeated as it is, without an Idempotency-Key. A body that cannot be read is refused whole.
        """
        return {"results": [_answer(call, item) for item in _items(body)]}


def _items(body: ActivityBody) -> list[ItemBody]:
    """The items of either form. Raises InvalidBody where both or neither is there."""
    alone = {name: value for name in ItemBody.__struct_fields__ if (value := getattr(body, name)) not in (None, "", {})}
    if body.items is not None:
        if alone:
            raise fields.wrong(next(iter(alone)), "exactly_one", "Send one activity, or `items`, not both.")
        return body.items
    for name in ("kind", "reference", "member"):
        if name not in alone:
            raise fields.wrong(name, "required", "This field is needed.")
    return [ItemBody(**alone)]


def _answer(call: edge.Call, item: ItemBody) -> dict[str, Any]:
    """One item in a transaction of its own."""
    try:
        recorded = edge.outermost(lambda: _record(call, item))
    except Refusal as refusal:
        kept.store(refusal)
        problem = problems.document(refusal, request_id=call.request_id, request=call.request)
        answer = {"reference": item.reference, "status": "refused", "points": 0, "problem": problem}
        if decision := refusal.extra.get("decision"):
            answer["decision"] = decision
        return answer
    return {
        "reference": item.reference,
        "status": recorded.status,
        "points": recorded.points,
        "decision": str(recorded.decision),
    }


def _record(call: edge.Call, item: ItemBody) -> activity.Recorded:
    member = named(item.member)
    with (
        transaction.atomic(),
        refusals.explained(operation="activity", member=member, reference=item.reference, store=item.store or ""),
    ):
        return activity.record(
            client=call.client,
            kind=item.kind,
            reference=item.reference,
            member=member,
            occurred_at=item.occurred_at,
            store=call.writes_store(item.store, item.occurred_at) if item.store is not None else call.store,
            channel=item.channel,
            data=item.data,
            actor=call.actor,
        )
