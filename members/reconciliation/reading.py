"""Reading a POS's CSV: every row right, or none is taken and each wrong one is named by its line.

Columns `store,day,receipt,amount` (one row a receipt) or `store,day,count,total` (one row a day), in any order, with a
head; comma or semicolon; UTF-8 with or without a mark. An amount below zero is a return.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from loyalty import money
from loyalty.models import Store

MOST_BYTES = 10 * 1024 * 1024
MOST_ROWS = 100_000
SHOWN = 100  # wrong rows named; the count tells of the rest
LONGEST = 100
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_COUNT = re.compile(r"\d{1,7}", re.ASCII)
RECEIPTS, TOTALS = ("store", "day", "receipt", "amount"), ("store", "day", "count", "total")


@dataclass(frozen=True)
class Row:
    """One line of a statement. Without a receipt it is the total of a day, and `count` how many receipts that is."""

    line: int
    store: Store
    day: date
    minor: int
    receipt: str = ""
    count: int | None = None


@dataclass(frozen=True)
class RowError:
    """What is wrong with one line. `code`: columns, store, day, money, decimals, receipt, count, twice."""

    line: int
    column: str
    code: str


class Unreadable(ValueError):  # noqa: N818  (an answer, not a fault)
    """Nothing was taken. `code`: too_large, not_utf8, not_csv, head, empty, too_many, mixed or rows."""

    def __init__(self, code: str, errors: tuple[RowError, ...] = (), wrong: int = 0) -> None:
        super().__init__(code)
        self.code = code
        self.errors = errors
        self.wrong = wrong


def read(content: bytes, *, currency: str) -> list[Row]:
    """The rows of a file. Raises Unreadable, with what is wrong line by line."""
    lines = _lines(content)
    head = [name.strip().lower() for name in next(lines, (0, []))[1]]
    shape = next((one for one in (RECEIPTS, TOTALS) if sorted(one) == sorted(head)), None)
    if shape is None:
        raise Unreadable("head")
    stores = {store.code: store for store in Store.objects.all()}
    rows: list[Row] = []
    errors: list[RowError] = []
    seen: set[tuple[str, ...]] = set()
    for number, cells in lines:
        if len(rows) + len(errors) >= MOST_ROWS:
            raise Unreadable("too_many")
        if not any(cell.strip() for cell in cells):
            continue
        found = _row(number, dict(zip(head, cells, strict=False)), len(cells) == len(head), stores, currency)
        if isinstance(found, Row):
            key = (found.store.code, found.receipt) if found.receipt else (found.store.code, found.day.isoformat())
            if key in seen:
                found = RowError(number, "receipt" if found.receipt else "day", "twice")
            seen.add(key)
        if isinstance(found, Row):
            rows.append(found)
        else:
            errors.append(found)
    if errors:
        raise Unreadable("rows", tuple(errors[:SHOWN]), len(errors))
    if not rows:
        raise Unreadable("empty")
    return rows


def _lines(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of each record. Raises Unreadable for what is no text or no CSV."""
    if len(content) > MOST_BYTES:
        raise Unreadable("too_large")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable("not_utf8") from None
    if "\0" in text:
        raise Unreadable("not_csv")
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if first.count(";") > first.count(",") else ",")
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error:
        raise Unreadable("not_csv") from None


def _row(line: int, cells: dict[str, str], whole: bool, stores: dict[str, Store], currency: str) -> Row | RowError:
    if not whole:
        return RowError(line, "", "columns")
    given = {name: text.strip() for name, text in cells.items()}
    store = stores.get(given["store"])
    if store is None:
        return RowError(line, "store", "store")
    day = _day(given["day"])
    if day is None:
        return RowError(line, "day", "day")
    column = "amount" if "amount" in given else "total"
    minor = _minor(given[column], currency)
    if isinstance(minor, str):
        return RowError(line, column, minor)
    if column == "amount":
        if not 0 < len(given["receipt"]) <= LONGEST:
            return RowError(line, "receipt", "receipt")
        return Row(line, store, day, minor, receipt=given["receipt"])
    if not _COUNT.fullmatch(given["count"]):
        return RowError(line, "count", "count")
    return Row(line, store, day, minor, count=int(given["count"]))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) and "1900" <= text < "2999" else None
    except ValueError:
        return None


def _minor(text: str, currency: str) -> int | str:
    """Minor units, or the code of what is wrong."""
    sign, digits = (-1, text[1:]) if text.startswith(("-", "\u2212")) else (1, text)
    try:
        return sign * money.minor(digits, currency)
    except money.TooManyDecimalsError:
        return "decimals"
    except money.NotMoneyError:
        return "money"
