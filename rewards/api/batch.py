"""Sales of offline tills: up to 1,000 at once, each its own fact, and the whole upload as often as one likes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from loyalty import policies
from loyalty.api import bodies as strict
from loyalty.api import edge, idempotency, problems
from loyalty.api.idempotency import Answer, Attempt
from loyalty.errors import DuplicateReceipt, FieldError, Refusal, TooOld
from members import locks
from rewards import earning, offline, refusals

from . import bodies, known, waves
from .redemptions import reachable
from .sales import shown

MOST_ITEMS = 1000
LIMIT = 8 * strict.MIB
_canonical = msgspec.json.Encoder(order="sorted").encode
_encode = msgspec.json.Encoder(enc_hook=str).encode
Key = Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$(?!\n)")]


class ItemBody(msgspec.Struct, forbid_unknown_fields=True):
    """One sale as the till kept it; `key` is its Idempotency-Key."""

    key: Key
    kind: Literal["sale"]
    sale: bodies.SaleBody
    sequence: Annotated[int, msgspec.Meta(ge=0, le=2**53)] | None = None


_item = strict.decoder(ItemBody)
_ITEM_SCHEMA = {
    "properties": {
        "key": {"type": "string", "description": "The item's Idempotency-Key, 1 to 255 visible ASCII characters."},
        "sequence": {
            "anyOf": [{"type": "integer", "minimum": 0}, {"type": "null"}],
            "description": "Its place in the till's own order; items run in this order.",
        },
        "kind": {"enum": ["sale"]},
        "sale": {"type": "object", "description": "The body of POST /sales."},
    }
}


class BatchBody(msgspec.Struct, forbid_unknown_fields=True):
    """What a till kept while it had no network. Each item is read by itself, so one that is wrong stops no other."""

    device: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    items: Annotated[
        list[Annotated[dict[str, Any], msgspec.Meta(extra_json_schema=_ITEM_SCHEMA)]],
        msgspec.Meta(min_length=1, max_length=MOST_ITEMS),
    ]


class ItemAnswered(msgspec.Struct, omit_defaults=True):
    """What became of one item: its `sale`, as POST /sales answers, or its `problem`."""

    key: str | None
    status: Literal["applied", "replayed", "refused"]
    sale: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    problem: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class BatchAnswered(msgspec.Struct):
    """One result for each item, in the order sent, and how many there are of each."""

    results: list[ItemAnswered]
    applied: int
    replayed: int
    refused: int


@dataclass(slots=True)
class _Item:
    """An item that can be read, with its place in the batch."""

    place: int
    body: ItemBody
    attempt: Attempt


class Batch(edge.View):
    """What offline tills send in."""

    @edge.post(
        scope="sales",
        body=BatchBody,
        key=False,
        transaction=False,
        limit=LIMIT,
        example={
            "device": "till-3",
            "items": [
                {
                    "key": "t3-812",
                    "sequence": 812,
                    "kind": "sale",
                    "sale": {
                        "store": "main",
                        "receipt": "R-812",
                        "member": {"card": "9801234567890128"},
                        "total": "12.50",
                        "lines": [{"sku": "BEANS", "amount": "12.50"}],
                    },
                }
            ],
        },
        reply=BatchAnswered,
    )
    def post(self, call: edge.Call, body: BatchBody) -> dict[str, Any]:
        """Send in what a till sold while it had no network, up to 1,000 sales.

        Each item is answered `applied`, `replayed` (known by its key or by its receipt with the same content: nothing
        happened) or `refused` with its problem, in the order sent; they run in the order of `sequence`, and a refused
        one stops nothing. Rules and tiers are those of each sale's own time. The whole batch may be sent again as
        often as it takes, without an Idempotency-Key: keys of items are of the same kind as Idempotency-Keys.
        """
        results: list[dict[str, Any]] = [{}] * len(body.items)
        readable: list[_Item] = []
        for place, raw in enumerate(body.items):
            try:
                readable.append(_read(call, place, raw))
            except Refusal as refusal:
                results[place] = _refused(_key(raw), _problem(call, refusal))
        for item, result in _run(call, body.device, _in_order(readable)):
            results[item.place] = result
        counted = Counter(result["status"] for result in results)
        _note(call, body, results, counted["replayed"])
        return {"results": results, **{status: counted[status] for status in ("applied", "replayed", "refused")}}


def _note(call: edge.Call, body: BatchBody, results: Sequence[dict[str, Any]], replayed: int) -> None:
    """Keep how far the till is, and what a person must look at."""
    refused, taken = [], []
    for raw, result in zip(body.items, results, strict=True):
        if result["status"] != "refused":
            taken.append(result["key"])
        elif result["key"]:
            refused.append(_conflict(raw, msgspec.json.decode(result["problem"])))
    numbers = [number for raw in body.items if type(number := raw.get("sequence")) is int and 0 <= number < 2**53]
    offline.uploaded(
        client=call.client,
        device=body.device,
        last_sequence=max(numbers, default=None),
        applied=taken,
        replayed=replayed,
        refused=refused,
    )


def _conflict(raw: Mapping[str, Any], problem: Mapping[str, Any]) -> offline.Refused:
    """A refused item in the till's own words, as far as they are words."""
    found = raw.get("sale")
    sale = found if isinstance(found, dict) else {}

    def word(name: str, most: int) -> str:
        value = sale.get(name)
        return value.replace("\0", "")[:most] if isinstance(value, str) else ""

    number = raw.get("sequence")
    return offline.Refused(
        key=str(raw["key"]).replace("\0", "")[:255],
        code=problem["code"],
        detail=problem["detail"],
        sequence=number if type(number) is int and 0 <= number < 2**53 else None,
        store=word("store", 60),
        receipt=word("receipt", 100),
        amount=word("total", 40),
        occurred_at=word("occurred_at", 40),
    )


