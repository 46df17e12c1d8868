"""Invented people for the demo: the same for the same customer, and plainly nobody.

Every family name is a compound that nobody bears (people.json), addresses are under example.com (RFC 2606),
and telephone numbers are 555-0100 to 555-0199, which the North American plan keeps for stories.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from rewards.demo.log import chance

NAMES = json.loads((Path(__file__).parent / "people.json").read_text(encoding="utf-8"))
OLDEST, YOUNGEST = date(1932, 1, 1), date(1979, 12, 31)


@dataclass(frozen=True)
class Person:
    """What `members.enrolment.enrol` is told about somebody."""

    external_id: str
    name: str
    email: str
    phone: str | None
    birthday: date
    language: str
    wants_news: bool


def person(customer: int, demo: str = "cdnow") -> Person:
    """Who stands behind this customer's number in a demo; every other one reads Japanese."""
    language = "ja" if customer % 2 == 0 else "en"
    given, given_roman = _name(customer, language, "given")
    family, family_roman = _name(customer, language, "family")
    return Person(
        external_id=external_id(customer, demo),
        name=f"{family} {given}" if language == "ja" else f"{given} {family}",
        email=f"{given_roman}.{family_roman}.{customer}@example.com",
        phone=_phone(customer) if language == "en" else None,
        birthday=OLDEST + timedelta(days=chance(customer, "birthday", (YOUNGEST - OLDEST).days + 1)),
        language=language,
        wants_news=chance(customer, "news", 3) == 0,
    )


def external_id(customer: int, demo: str = "cdnow") -> str:
    """By which a second run knows who has joined already."""
    return f"{demo}-{customer:05d}"


def _name(customer: int, language: str, part: str) -> tuple[str, str]:
    """A name as it is written, and in the letters of an e-mail address."""
    choice = NAMES[f"{language}_{part}"]
    written, roman = choice[chance(customer, part, len(choice))]
    return written, roman


def _phone(customer: int) -> str:
    area, last = divmod(customer // 2, 100)
    return f"+1{NAMES['area_codes'][area % len(NAMES['area_codes'])]}55501{last:02d}"
