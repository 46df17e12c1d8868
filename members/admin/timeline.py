"""One timeline of everything that happened to a member, newest first, by day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from loyalty import policies
from loyalty.admin import words
from loyalty.admin.registry import ACTS
from loyalty.models import AuditRecord, Decision, Entry, Hold
from members import tiers
from members.admin import reasons, vocabulary
from members.models import Consent, Member, Message, Sale, TierChange

PAGE = 30


@dataclass(frozen=True)
class Item:
    """One line: when, what, why, and how many points it moved (None: none)."""

    at: datetime
    icon: str
    title: str
    why: str = ""
    points: str = ""
    balance: str = ""
    gain: bool = False
    link: str = ""
    link_text: str = ""
    rank: int = 0  # among items of one instant, the higher comes first

    @property
    def time(self) -> str:
        """The time of day in the programme's zone."""
        return f"{self.at.astimezone(policies.current().zone):%H:%M}"


@dataclass
class Timeline:
    """A page of items by day, and the instant from which the next page goes on ("" at the end)."""

    days: list[tuple[str, list[Item]]] = field(default_factory=list)
    older: str = ""


CHIPS: list[tuple[str, Any]] = [
    ("all", gettext_lazy("All")),
    ("sales", gettext_lazy("Sales")),
    ("activities", gettext_lazy("Activities")),
    ("points", gettext_lazy("Points")),
    ("tiers", gettext_lazy("Tiers")),
    ("messages", gettext_lazy("Messages")),
    ("choices", gettext_lazy("Choices")),
    ("refusals", gettext_lazy("Refusals")),
    ("staff", gettext_lazy("Staff")),
]


def chips(chosen: str) -> list[dict[str, Any]]:
    """The filters as links."""
    return [{"code": code, "name": name, "current": code == chosen} for code, name in CHIPS]


def of(member: Member, *, chosen: str, before: str, language: str) -> Timeline:
    """The newest PAGE items of the kinds chosen, before an instant if one is given (RFC 3339)."""
    limit = parse_datetime(before) if before else None
    sources = SOURCES.values() if chosen not in SOURCES else [SOURCES[chosen]]
    items = [item for source in sources for item in source(member, limit, language)]
    items.sort(key=lambda item: (item.at, item.rank), reverse=True)
    result = Timeline(older=items[PAGE].at.isoformat() if len(items) > PAGE else "")
    zone = policies.current().zone
    last: date | None = None
    for item in items[:PAGE]:
        local = item.at.astimezone(zone).date()
        if local != last:
            result.days.append((_day(local, language), []))
            last = local
        result.days[-1][1].append(item)
    return result


def _day(local: date, language: str) -> str:
    return date_format(local, "Y年n月j日（D）" if language.startswith("ja") else "D j M Y")


def _newest(rows: Any, column: str, limit: datetime | None) -> Any:
    """At most one page of rows, not newer than the limit."""
    if limit is not None:
        rows = rows.filter(**{f"{column}__lte": limit})
    return rows.order_by(f"-{column}")[: PAGE + 1]


def _sales(member: Member, limit: datetime | None, language: str) -> list[Item]:
    sales = list(_newest(member.sales.select_related("store", "decision"), "occurred_at", limit))
    entries = {
        entry.decision_id: entry
        for entry in Entry.objects.filter(account=member.account_id, decision__in=[s.decision_id for s in sales])
    }
    return [_sale(sale, entries.get(sale.decision_id), language) for sale in sales]


def _sale(sale: Sale, entry: Entry | None, language: str) -> Item:
    title = _("Sale %(amount)s") % {"amount": words.amount(sale.total_minor, sale.currency)}
    return Item(
        at=sale.occurred_at,
        icon="sale",
        title=f"{title}　{words.store_name(sale.store)}"
        if language == "ja"
        else f"{title}, {words.store_name(sale.store)}",
        why=because(sale.decision, language) if sale.decision else "",
        points=words.signed(entry.points) if entry else "0",
        balance=words.number(entry.balance_after) if entry else "",
        gain=bool(entry and entry.points > 0),
        link=reverse("admin:loyalty_decision_change", args=[sale.decision_id]) if sale.decision_id else "",
        link_text=_("See why"),
        rank=1,
    )


def _activities(member: Member, limit: datetime | None, language: str) -> list[Item]:
    """What the member did besides buying."""
    found = list(_newest(member.activities.select_related("store", "decision"), "occurred_at", limit))
    entries = {
        entry.decision_id: entry
        for entry in Entry.objects.filter(account=member.account_id, decision__in=[one.decision_id for one in found])
    }
    return [
        Item(
            at=one.occurred_at,
            icon="gift",
            title=vocabulary.activity(one.kind),
            why=because(one.decision, language),
            points=words.signed(entry.points) if (entry := entries.get(one.decision_id)) else "0",
            balance=words.number(entry.balance_after) if entry else "",
            gain=entry is not None,
            link=reverse("admin:loyalty_decision_change", args=[one.decision_id]),
            link_text=_("See why"),
            rank=1,
        )
        for one in found
    ]


def _refusals(member: Member, limit: datetime | None, language: str) -> list[Item]:
    """What was refused, and why."""
    found = Decision.objects.filter(account=member.account_id, kind="refusal")
    return [
        Item(
            at=one.decided_at,
            icon="alert",
            title=_("%(what)s refused") % {"what": vocabulary.operation(str(one.body.get("operation", "")))},
            why=vocabulary.refusal(str(one.body.get("code", ""))),
            link=reverse("admin:loyalty_decision_change", args=[one.pk]),
            link_text=_("See why"),
        )
        for one in _newest(found, "decided_at", limit)
    ]