def _read(call: edge.Call, place: int, raw: Mapping[str, Any]) -> _Item:
    """An item with its key and fingerprint, its JSON with sorted keys. Raises InvalidBody."""
    text = _canonical(raw)
    body: ItemBody = strict.parse(text, _item)
    return _Item(
        place, body, Attempt(call.client.pk, body.key, idempotency.fingerprint("POST", "/sales/batch#item", text))
    )


def _in_order(items: Iterable[_Item]) -> Sequence[_Item]:
    """By the till's own sequence; those without one where they stand."""
    last, ordered = 0, []
    for item in items:
        last = item.body.sequence if item.body.sequence is not None else last
        ordered.append((last, item.place, item))
    return [item for _, _, item in sorted(ordered, key=lambda one: one[:2])]


def _run(call: edge.Call, device: str, items: Sequence[_Item]) -> Iterator[tuple[_Item, dict[str, Any]]]:
    """Items in their order, many at a time where nothing stands against it."""
    for wave in waves.cut(items, _who) if waves.possible() else [[item] for item in items]:
        answers = _together(call, device, wave)
        if answers is None:
            yield from ((item, _answer(call, device, item)) for item in wave)
        else:
            yield from zip(wave, answers, strict=True)


def _who(item: _Item) -> object:
    member = item.body.sale.member
    return bytes(msgspec.msgpack.encode(member)) if member else None


def _together(call: edge.Call, device: str, wave: Sequence[_Item]) -> list[dict[str, Any]] | None:
    """A wave's results, or None where it must go one by one."""
    if len(wave) == 1 or len({item.attempt.key for item in wave}) < len(wave):
        return None

    def selling(item: _Item) -> waves.Work:
        return lambda found: _sell(call, device, item.body, found)

    try:
        asked = [
            (item.attempt, bodies.named(item.body.sale.member) if item.body.sale.member else None, selling(item))
            for item in wave
        ]
    except Refusal:
        return None
    answers = waves.together(asked)
    if answers is None:
        return None
    return [
        _result(item.body.key, answer, "replayed" if answer.replayed else "applied")
        for item, answer in zip(wave, answers, strict=True)
    ]


def _answer(call: edge.Call, device: str, item: _Item) -> dict[str, Any]:
    """One item in a transaction of its own, with its stored reply."""

    def refused(refusal: Refusal) -> Answer:
        return Answer(refusal.status, problems.CONTENT_TYPE, _problem(call, refusal), None)

    again: list[UUID] = []

    def work() -> Answer:
        again.clear()
        try:
            member = item.body.sale.member
            with refusals.explained(
                operation="sale",
                member=bodies.named(member) if member else None,
                reference=item.body.sale.receipt,
                store=item.body.sale.store,
            ):
                return _sell(call, device, item.body, None)
        except DuplicateReceipt as duplicate:
            if not duplicate.same:
                raise
            again.append(UUID(str(duplicate.extra["sale"])))
            return known.answer(again[0])
        except Refusal as refusal:  # its fields are those of the item
            refusal.errors = tuple(replace(error, field=f"sale.{error.field}") for error in refusal.errors)
            raise

    try:
        answer = edge.outermost(lambda: idempotency.once(item.attempt, work, refused=refused, gather=True))
    except Refusal as refusal:
        return _refused(item.body.key, _problem(call, refusal))
    return _result(item.body.key, answer, "replayed" if answer.replayed or again else "applied")


def _sell(call: edge.Call, device: str, body: ItemBody, found: locks.Locked | None) -> Answer:
    """One sale, of the member locked already or still to be found."""
    sale, programme = body.sale, policies.current()
    receipt = bodies.receipt(sale, call, programme)
    oldest = call.now - timedelta(days=programme.offline.max_age_days)
    if receipt.basket.occurred_at < oldest:
        detail = f"Offline sales are accepted for {programme.offline.max_age_days} days."
        raise TooOld(detail, errors=(FieldError("occurred_at", TooOld.code, detail),))
    reachable(call, *sale.redemptions)
    receipt = replace(receipt, device=receipt.device or device, sequence=_first(receipt.sequence, body.sequence))
    member = found or (bodies.named(sale.member) if sale.member else None)
    sold = earning.record_sale(receipt=receipt, member=member, redemptions=sale.redemptions, actor=call.actor)
    return Answer(201, edge.JSON, _encode(shown(sold)), sold.member.pk if sold.member else None)


def _first(*numbers: int | None) -> int | None:
    return next((number for number in numbers if number is not None), None)


def _problem(call: edge.Call, refusal: Refusal) -> bytes:
    return problems.encode(refusal, request_id=call.request_id, request=call.request)


def _result(key: str, answer: Answer, status: str) -> dict[str, Any]:
    if answer.status >= 300:
        return _refused(key, answer.body)
    return {"key": key, "status": status, "sale": msgspec.Raw(answer.body)}


def _refused(key: str | None, problem: bytes) -> dict[str, Any]:
    return {"key": key, "status": "refused", "problem": msgspec.Raw(problem)}


def _key(raw: Mapping[str, Any]) -> str | None:
    key = raw.get("key")
    return key if isinstance(key, str) else None
