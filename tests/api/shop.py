"""A small shop of calls that exist only in tests: they write real rows (accounts), so that effects can be counted."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from django.urls import path

from loyalty import rows
from loyalty.api import edge, fields, pagination
from loyalty.errors import InsufficientPoints, NotFound
from loyalty.models import Account
from loyalty.urls import urlpatterns as real_urlpatterns


class Line(msgspec.Struct, forbid_unknown_fields=True):
    """A line of the basket."""

    amount: fields.MoneyText
    quantity: fields.QuantityText = 1
    name: fields.Name | None = None


class BasketBody(msgspec.Struct, forbid_unknown_fields=True):
    """One field of each kind."""

    points: fields.PositivePoints
    store: fields.Code | None = None
    total: fields.MoneyText | None = None
    lines: Annotated[list[Line], msgspec.Meta(max_length=500)] = []
    at: fields.Time | None = None
    day: fields.Day | None = None
    member: UUID | None = None
    mode: Literal["hold", "settle"] = "hold"
    flag: bool = False
    note: fields.Note = ""
    attributes: dict[str, Any] = {}


class OpenedReply(msgspec.Struct):
    """What an opening answers."""

    id: UUID
    points: int


class PageQuery(pagination.Page, forbid_unknown_fields=True):
    """A page of accounts."""

    minimum: fields.Points = 0


HOOKS: dict[str, Any] = {}  # what a test wants to happen inside the work


class Accounts(edge.View):
    """Opens an account for each request."""

    @edge.post(scope="sales", body=BasketBody, status=201, reply=OpenedReply, refusals=(InsufficientPoints,))
    def post(self, call: edge.Call, body: BasketBody) -> OpenedReply:
        """Open an account.

        One row is written, whose `lifetime_earned` is the points.
        """
        if body.store is not None:
            call.writes_store(body.store)
        call.about(body.member)
        account = Account.objects.create(lifetime_earned=body.points)
        for index, line in enumerate(body.lines):
            fields.money(line.amount, "USD", field=f"lines[{index}].amount")
            fields.quantity(line.quantity, field=f"lines[{index}].quantity")
        if hook := HOOKS.get("post"):
            hook(body)
        return OpenedReply(account.pk, body.points)

    @edge.get(scope="members:read", query=PageQuery)
    def get(self, call: edge.Call, query: PageQuery) -> dict[str, Any]:
        """List accounts."""
        accounts = Account.objects.filter(lifetime_earned__gte=query.minimum)
        return pagination.page(
            accounts, query, order="id", show=lambda account: {"id": account.pk, "points": account.lifetime_earned}
        )


class OneAccount(edge.View):
    """Reads one."""

    @edge.get(scope="members:read")
    def get(self, call: edge.Call, account_id: UUID) -> dict[str, Any]:
        """Show an account."""
        account = Account.objects.filter(pk=account_id).first()
        if account is None:
            raise NotFound
        return {"id": account.pk}


class Echo(edge.View):
    """Writes nothing."""

    @edge.post(scope="activity", body=BasketBody, key=False)
    def post(self, call: edge.Call, body: BasketBody) -> dict[str, Any]:
        """Say what was understood."""
        return {"body": body, "actor": call.actor, "store": call.store and call.store.code}


class Gathered(edge.View):
    """Writes through `rows`, in one statement with its reply."""

    @edge.post(scope="sales", body=BasketBody, status=201, gather=True)
    def post(self, call: edge.Call, body: BasketBody) -> dict[str, Any]:
        """Open an account in one statement."""
        account = Account(lifetime_earned=body.points)
        rows.write(account)
        return {"id": account.pk}


urlpatterns = [
    path("api/v1/test/gathered", Gathered.as_view()),
    path("api/v1/test/accounts", Accounts.as_view()),
    path("api/v1/test/accounts/<uuid:account_id>", OneAccount.as_view()),
    path("api/v1/test/echo", Echo.as_view()),
    *real_urlpatterns,
]
