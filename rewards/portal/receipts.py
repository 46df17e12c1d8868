"""The receipt of a decision: lines, rules, total, what did not count and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from loyalty import clock, money, policies
from loyalty.ledger import horizon
from loyalty.models import Decision, Entry, Kind
from loyalty.policies import Policies, localised
from members.models import Sale, SaleLine
from members.portal import formats
from rewards.portal import words

INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Row:
    """A name at the left, a figure at the right, and perhaps a reason under the name."""

    name: str
    figure: str
    why: str = ""


@dataclass
class Receipt:
    """What is shown when a row of the activity is opened."""

    lines: list[Row] = field(default_factory=list)
    basis: str = ""
    rules: list[Row] = field(default_factory=list)
    total: str = ""
    total_name: str = ""
    not_counted: list[Row] = field(default_factory=list)
    facts: list[Row] = field(default_factory=list)


def of_sale(*, sale: Sale, lines: list[SaleLine], decision: Decision | None, language: str) -> Receipt:
    """The receipt of a purchase, whether or not it earned anything."""
    programme = policies.version(decision.programme_version) if decision else policies.current()
    body: dict[str, Any] = decision.body if decision else {}
    receipt = Receipt()
    counted = {row["line"]: row for row in body.get("basis", {}).get("lines", ())}
    for line in lines:
        row = counted.get(line.number, {})
        name, amount = _line_name(line), formats.amount(line.amount_minor, sale.currency)
        if row.get("why"):
            receipt.not_counted.append(Row(f"{name} {amount}", "0", words.line_why(row["why"])))
        else:
            receipt.lines.append(Row(name, amount))
    if "basis" in body:
        receipt.basis = formats.amount(money.minor(body["basis"]["amount"], sale.currency), sale.currency)
    _add_rules(receipt, body, programme, language)
    receipt.total = formats.signed(decision.points) if decision and decision.points else "0"
    receipt.total_name = _("Points earned")
    _add_lots(receipt, body, programme)
    if sale.store:
        receipt.facts.append(Row(_("Shop"), localised(sale.store.name, language)))
    receipt.facts.append(Row(_("Receipt number"), sale.receipt))
    return receipt


def of_activity(*, decision: Decision, language: str) -> Receipt:
    """The receipt of something else than a purchase."""
    programme = policies.version(decision.programme_version)
    receipt = Receipt(total=formats.signed(decision.points) if decision.points else "0", total_name=_("Points earned"))
    _add_rules(receipt, decision.body, programme, language)
    _add_lots(receipt, decision.body, programme)
    return receipt


def of_entry(entry: Entry, programme: Policies, language: str) -> Receipt:
    """The receipt of any other movement: from which lots, when, why. Needs `movements` with their lots prefetched."""
    receipt = Receipt(total=formats.signed(entry.points), total_name=words.title(entry, language))
    for movement in entry.movements.all():
        receipt.lines.append(
            Row(_lot_name(movement.lot.expires_at, programme, movement.points < 0), formats.signed(movement.points))
        )
    if entry.debt_change:
        receipt.lines.append(
            Row(
                _("To be paid back from later points") if entry.debt_change > 0 else _("Debt paid back"),
                formats.signed(-entry.debt_change),
            )
        )
    for lot in entry.lots.all():
        receipt.facts.append(Row(_("Valid until"), _last_day(lot.expires_at, programme)))
    reason = entry.decision.body.get("reason") if entry.decision else ""
    if reason:
        receipt.facts.append(Row(_("Reason"), words.reason_name(programme, str(reason), language)))
    if entry.store and entry.kind != Kind.EARN:
        receipt.facts.append(Row(_("Shop"), localised(entry.store.name, language)))
    return receipt


def why(entry: Entry, programme: Policies, language: str) -> str:
    """The reason line under an entry's title."""
    if entry.kind == Kind.EARN and entry.decision:
        return earned_why(entry.decision, language)
    if entry.kind == Kind.EXPIRE:
        months = {
            formats.month(clock.day_of(movement.lot.available_at, programme.zone)) for movement in entry.movements.all()
        }
        return _("Left of what you earned in %(month)s") % {"month": months.pop()} if len(months) == 1 else ""
    if entry.points < 0:
        dates = [movement.lot.expires_at for movement in entry.movements.all() if movement.points < 0]
        first = min((date for date in dates if date), default=None)
        if first:
            return _("First from points that expire on %(day)s") % {"day": _last_day(first, programme)}
    reason = entry.decision.body.get("reason") if entry.decision else ""
    return words.reason_name(programme, str(reason), language) if reason else ""


