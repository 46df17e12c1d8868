"""What members are told about a correction."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from loyalty import clock, ledger, policies
from members import notifications
from members.notifications import Context, Notice
from rewards.models import Correction, CorrectionPart

from . import naming

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
        first = _day(self.correction.since, language, programme)
        last = _day(self.correction.until - timedelta(microseconds=1), language, programme)
        balance = self.balance
        return {
            "points": self.points,
            "points_text": notifications.points_text(self.points),
            "rule": naming.for_members(self.correction.rule, programme, language),
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


def _day(at: datetime, language: str, programme: policies.Policies) -> str:
    """The day, with its year where that is not the present one."""
    text = notifications.day_text(at, language, programme.zone)
    year = clock.day_of(at, programme.zone).year
    if year == clock.day_of(clock.now(), programme.zone).year:
        return text
    return f"{year}年{text}" if language == "ja" else f"{text} {year}"


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
