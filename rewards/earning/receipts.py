"""What a till reports, and what must be true of it before anything else is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from loyalty import money
from loyalty.errors import (
    FieldError,
    InTheFuture,
    InvalidBody,
    LineNotFound,
    LinesDoNotAddUp,
    Refusal,
    TendersDoNotAddUp,
    TooOld,
    WrongCurrency,
)
from loyalty.models import Store
from loyalty.policies import Policies
from rewards import rules

MOST_MINOR = 10**14  # of one line: sums of many stay within 64 bits
MOST_POINTS = 10**12  # of one sale


@dataclass(frozen=True, slots=True)
class Receipt:
    """One receipt of one store. `number` is unique in its store; `total_minor` is what the customer pays."""

    store: Store
    number: str
    basket: rules.Basket
    total_minor: int
    device: str = ""
    sequence: int | None = None
    content_hash: bytes | None = None  # of what was sent; None: of the receipt itself


def check(receipt: Receipt, programme: Policies, now: datetime) -> None:
    """Raises the refusal of CONTRACT 1.1 that fits first; nothing is read or written."""
    basket = receipt.basket
    if basket.currency != programme.currency:
        raise WrongCurrency(
            f"This programme counts in {programme.currency}, not {basket.currency}.",
            errors=(FieldError("currency", WrongCurrency.code, f"Send {programme.currency}."),),
        )
    _check_time(basket.occurred_at, programme, now)
    numbers = _check_lines(basket.lines)
    total = sum(line.amount_minor for line in basket.lines if line.sold)
    for i, discount in enumerate(basket.discounts):
        total -= discount.amount_minor
        _check_discount(discount, numbers, f"discounts[{i}]")
    if total != receipt.total_minor:
        raise _sum(LinesDoNotAddUp, "The lines less the discounts", total, receipt.total_minor, basket.currency)
    if basket.tenders:
        paid = sum(tender.amount_minor for tender in basket.tenders)
        if paid != receipt.total_minor:
            raise _sum(TendersDoNotAddUp, "The tenders", paid, receipt.total_minor, basket.currency, "tenders")


def check_points(decision: rules.Decision) -> None:
    """Raises InvalidBody for more points than one sale can carry."""
    if decision.points > MOST_POINTS:
        raise _wrong("total", "This would earn more points than one sale can carry.")


def _check_time(occurred_at: datetime, programme: Policies, now: datetime) -> None:
    accepting = programme.accepting
    if occurred_at > now + timedelta(minutes=accepting.future_minutes):
        raise InTheFuture(
            f"Clocks may differ by {accepting.future_minutes} minutes.",
            errors=(FieldError("occurred_at", InTheFuture.code, "This has not happened yet."),),
        )
    if accepting.late_days is not None and occurred_at < now - timedelta(days=accepting.late_days):
        raise TooOld(
            f"Sales are accepted for {accepting.late_days} days.",
            errors=(FieldError("occurred_at", TooOld.code, "This happened too long ago."),),
        )


def _check_lines(lines: tuple[rules.Line, ...]) -> dict[int, int]:
    """Amounts of the sold lines by number."""
    if not lines:
        raise _wrong("lines", "A receipt has at least one line.")
    amounts: dict[int, int] = {}
    seen: set[int] = set()
    for i, line in enumerate(lines):
        if line.number in seen:
            raise _wrong(f"lines[{i}].line", f"There are two lines {line.number}.")
        seen.add(line.number)
        if max(line.amount_minor, line.discount_minor) > MOST_MINOR:
            raise _wrong(f"lines[{i}].amount", "No line costs that much.")
        if line.tax_minor > line.amount_minor:
            raise _wrong(f"lines[{i}].tax", "The tax is a part of the amount.")
        if line.sold:
            amounts[line.number] = line.amount_minor
    return amounts


def _check_discount(discount: rules.Discount, amounts: dict[int, int], place: str) -> None:
    for number in discount.lines:
        if number not in amounts:
            detail = f"There is no sold line {number}."
            raise LineNotFound(detail, errors=(FieldError(f"{place}.lines", LineNotFound.code, detail),))
    if discount.lines:
        left = sum(amounts[number] for number in set(discount.lines))
        if discount.amount_minor > left:
            detail = "The discount is more than its lines cost."
            raise LinesDoNotAddUp(detail, errors=(FieldError(f"{place}.amount", LinesDoNotAddUp.code, detail),))


def _sum(kind: type[Refusal], what: str, found: int, total: int, currency: str, field: str = "total") -> Refusal:
    negative, amount = ("−", -found) if found < 0 else ("", found)
    text = f"{negative}{money.text(amount, currency)}"
    detail = f"{what} are {text}; the total is {money.text(total, currency)}."
    return kind(detail, errors=(FieldError(field, kind.code, detail),))


def _wrong(field: str, detail: str) -> InvalidBody:
    return InvalidBody(detail, errors=(FieldError(field, "out_of_range", detail),))
