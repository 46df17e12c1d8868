"""What is typed at the till, and the body of the API call it becomes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from loyalty import money

LINES = 6
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")


def token() -> str:
    """What a form carries so that sending it twice is one deed."""
    return uuid4().hex


def typed(text: str) -> str:
    """An amount or a number as typed, in the API's spelling: ￥1,980 and １９８０ are 1980."""
    plain = unicodedata.normalize("NFKC", text).strip().lstrip("¥$€£").replace(" ", "").rstrip("円")
    return plain.replace(",", "") if _GROUPED.fullmatch(plain) else plain


def identity(text: str) -> list[dict[str, str]]:
    """Bodies of look-ups to try, in this order, for what was scanned or typed."""
    asked = text.strip()
    if not asked:
        return []
    if "@" in asked:
        return [{"email": asked}]
    return [{"card": asked}, {"phone": asked}, {"external_id": asked}]


def lines(posted: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The lines that were filled in; with only an amount, one line of it."""
    found = []
    for place in range(1, LINES + 1):
        amount = typed(str(posted.get(f"amount-{place}", "")))
        if not amount:
            continue
        line: dict[str, Any] = {"amount": amount}
        if name := str(posted.get(f"name-{place}", "")).strip():
            line["name"] = name[:200]
        if sku := str(posted.get(f"sku-{place}", "")).strip():
            line["sku"] = sku[:100]
        if category := str(posted.get(f"category-{place}", "")).strip():
            line["category"] = category[:100]
        found.append(line)
    if not found and (amount := typed(str(posted.get("amount", "")))):
        found.append({"amount": amount})
    return found


def sale(posted: Mapping[str, Any], *, store: str, member: str, currency: str) -> dict[str, Any]:
    """The body of `POST /sales`. The total is the sum of the lines; the form's token is a receipt number."""
    rows = lines(posted)
    receipt = str(posted.get("receipt", "")).strip() or f"T-{str(posted.get('token', ''))[:12]}"
    return {
        "store": store,
        "receipt": receipt[:100],
        "member": {"id": member},
        "currency": currency,
        "total": total(rows, currency),
        "lines": rows,
        "channel": "store",
        "device": "till page",
    }


def total(rows: list[dict[str, Any]], currency: str) -> str:
    """The sum of the lines; what is no amount is left to the API to refuse."""
    try:
        return money.text(sum(money.minor(row["amount"], currency) for row in rows), currency)
    except ValueError:
        return rows[0]["amount"] if rows else ""


def points(text: str) -> int | str:
    """A number of points, or the text itself for the API to refuse."""
    plain = typed(text)
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) < 12 else plain
