"""Closing the programme with a sell-off period: announced with dates, told to everybody, called off while that is fair.

The dates are a part of the programme's document (`closing`), so every decision, quote and what-if sees them, from the
next request on, in every process. Until `earning_until` everything is as it was; until `redeeming_until` points can
still be spent; at that instant what is left expires (`loyalty.ledger.horizon`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from loyalty import audit, clock, outbox, policies
from loyalty.errors import FieldError, InvalidBody, Refusal
from loyalty.models import Programme

FACT = "programme.closing"
NOTICE = timedelta(days=30)  # from the announcement to the last day of redeeming, at least
TEXT_LENGTH = 2000


class NotNow(Refusal):
    """A closing is announced once, and called off only before earning ends."""

    status, code, title = 409, "not_now", "This cannot be done now"


def announce(
    *,
    earning_until: datetime,
    redeeming_until: datetime,
    text: Mapping[str, str],
    reason: str,
    actor: str,
) -> Programme:
    """Make the end known: a new version of the programme, and a message to every active member.

    Earning cannot end in the past, nor redeeming before earning or before the notice has run. Needs a transaction.
    Raises InvalidBody, and NotNow where a closing stands already.
    """
    programme, now = policies.current(), clock.now()
    if programme.closing is not None:
        raise NotNow("A closing is announced already.")
    told = {language: words.strip() for language, words in text.items() if words.strip()}
    _check(earning_until, redeeming_until, told, reason, now)
    zone = programme.zone
    closing: dict[str, Any] = {
        "earning_until": earning_until.astimezone(zone).isoformat(),
        "redeeming_until": redeeming_until.astimezone(zone).isoformat(),
    }
    if told:
        closing["text"] = told
    return _apply({**programme.document, "closing": closing}, "announced", reason, actor, now)


def call_off(*, reason: str, actor: str) -> Programme:
    """Take the announcement back, and tell every member so. Needs a transaction.

    Raises NotNow where none stands or earning has ended: by then members have acted on it.
    """
    programme, now = policies.current(), clock.now()
    if programme.closing is None or now >= programme.closing.earning_until:
        raise NotNow("There is no closing that can still be called off.")
    if not reason.strip():
        raise _wrong("reason", "required", "Say why.")
    document = {key: value for key, value in programme.document.items() if key != "closing"}
    return _apply(document, "called_off", reason, actor, now)


def _apply(document: Mapping[str, Any], state: str, reason: str, actor: str, now: datetime) -> Programme:
    applied = policies.apply(document=document, actor=actor)
    payload = {"state": state, "version": applied.version, "after": None}
    outbox.record(FACT, account=None, payload=payload, occurred_at=now)
    audit.record(
        action=f"closing.{state}",
        actor=actor,
        object_type="programme",
        object_id=str(applied.version),
        reason=reason.strip(),
        data={key: str(document["closing"][key]) for key in ("earning_until", "redeeming_until")}
        if "closing" in document
        else {},
    )
    return applied


def _check(
    earning_until: datetime, redeeming_until: datetime, text: Mapping[str, str], reason: str, now: datetime
) -> None:
    if not reason.strip() or len(reason) > 300:
        raise _wrong("reason", "required", "Say why, in up to 300 letters.")
    if earning_until <= now:
        raise _wrong("earning_until", "out_of_range", "Earning cannot end in the past.")
    if redeeming_until < max(earning_until, now + NOTICE):
        raise _wrong(
            "redeeming_until", "out_of_range", f"Points must count for {NOTICE.days} days, and until earning ends."
        )
    if any(len(words) > TEXT_LENGTH for words in text.values()):
        raise _wrong("text", "out_of_range", f"At most {TEXT_LENGTH} letters.")


def _wrong(field: str, code: str, detail: str) -> InvalidBody:
    return InvalidBody(detail, errors=(FieldError(field, code, detail),))
