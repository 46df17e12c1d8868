"""The stored sales of a range of members, as the rules see them: few columns, no model instances."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import msgspec
import psycopg
from django.db import connection

from loyalty.models import Store
from rewards import rules

from .replay import Bought, Buyer

AT_ONCE = 5_000  # rows fetched together
MOST_KNOWN = 50_000  # lines kept for those that look the same

_BUYERS = """
SELECT m.id, m.enrolled_at, p.birthday, nullif(m.attributes, '{}'::jsonb)::text, s.spend, s.purchases, s.last
  FROM members_member m
  LEFT JOIN members_profile p ON p.member_id = m.id
  LEFT JOIN (SELECT member_id, sum(total_minor)::bigint AS spend, count(*) AS purchases, max(occurred_at) AS last
               FROM members_sale
              WHERE member_id BETWEEN %(first)s AND %(last)s AND status = 'sold' AND occurred_at < %(since)s
                AND recorded_at <= %(known)s
              GROUP BY member_id) s ON s.member_id = m.id
 WHERE m.id BETWEEN %(first)s AND %(last)s
"""
WITHIN = """s.member_id IS NOT NULL AND s.status = 'sold' AND s.currency = %(currency)s
   AND s.occurred_at >= %(since)s AND s.occurred_at < %(until)s AND s.recorded_at <= %(known)s"""
_SALES = f"""
SELECT s.id, s.member_id, s.occurred_at, s.store_id, s.total_minor, s.channel, nullif(s.details, '{{}}'::jsonb)::text,
       l.number, l.amount_minor, l.tax_minor, (l.quantity * 1000)::bigint, l.sku, l.category,
       nullif(l.labels, '[]'::jsonb)::text, l.kind, l.status = 'sold', l.discount_minor
  FROM members_sale s JOIN members_saleline l ON l.sale_id = s.id
 WHERE s.member_id BETWEEN %(first)s AND %(last)s AND {WITHIN}
 ORDER BY s.member_id, s.occurred_at, s.id, l.number
"""


@dataclass(frozen=True, slots=True)
class Part:
    """Which sales: of a range of members, in a period, as they were known when the run began."""

    first: UUID
    last: UUID  # included
    since: datetime | None
    until: datetime | None
    known: datetime
    currency: str

    def parameters(self) -> dict[str, Any]:
        """For the statements above; an open end is PostgreSQL's infinity."""
        return {
            "first": self.first,
            "last": self.last,
            "since": self.since or "-infinity",
            "until": self.until or "infinity",
            "known": self.known,
            "currency": self.currency,
        }


class _Details(msgspec.Struct):
    discounts: tuple[rules.Discount, ...] = ()
    tenders: tuple[rules.Tender, ...] = ()


_details = msgspec.json.Decoder(_Details).decode
_labels = msgspec.json.Decoder(tuple[str, ...]).decode
_attributes = msgspec.json.Decoder(dict[str, Any]).decode


def buyers(part: Part) -> dict[UUID, Buyer]:
    """The members of the part as they stood when the period began."""
    with _cursor() as cursor:
        cursor.execute(_BUYERS, part.parameters())
        return {
            row[0]: Buyer(
                id=row[0],
                enrolled_at=row[1],
                birthday=row[2],
                attributes=_attributes(row[3]) if row[3] else {},
                spend_minor=row[4] or 0,
                purchases=row[5] or 0,
                last_sale_at=row[6],
            )
            for row in cursor
        }


def sales(part: Part) -> Iterator[tuple[UUID, list[Bought]]]:
    """Each member of the part with the sales of the period, in the order in which they happened. In a transaction."""
    reader = _Reader(part.currency)
    member: UUID | None = None
    found: list[Bought] = []
    for head, rows in _grouped(part):
        if head[1] != member:
            if member is not None:
                yield member, found
            member, found = head[1], []
        found.append(reader.bought(head, rows))
    if member is not None:
        yield member, found


def _grouped(part: Part) -> Iterator[tuple[tuple[Any, ...], list[tuple[Any, ...]]]]:
    """The first seven columns of each sale, and the rest of each of its lines."""
    head: tuple[Any, ...] = ()
    rest: list[tuple[Any, ...]] = []
    with _cursor("what_if") as cursor:
        cast(psycopg.ServerCursor[Any], cursor).itersize = AT_ONCE
        cursor.execute(_SALES, part.parameters())
        for row in cursor:
            if head and row[0] == head[0]:
                rest.append(row[7:])
                continue
            if head:
                yield head, rest
            head, rest = row[:7], [row[7:]]
    if head:
        yield head, rest


class _Reader:
    """Makes baskets of rows; lines that look the same are one object."""

    def __init__(self, currency: str) -> None:
        self.currency = currency
        found = Store.objects.values_list("pk", "code", "group")
        self.stores = {pk: (code, group) for pk, code, group in found}
        self.lines: dict[tuple[Any, ...], rules.Line] = {}

    def bought(self, head: tuple[Any, ...], rows: list[tuple[Any, ...]]) -> Bought:
        """One sale."""
        sale, _, at, store, total_minor, channel, text = head
        details = _details(text) if text else None
        code, group = self.stores.get(store, ("", ""))
        basket = rules.Basket(
            lines=tuple([self.lines.get(row) or self.line(row) for row in rows]),
            occurred_at=at,
            currency=self.currency,
            discounts=details.discounts if details else (),
            tenders=details.tenders if details else (),
            store=code,
            store_group=group,
            channel=channel,
        )
        return Bought(sale, basket, total_minor)

    def line(self, row: tuple[Any, ...]) -> rules.Line:
        """One line."""
        number, amount, tax, quantity, sku, category, labels, kind, sold, discount = row
        line = rules.Line(
            number=number,
            amount_minor=amount,
            tax_minor=tax,
            quantity_milli=quantity,
            sku=sku,
            category=category,
            labels=_labels(labels) if labels else (),
            kind=kind,
            sold=sold,
            discount_minor=discount,
        )
        if len(self.lines) < MOST_KNOWN:
            self.lines[row] = line
        return line


def _cursor(name: str | None = None) -> psycopg.Cursor[tuple[Any, ...]]:
    """A cursor of psycopg itself on Django's connection, with values in binary."""
    connection.ensure_connection()
    raw = connection.connection
    found: psycopg.Cursor[tuple[Any, ...]] = raw.cursor(name, binary=True) if name else raw.cursor(binary=True)
    return found
