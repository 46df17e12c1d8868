"""The rows of the activity: every movement with its reason and its receipt, and purchases that earned nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from loyalty import clock, policies
from loyalty.models import Entry, Kind, LotMovement
from loyalty.policies import Policies, localised
from members.models import Member, Sale, SaleLine
from members.portal import formats
from rewards.portal import corrected, receipts, words

SHOWN = {
    "earned": (Kind.EARN, Kind.TRANSFER_IN),
    "spent": (Kind.REDEEM, Kind.GIVE_BACK, Kind.TRANSFER_OUT),
    "expired": (Kind.EXPIRE, Kind.FORFEIT),
    "other": (Kind.RETURN, Kind.WRITE_OFF, Kind.ADJUST, Kind.REVERSE, Kind.REINSTATE),
}


@dataclass(frozen=True)
class Activity:
    """One row."""

    key: str
    at: datetime
    day: str
    under: str
    month: str
    title: str
    why: str
    points: str
    gained: bool
    balance: str  # empty for what moved nothing
    receipt: receipts.Receipt


def entries(account_id: UUID, *, show: str = "", before: int | None = None) -> QuerySet[Entry]:
    """Entries newest first, with all that `build` reads; `show` is a key of SHOWN, `before` a sequence."""
    movements = LotMovement.objects.select_related("lot").order_by("recorded_at", "pk")
    found = (
        Entry.objects.filter(account_id=account_id)
        .select_related("store", "decision")
        .prefetch_related("lots", Prefetch("movements", queryset=movements))
        .order_by("-sequence")
    )
    if show in SHOWN:
        found = found.filter(kind__in=SHOWN[show])
    return found if before is None else found.filter(sequence__lt=before)


def build(
    *,
    member: Member,
    found: Sequence[Entry],
    programme: Policies,
    language: str,
    idle_from: datetime | None = None,
    idle_to: datetime | None = None,
    idle: bool = False,
) -> list[Activity]:
    """The rows of some entries; with `idle` also the purchases between two times that earned nothing."""
    ids = [UUID(entry.reference.removeprefix("sale:")) for entry in found if _of_sale(entry)]
    sales = {sale.pk: sale for sale in _sales(member).filter(pk__in=ids)}
    nothing = _idle(member, idle_from, idle_to) if idle else []
    lines = _lines([*sales, *(sale.pk for sale in nothing)])
    today = formats.today(programme.zone)
    said = corrected.of(found, programme, language)
    rows = [_of_entry(entry, sales, lines, programme, language, today, said.get(entry.pk)) for entry in found]
    for sale in nothing:
        place = next((i for i, row in enumerate(rows) if row.at < sale.occurred_at), len(rows))
        rows.insert(place, _of_idle(sale, lines.get(sale.pk, []), programme, language, today))
    return rows


def day_of(entry: Entry, programme: Policies) -> date:
    """The day an entry stands under; points that expire do so on the last day on which they counted."""
    moment = entry.occurred_at - receipts.INSTANT if entry.kind == Kind.EXPIRE else entry.occurred_at
    return clock.day_of(moment, programme.zone)


def _of_sale(entry: Entry) -> bool:
    return entry.kind == Kind.EARN and entry.reference.startswith("sale:")


def _sales(member: Member) -> QuerySet[Sale]:
    return Sale.objects.filter(member=member).select_related("store", "decision")


def _idle(member: Member, start: datetime | None, end: datetime | None) -> list[Sale]:
    """Purchases after `start` and before `end` that moved no points, newest first; at most a page of them."""
    found = _sales(member).filter(decision__points=0)
    if start:
        found = found.filter(occurred_at__gt=start)
    if end:
        found = found.filter(occurred_at__lt=end)
    return list(found.order_by("-occurred_at")[:50])


def _lines(sales: Iterable[UUID]) -> dict[UUID, list[SaleLine]]:
    result: dict[UUID, list[SaleLine]] = {}
    for line in SaleLine.objects.filter(sale__in=list(sales)).order_by("number"):
        result.setdefault(line.sale_id, []).append(line)
    return result


def _of_entry(
    entry: Entry,
    sales: dict[UUID, Sale],
    lines: dict[UUID, list[SaleLine]],
    programme: Policies,
    language: str,
    today: date,
    said: corrected.Said | None,
) -> Activity:
    sale = sales.get(UUID(entry.reference.removeprefix("sale:"))) if _of_sale(entry) else None
    decided = policies.version(entry.decision.programme_version) if entry.decision else programme
    why = receipts.why(entry, decided, language)
    if entry.decision and entry.kind == Kind.EARN and entry.decision.kind == "activity":
        receipt = receipts.of_activity(decision=entry.decision, language=language)
        title = words.activity(str(entry.decision.body.get("trigger", "")))
        if not title:  # a kind of a reporter: the rule's own name says it best
            title, why = why or words.title(entry, language), ""
    elif sale:
        receipt = receipts.of_sale(sale=sale, lines=lines.get(sale.pk, []), decision=entry.decision, language=language)
        title = words.purchase(localised(sale.store.name, language))
    else:
        receipt, title = receipts.of_entry(entry, decided, language), words.title(entry, language)
    if said:
        title = receipt.total_name = said.title
        why = said.why
    day = day_of(entry, programme)
    return Activity(
        key=f"e{entry.sequence}",
        at=entry.occurred_at,
        day=formats.day_row(day),
        under=formats.day_under(day, today),
        month=formats.month(day),
        title=title,
        why=why,
        points=formats.signed(entry.points),
        gained=entry.points > 0,
        balance=formats.points(entry.balance_after),
        receipt=receipt,
    )


def _of_idle(sale: Sale, lines: list[SaleLine], programme: Policies, language: str, today: date) -> Activity:
    day = clock.day_of(sale.occurred_at, programme.zone)
    receipt = receipts.of_sale(sale=sale, lines=lines, decision=sale.decision, language=language)
    return Activity(
        key=f"s{sale.pk.hex[-12:]}",
        at=sale.occurred_at,
        day=formats.day_row(day),
        under=formats.day_under(day, today),
        month=formats.month(day),
        title=words.purchase(localised(sale.store.name, language)),
        why=receipts.nothing_why(sale.decision, language),
        points="0",
        gained=False,
        balance="",
        receipt=receipt,
    )