def earned_why(decision: Decision, language: str) -> str:
    """`1 point per ¥100: 12, Gold double: +12`; one rule alone needs no figure. What did not count is said too."""
    programme = policies.version(decision.programme_version)
    rules = [
        (words.rule_name(programme, row["rule"], language), row)
        for row in decision.body.get("rules", ())
        if row["points"]
    ]
    if len(rules) == 1:
        text = rules[0][0]
    else:
        separator = "・" if formats.japanese() else ", "
        text = separator.join(_("%(rule)s: %(points)s") % {"rule": name, "points": _plus(row)} for name, row in rules)
    left_out = any(row.get("why") for row in decision.body.get("basis", {}).get("lines", ()))
    if not left_out:
        return text
    return _("%(reason)s. Some lines not counted") % {"reason": text} if text else _("Some lines not counted")


def _plus(row: dict[str, Any]) -> str:
    return formats.signed(row["points"]) if "factor" in row else formats.points(row["points"])


def _add_rules(receipt: Receipt, body: dict[str, Any], programme: Policies, language: str) -> None:
    for place, row in enumerate(body.get("rules", ())):
        figure = formats.signed(row["points"]) if place else formats.points(row["points"])
        name = words.rule_name(programme, row["rule"], language)
        unnamed = name == row["rule"]
        receipt.rules.append(Row(name, figure, f"× {row['factor']}" if unnamed and row.get("factor") else ""))
    for row in body.get("caps", ()):
        if "rule" in row:
            name = words.rule_name(programme, row["rule"], language)
        else:
            name = words.campaign_name(programme, row["campaign"], language)
        receipt.not_counted.append(Row(name, formats.signed(-int(row["cut"])), words.cap_why(row["cap"])))
    for row in body.get("not_applied", ()):
        name = words.rule_name(programme, row["rule"], language)
        receipt.not_counted.append(Row(name, "0", words.rule_why(row["why"])))


def _add_lots(receipt: Receipt, body: dict[str, Any], programme: Policies) -> None:
    several = len(body.get("lots", ())) > 1
    for lot in body.get("lots", ()):
        begins, ends = datetime.fromisoformat(lot["available_at"]), lot["expires_at"]
        day = formats.day_long(clock.day_of(begins, programme.zone))
        until = _last_day(datetime.fromisoformat(ends) if ends else None, programme)
        amount = formats.points(lot["points"])
        if several:
            receipt.facts.append(Row(_("%(points)s of them usable from") % {"points": amount}, day))
            receipt.facts.append(Row(_("%(points)s of them valid until") % {"points": amount}, until))
        else:
            receipt.facts += [Row(_("Usable from"), day), Row(_("Valid until"), until)]


def _line_name(line: SaleLine) -> str:
    name = line.name or line.sku or _("Item %(number)d") % {"number": line.number}
    quantity = line.quantity.normalize()
    return name if quantity == 1 else f"{name} × {quantity:f}"


def _lot_name(expires_at: datetime | None, programme: Policies, taken: bool) -> str:
    if horizon.end(expires_at, horizon.of_all_points()) is None:
        return _("From points without an end date") if taken else _("To points without an end date")
    day = _last_day(expires_at, programme)
    if taken:
        return _("From points valid until %(day)s") % {"day": day}
    return _("To points valid until %(day)s") % {"day": day}


def _last_day(expires_at: datetime | None, programme: Policies) -> str:
    """The last day on which points count, in words; no later than the announced end of the programme."""
    expires_at = horizon.end(expires_at, horizon.of_all_points())
    if expires_at is None:
        return _("no end date")
    return formats.day_long(clock.day_of(expires_at - INSTANT, programme.zone))


def nothing_why(decision: Decision | None, language: str) -> str:
    """Why a purchase earned nothing."""
    text = earned_why(decision, language) if decision else ""
    return text or _("No points for this purchase")
