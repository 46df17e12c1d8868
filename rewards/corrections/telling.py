"""What members are told about a correction."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from loyalty import clock, ledger, policies
from members import notifications
from members.notifications import Context, Notice
from rewards.models import Correction, CorrectionPart

TAKEN, FORGIVEN, GIVEN_BACK = "points-taken-back", "points-left", "points-given-back"
CODES = {Correction.Deed.TAKE_BACK: TAKEN, Correction.Deed.FORGIVE: FORGIVEN}


@dataclass(frozen=True)
class Told:
    """The context of the three messages."""

    correction: Correction
    points: int
    balance: ledger.Balance | None = None
    debt: int = 0
    names: dict[str, Any] = field(default_factory=dict)

    def __call__(self, language: str, programme: policies.Policies) -> Context:
        first = notifications.day_text(self.correction.since, language, programme.zone)
        last = notifications.day_text(self.correction.until - timedelta(microseconds=1), language, programme.zone)
        balance = self.balance
        return {
            "points": self.points,
            "points_text": notifications.points_text(self.points),
            "rule": rule_name(self.correction.rule, programme, language),
            "first": first,
            "last": "" if first == last else last,
            "words": self.correction.words.get(language) or next(iter(self.correction.words.values()), ""),
            "balance_text": notifications.points_text(balance["available"]) if balance else "",
            "debt_text": notifications.points_text(balance["debt"]) if balance and balance["debt"] else "",
        }


def taken(correction: Correction, part: CorrectionPart, balance: ledger.Balance) -> None:
    """That points were taken back, why, and what is left."""
    _send(correction, part, TAKEN, Told(correction, part.taken, balance, part.debt))


def forgiven(correction: Correction, part: CorrectionPart, points: int) -> None:
    """That points were granted in error, and that the member keeps them."""
    _send(correction, part, FORGIVEN, Told(correction, points))


def given_back(correction: Correction, part: CorrectionPart, balance: ledger.Balance) -> None:
    """That the points that were taken back are there again."""
    _send(correction, part, GIVEN_BACK, Told(correction, part.taken, balance))


def rule_name(code: str, programme: policies.Policies, language: str) -> str:
    """What people call a rule; its code where it has no name or is gone."""
    document = programme.document
    listed = [*document.get("rules", ())]
    for campaign in document.get("campaigns", ()):
        listed += campaign.get("rules", ())
    found: dict[str, Any] = next((rule for rule in listed if rule.get("code") == code), {})
    return policies.localised(found.get("name") or code, language)


def sample(correction: Correction, language: str) -> dict[str, str]:
    """The message as one member would read it: subject and text."""
    part = correction.parts.order_by("-due", "id").first()
    points = part.due if part else 0
    balance: ledger.Balance = {"total": 0, "available": 0, "pending": 0, "held": 0, "debt": 0, "sequence": 0}
    if part is not None and correction.deed == Correction.Deed.TAKE_BACK:
        balance = {**ledger.balance(ledger.current(part.member.account_id))}
        balance["available"] = max(balance["available"] - points, 0)
    told = Told(correction, points, balance)
    return notifications.sample(CODES[Correction.Deed(correction.deed)], language, told)


def _send(correction: Correction, part: CorrectionPart, code: str, told: Told) -> None:
    key = f"correction:{part.pk}"
    notifications.send([Notice(UUID(str(part.member_id)), code, key, clock.now(), told)])
