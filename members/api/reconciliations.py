"""Comparing a store's day with its till, over the API."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Struct, json

from loyalty import money, policies
from loyalty.api import edge, fields
from loyalty.api.problems import StoreMismatch
from loyalty.errors import NotFound, StoreNotFound, WrongCurrency
from loyalty.models import Store
from members import reconciliation
from members.models import ReconciledDay, Reconciliation

MOST = 5_000  # receipts in one call
SHOWN = 1_000  # differences in a reply
Signed = Annotated[
    str,
    Meta(
        title="signed money",
        pattern=r"^-?[0-9]{1,12}(\.[0-9]{1,4})?$(?!\n)",
        description="Money as a decimal text; below zero it is a return, which is counted and not compared.",
        examples=["19.90"],
        extra={"code": "not_money"},
    ),
]


class ReceiptBody(Struct, forbid_unknown_fields=True):
    """One receipt of the till."""

    receipt: fields.Label
    amount: Signed


class ReconciliationBody(Struct, forbid_unknown_fields=True):
    """A store's day: its `receipts`, or its `count` and `total` alone."""

    store: fields.Code
    day: fields.Day
    currency: fields.Currency | None = None
    receipts: Annotated[list[ReceiptBody], Meta(min_length=1, max_length=MOST)] | None = None
    count: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    total: fields.MoneyText | None = None


class Side(Struct):
    """How many receipts, and what they come to."""

    count: int | None
    total: str


class DifferenceReply(Struct):
    """One receipt on which both sides do not agree."""

    receipt: str
    what: Literal["missing_here", "missing_there", "amount", "day", "voided"]
    theirs: str | None
    ours: str | None
    sale: UUID | None


class ReconciliationReply(Struct):
    """The stored result. At most 1,000 differences are listed; `differences_total` counts all."""

    id: UUID
    store: str
    day: str
    agrees: bool
    theirs: Side
    ours: Side
    differences: list[DifferenceReply]
    differences_total: int
    returns: int
    repeated: bool


EXAMPLE = {
    "store": "main",
    "day": "2026-10-31",
    "receipts": [{"receipt": "R-1001", "amount": "19.90"}, {"receipt": "R-1002", "amount": "4.20"}],
}


class Reconciliations(edge.View):
    """`/reconciliations`."""

    @edge.post(
        scope="manage",
        body=ReconciliationBody,
        status=201,
        reply=ReconciliationReply,
        refusals=(StoreNotFound, StoreMismatch, WrongCurrency),
        example=EXAMPLE,
    )
    def post(self, call: edge.Call, body: ReconciliationBody) -> ReconciliationReply:
        """Compare a store's day with its till.

        By receipt, or by number and total alone. Nothing is changed: differences are listed, kept and shown to
        finance. The same day with the same content is compared once and answers the first result.
        """
        store = call.writes_store(body.store)
        currency = policies.current().currency
        if body.currency not in (None, currency):
            raise WrongCurrency(f"The programme's currency is {currency}.")
        statement = reconciliation.Statement(
            rows=_rows(body, store, currency), content=json.encode(body, enc_hook=str), source="api"
        )
        done = reconciliation.reconcile(statement=statement, actor=call.actor)
        return _reply(done.reconciliation, repeated=done.repeated)


class OneReconciliation(edge.View):
    """`/reconciliations/{id}`."""

    @edge.get(scope="manage", reply=ReconciliationReply, refusals=(NotFound,))
    def get(self, call: edge.Call, reconciliation_id: UUID) -> ReconciliationReply:
        """Read what came out of a comparison made over the API."""
        found = Reconciliation.objects.filter(pk=reconciliation_id, source="api")
        if call.store is not None:
            found = found.filter(days__store=call.store)
        made = found.first()
        if made is None:
            raise NotFound
        return _reply(made, repeated=False)


def _rows(body: ReconciliationBody, store: Store, currency: str) -> list[reconciliation.Row]:
    if body.receipts is not None:
        if body.count is not None or body.total is not None:
            raise fields.wrong("receipts", "not_allowed", "Receipts, or count and total: not both.")
        return _receipts(body.receipts, store, body.day, currency)
    if body.count is None or body.total is None:
        missing = "count" if body.count is None else "total"
        raise fields.wrong(missing, "required", "Send receipts, or both count and total.")
    minor = fields.money(body.total, currency, field="total")
    return [reconciliation.Row(1, store, body.day, minor, count=body.count)]


def _receipts(receipts: list[ReceiptBody], store: Store, day: fields.Day, currency: str) -> list[reconciliation.Row]:
    rows, seen = [], set()
    for place, one in enumerate(receipts):
        if one.receipt in seen:
            raise fields.wrong(f"receipts[{place}].receipt", "duplicate", "This receipt stands in the list twice.")
        seen.add(one.receipt)
        sign, digits = (-1, one.amount[1:]) if one.amount.startswith("-") else (1, one.amount)
        minor = sign * fields.money(digits, currency, field=f"receipts[{place}].amount")
        rows.append(reconciliation.Row(place + 1, store, day, minor, receipt=one.receipt))
    return rows


def _reply(made: Reconciliation, *, repeated: bool) -> ReconciliationReply:
    day = ReconciledDay.objects.select_related("store").get(reconciliation=made)

    def text(minor: int | None) -> str | None:
        return None if minor is None else money.text(minor, made.currency)

    differences: list[Any] = list(day.differences.order_by("receipt", "what")[:SHOWN])
    return ReconciliationReply(
        id=made.pk,
        store=day.store.code,
        day=day.day.isoformat(),
        agrees=day.agrees,
        theirs=Side(day.theirs_count, money.text(day.theirs_minor, made.currency)),
        ours=Side(day.ours_count, money.text(day.ours_minor, made.currency)),
        differences=[
            DifferenceReply(one.receipt, one.what, text(one.theirs_minor), text(one.ours_minor), one.sale_id)
            for one in differences
        ],
        differences_total=day.differences.count(),
        returns=made.returns,
        repeated=repeated,
    )