def because(decision: Decision, language: str) -> str:
    """The rules that gave the points of a decision, in a line: "12 1 point per ¥100, 12 Gold earns double"."""
    names = rule_names(decision.programme_version, language)
    parts = [
        f"{names.get(row['rule'], row['rule'])} {words.number(row['points'])}" for row in decision.body.get("rules", [])
    ]
    left_out = sum(1 for line in decision.body.get("basis", {}).get("lines", []) if line.get("why"))
    if left_out:
        parts.append(ngettext("%(n)d line not counted", "%(n)d lines not counted", left_out) % {"n": left_out})
    if not parts:
        parts.append(_("no points"))
    return ("、" if language == "ja" else ", ").join(parts)


def rule_names(version: int, language: str) -> dict[str, str]:
    """Names of the rules of a programme version by code."""
    return reasons.Called(language, policies.version(version).document).rules


def _points(member: Member, limit: datetime | None, language: str) -> list[Item]:
    """Movements that no sale on this page explains, and holds."""
    entries = Entry.objects.filter(account=member.account_id).exclude(
        Q(reference__startswith="sale:") | Q(reference__startswith="activity:")
    )
    items = [
        Item(
            at=entry.occurred_at,
            icon="gift" if entry.points < 0 else "undo",
            title=vocabulary.kind(entry.kind),
            why=words.store_name(entry.store),
            points=words.signed(entry.points),
            balance=words.number(entry.balance_after),
            gain=entry.points > 0,
            link=reverse("admin:loyalty_entry_change", args=[entry.pk]),
            link_text=_("See the entry"),
            rank=2,
        )
        for entry in _newest(entries.select_related("store"), "occurred_at", limit)
    ]
    held = Hold.objects.filter(account=member.account_id, status__in=["held", "cancelled", "expired"])
    items += [
        Item(
            at=hold.created_at,
            icon="clock",
            title=_("%(points)s points set aside") % {"points": words.number(hold.points)},
            why=_hold_why(hold),
            link=reverse("admin:loyalty_hold_change", args=[hold.pk]),
            link_text=_("See the hold"),
        )
        for hold in _newest(held, "created_at", limit)
    ]
    return items


def _hold_why(hold: Hold) -> str:
    if hold.status == Hold.Status.CANCELLED:
        return _("cancelled: the points went back")
    if hold.status == Hold.Status.EXPIRED:
        return _("timed out: the points went back")
    return _("until %(when)s") % {"when": words.moment(hold.expires_at)}


def _tiers(member: Member, limit: datetime | None, language: str) -> list[Item]:
    groups = {group.code: group for group in tiers.compiled(policies.current())}

    def name(group: str, code: str) -> str:
        level = groups[group].level(code) if group in groups else None
        return policies.localised(level.name, language) if level else (code or _("no tier"))

    return [
        Item(
            at=change.at,
            icon="up",
            title=_("From %(before)s to %(after)s")
            % {"before": name(change.group, change.before), "after": name(change.group, change.after)},
            link=reverse("admin:loyalty_decision_change", args=[change.decision_id]) if change.decision_id else "",
            link_text=_("See why"),
            rank=3,
        )
        for change in _newest(TierChange.objects.filter(member=member), "at", limit)
    ]


def _messages(member: Member, limit: datetime | None, language: str) -> list[Item]:
    return [
        Item(
            at=message.occurred_at,
            icon="mail",
            title=message.subject,
            why=f"{message.get_channel_display()}, {message.get_status_display()}",
            link=reverse("admin:members_message_change", args=[message.pk]),
            link_text=_("Read it"),
            rank=4,
        )
        for message in _newest(Message.objects.filter(member=member), "occurred_at", limit)
    ]


def _choices(member: Member, limit: datetime | None, language: str) -> list[Item]:
    items = [
        Item(
            at=choice.at,
            icon="me",
            title=(_("Agreed to %(what)s") if choice.given else _("Withdrew %(what)s"))
            % {"what": f"{choice.purpose} ({choice.channel})"},
        )
        for choice in _newest(Consent.objects.filter(member=member), "at", limit)
    ]
    if limit is None or member.enrolled_at <= limit:
        joined = Item(at=member.enrolled_at, icon="me", title=_("Joined"), why=words.store_name(member.store), rank=-1)
        items.append(joined)
    return items


def _staff(member: Member, limit: datetime | None, language: str) -> list[Item]:
    records: Sequence[AuditRecord] = list(
        _newest(AuditRecord.objects.filter(object_type="member", object_id=str(member.pk)), "at", limit)
    )
    people = words.people(record.actor for record in records)
    return [
        Item(
            at=record.at,
            icon="clock",
            title=str(ACTS.get(record.action, record.action)),
            why=" · ".join(part for part in (words.actor_name(record.actor, people), record.reason) if part),
            rank=5,
        )
        for record in records
    ]


SOURCES: dict[str, Callable[[Member, datetime | None, str], list[Item]]] = {
    "sales": _sales,
    "activities": _activities,
    "points": _points,
    "tiers": _tiers,
    "messages": _messages,
    "choices": _choices,
    "refusals": _refusals,
    "staff": _staff,
}
