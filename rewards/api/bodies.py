"""The body of a sale, and the receipt it becomes."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from loyalty.api import edge, fields
from loyalty.errors import FieldError, RewardNotAvailable, WrongCurrency
from loyalty.policies import Policies
from members import activity
from members.api.references import MemberRef
from rewards import rules
from rewards.earning import Receipt

Text = Annotated[str, msgspec.Meta(max_length=100)]
Number = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class SaleLineBody(msgspec.Struct, forbid_unknown_fields=True):
    """A line of the receipt; `amount` after its own `discount`, tax included."""

    amount: fields.MoneyText
    line: Number | None = None  # default: its place in the list
    sku: Text = ""
    name: Annotated[str, msgspec.Meta(max_length=200)] = ""
    category: Text = ""
    labels: Annotated[list[fields.Label], msgspec.Meta(max_length=50)] = []
    quantity: fields.QuantityText = 1
    tax: fields.MoneyText = "0"
    discount: fields.MoneyText = "0"
    kind: Literal["item", "shipping", "fee"] = "item"
    status: Literal["sold", "voided"] = "sold"


class DiscountBody(msgspec.Struct, forbid_unknown_fields=True):
    """A discount of the till that is not yet in the lines."""

    amount: fields.MoneyText
    lines: Annotated[list[Number], msgspec.Meta(max_length=500)] = []
    code: Text = ""


class TenderBody(msgspec.Struct, forbid_unknown_fields=True):
    """How a part of the sale was paid."""

    kind: Literal["cash", "card", "points", "gift_card", "stored_value", "other"]
    amount: fields.MoneyText


class QuoteBody(msgspec.Struct, forbid_unknown_fields=True):
    """A basket: `total` and `receipt` may be left out."""

    store: fields.Code
    lines: Annotated[list[SaleLineBody], msgspec.Meta(min_length=1, max_length=500)]
    total: fields.MoneyText | None = None
    receipt: fields.Label | None = None
    member: MemberRef | None = None
    occurred_at: fields.Time | None = None
    currency: fields.Currency | None = None
    discounts: Annotated[list[DiscountBody], msgspec.Meta(max_length=100)] = []
    tenders: Annotated[list[TenderBody], msgspec.Meta(max_length=100)] = []
    apply: Annotated[list[dict[str, Any]], msgspec.Meta(max_length=100)] = []
    redemptions: Annotated[list[UUID], msgspec.Meta(max_length=20)] = []
    channel: Annotated[str, msgspec.Meta(min_length=1, max_length=20)] = "store"
    device: Annotated[str, msgspec.Meta(max_length=60)] = ""
    sequence: Annotated[int, msgspec.Meta(ge=0, le=2**53)] | None = None


class SaleBody(QuoteBody, forbid_unknown_fields=True, kw_only=True):
    """A receipt as the till reports it."""

    receipt: fields.Label
    total: fields.MoneyText


def named(member: MemberRef) -> dict[str, Any]:
    """How a body names a member, as keywords of `members.locks.lock`. Raises InvalidBody, MemberNotFound."""
    given = {name: value for name in member.__struct_fields__ if (value := getattr(member, name)) is not None}
    if len(given) != 1 or "token" in given:
        member.find()  # says what is wrong
    return given


def receipt(body: QuoteBody, call: edge.Call, programme: Policies) -> Receipt:
    """The receipt a body describes. Raises the refusals of its store, currency and amounts."""
    currency = programme.currency
    if body.currency is not None and body.currency != currency:
        detail = f"This programme counts in {currency}, not {body.currency}."
        raise WrongCurrency(detail, errors=(FieldError("currency", WrongCurrency.code, detail),))
    if body.apply:
        raise RewardNotAvailable("This programme has no rewards to apply to a sale.")
    store = call.writes_store(body.store, body.occurred_at)
    basket = rules.Basket(
        lines=tuple(_line(line, i, currency) for i, line in enumerate(body.lines)),
        occurred_at=body.occurred_at or call.now,
        currency=currency,
        discounts=tuple(
            rules.Discount(_money(one.amount, currency, f"discounts[{i}]"), tuple(one.lines), one.code)
            for i, one in enumerate(body.discounts)
        ),
        tenders=tuple(
            rules.Tender(one.kind, _money(one.amount, currency, f"tenders[{i}]")) for i, one in enumerate(body.tenders)
        ),
        store=store.code,
        store_group=store.group,
        channel=body.channel,
    )
    if body.total is None:
        total = sum(line.amount_minor for line in basket.lines if line.sold)
        total = max(total - sum(discount.amount_minor for discount in basket.discounts), 0)
    else:
        total = fields.money(body.total, currency, field="total")
    return Receipt(
        store=store,
        number=body.receipt or "",
        basket=basket,
        total_minor=total,
        device=body.device,
        sequence=body.sequence,
        content_hash=activity.content_hash(body),
    )


def _line(line: SaleLineBody, place: int, currency: str) -> rules.Line:
    where = f"lines[{place}]"
    return rules.Line(
        number=place + 1 if line.line is None else line.line,
        amount_minor=_money(line.amount, currency, where),
        tax_minor=0 if line.tax == "0" else _money(line.tax, currency, where, "tax"),
        quantity_milli=fields.quantity(line.quantity, field=f"{where}.quantity"),
        sku=line.sku,
        category=line.category,
        labels=tuple(line.labels),
        kind=line.kind,
        sold=line.status == "sold",
        name=line.name,
        discount_minor=0 if line.discount == "0" else _money(line.discount, currency, where, "discount"),
    )


def _money(text: str, currency: str, where: str, name: str = "amount") -> int:
    return fields.money(text, currency, field=f"{where}.{name}")
