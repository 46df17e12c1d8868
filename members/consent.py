"""What a member agreed to, by purpose and channel. Every choice stays on record; the newest is in force.

Which purposes and channels there are is the programme's own affair: any code will do. The programme itself asks for
`service` (messages about one's own points and membership) and `marketing` (offers), through `email`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from loyalty import clock, rows
from loyalty.errors import FieldError, InvalidBody
from members.models import Consent, Member

CODE = re.compile(r"[a-z][a-z0-9_-]{0,39}", re.ASCII)  # of a purpose or a channel
MOST = 50  # choices in one request


@dataclass(frozen=True)
class Choice:
    """One answer: may the programme write for this purpose through this channel?"""

    purpose: str
    channel: str
    given: bool


def change(
    *,
    member: Member,
    choices: Sequence[Choice],
    source: str,
    at: datetime | None = None,
) -> list[Consent]:
    """Record those of `choices` that differ from what is in force, and return them. Takes a locked member.

    `source` is who said so: key:…, member, staff:…. Raises InvalidBody.
    """
    if errors := wrong(choices):
        raise InvalidBody(errors=tuple(errors))
    known = current(member.pk)
    fresh = [choice for choice in choices if known.get((choice.purpose, choice.channel)) != choice.given]
    written = instances(member=member, choices=fresh, source=source, at=at)
    rows.write(written)
    return written


def give(*, member: Member, purpose: str, channel: str, source: str) -> bool:
    """Record that a member agrees. Returns whether that is news."""
    return bool(change(member=member, choices=[Choice(purpose, channel, given=True)], source=source))


def withdraw(*, member: Member, purpose: str, channel: str, source: str) -> bool:
    """Record that a member no longer agrees. Returns whether that is news."""
    return bool(change(member=member, choices=[Choice(purpose, channel, given=False)], source=source))


def current(member_id: UUID) -> dict[tuple[str, str], bool]:
    """What is in force, by (purpose, channel). What was never asked is not there, and not agreed to."""
    newest = (
        Consent.objects.filter(member_id=member_id)
        .order_by("purpose", "channel", "-at", "-id")
        .distinct("purpose", "channel")
    )
    return {(consent.purpose, consent.channel): consent.given for consent in newest}


def allows(member_id: UUID, *, purpose: str, channel: str) -> bool:
    """Whether the member agreed to be written to for this purpose through this channel."""
    newest = (
        Consent.objects.filter(member_id=member_id, purpose=purpose, channel=channel)
        .order_by("-at", "-id")
        .values_list("given", flat=True)
        .first()
    )
    return bool(newest)


def history(member_id: UUID) -> list[Consent]:
    """Every choice a member ever made, oldest first."""
    return list(Consent.objects.filter(member_id=member_id).order_by("at", "id"))


def instances(*, member: Member, choices: Iterable[Choice], source: str, at: datetime | None = None) -> list[Consent]:
    """The rows of some choices, not yet written."""
    moment = at or clock.now()
    return [
        Consent(
            member=member,
            purpose=choice.purpose,
            channel=choice.channel,
            given=choice.given,
            at=moment,
            source=source,
        )
        for choice in choices
    ]


def wrong(choices: Sequence[Choice]) -> list[FieldError]:
    """What is wrong with choices that came from outside: what is no code, one question twice."""
    if len(choices) > MOST:
        return [FieldError("consents", "out_of_range", f"At most {MOST} choices at once.")]
    errors = [
        FieldError(f"consents[{place}].{name}", "not_a_code", "A small letter, then small letters, digits, _ and -.")
        for place, choice in enumerate(choices)
        for name, value in (("purpose", choice.purpose), ("channel", choice.channel))
        if CODE.fullmatch(value) is None
    ]
    asked = [(choice.purpose, choice.channel) for choice in choices]
    return errors + [
        FieldError(f"consents[{place}]", "out_of_range", "This purpose and channel are there twice.")
        for place, pair in enumerate(asked)
        if pair in asked[:place]
    ]
