"""The types of fields in bodies and queries (CONTRACT 1.1), and their conversion to what the rooms use."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, Self

from msgspec import Meta

from loyalty import money as amounts
from loyalty.errors import FieldError, InvalidBody

_END = r"$(?!\n)"  # `$` alone would let a trailing newline pass in Python
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-](0\d|1[0-4]):[0-5]\d)", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
FIRST_YEAR, LAST_YEAR = 1900, 2999  # beyond these a time zone could push an instant out of the calendar


class Time(datetime):
    """An instant: RFC 3339 with an offset, years 1900 to 2999, kept in UTC."""

    @classmethod
    def parse(cls, text: object) -> Self:
        """Raises ValueError for anything that is not such a text."""
        if not isinstance(text, str) or not _TIME.fullmatch(text):
            raise ValueError("not_a_time")
        moment = datetime.fromisoformat(text.upper())
        if not FIRST_YEAR <= moment.year <= LAST_YEAR:
            raise ValueError("out_of_range")
        utc = moment.astimezone(UTC)
        return cls(utc.year, utc.month, utc.day, utc.hour, utc.minute, utc.second, utc.microsecond, tzinfo=UTC)


class Day(date):
    """A calendar day of the programme's zone: YYYY-MM-DD, years 1900 to 2999."""

    @classmethod
    def parse(cls, text: object) -> Self:
        """Raises ValueError for anything that is not such a text."""
        if not isinstance(text, str) or not _DAY.fullmatch(text):
            raise ValueError("not_a_day")
        day = date.fromisoformat(text)
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise ValueError("out_of_range")
        return cls(day.year, day.month, day.day)


MAX_POINTS = 1_000_000_000
Points = Annotated[int, Meta(ge=-MAX_POINTS, le=MAX_POINTS, description="Points, signed; 0 is not valid.")]
PositivePoints = Annotated[int, Meta(ge=1, le=MAX_POINTS, description="Points, at least 1.")]
Count = Annotated[int, Meta(ge=1, le=1_000_000)]
MoneyText = Annotated[
    str,
    Meta(
        title="money",
        pattern=r"^[0-9]{1,12}(\.[0-9]{1,4})?" + _END,
        description="Money as a decimal text, at most the currency's decimals.",
        examples=["19.90"],
        extra={"code": "not_money"},
    ),
]
QuantityText = (
    Annotated[int, Meta(ge=1, le=1_000_000_000)]
    | Annotated[
        str,
        Meta(
            title="decimal text",
            pattern=r"^[0-9]{1,9}(\.[0-9]{1,3})?" + _END,
            description="A whole number, or a decimal text with up to 3 decimals.",
            examples=["0.350"],
            extra={"code": "not_a_quantity"},
        ),
    ]
)
Currency = Annotated[
    str, Meta(title="currency", pattern=r"^[A-Z]{3}" + _END, description="ISO 4217 code.", examples=["USD"])
]
Code = Annotated[str, Meta(min_length=1, max_length=40)]  # of a store, reward, tier, …
Slug = Annotated[
    str,
    Meta(
        max_length=40,
        pattern=r"^[a-z][a-z0-9_-]*" + _END,
        description="A code of the caller's own: a small letter, then small letters, digits, _ and -.",
        extra={"code": "not_a_code"},
    ),
]
Label = Annotated[str, Meta(min_length=1, max_length=100)]  # receipt, SKU, reference, …
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Note = Annotated[str, Meta(max_length=1000)]


def decode_hook(kind: type, value: Any) -> Any:
    """msgspec's hook for the types above that it does not know."""
    if kind is Time:
        return Time.parse(value)
    if kind is Day:
        return Day.parse(value)
    raise NotImplementedError(kind)


def schema_hook(kind: type) -> dict[str, Any]:
    """The JSON schema of the types that msgspec does not know."""
    if kind is Time:
        return {"type": "string", "format": "date-time", "description": "RFC 3339 with an offset."}
    if kind is Day:
        return {"type": "string", "format": "date"}
    raise NotImplementedError(kind)


def wrong(field: str, code: str, detail: str) -> InvalidBody:
    """The refusal (400) of one field."""
    return InvalidBody(detail, errors=(FieldError(field, code, detail),))


def money(text: str, currency: str, *, field: str) -> int:
    """Minor units of a body's amount. Raises InvalidBody naming `field`."""
    try:
        return amounts.minor(text, currency)
    except amounts.TooManyDecimalsError:
        places = amounts.decimals(currency)
        said = f"at most {places} decimal{'s' * (places != 1)}" if places else "no decimals"
        raise wrong(field, "too_many_decimals", f"{currency} has {said}.") from None
    except amounts.NotMoneyError:
        raise wrong(field, "not_money", "Digits with at most one point, such as 19.90.") from None


def quantity(value: int | str, *, field: str) -> int:
    """Thousandths of a body's quantity: 1 is 1000, "0.350" is 350. Raises InvalidBody for 0."""
    if isinstance(value, int):
        return value * 1000
    whole, _, fraction = value.partition(".")
    thousandths = int(whole) * 1000 + int(fraction.ljust(3, "0") or "0")
    if thousandths == 0:
        raise wrong(field, "out_of_range", "A quantity is more than 0.")
    return thousandths


def not_zero(points: int, *, field: str) -> int:
    """The points themselves; raises InvalidBody for 0."""
    if points == 0:
        raise wrong(field, "out_of_range", "0 points change nothing.")
    return points
