"""Sending what is queued: at least once, in order for each member, with a Message-ID that tells a repeat.

A message is claimed for some seconds before it is sent. If the sender dies meanwhile, the claim runs out and another
sends it again under the same Message-ID.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import timedelta
from email.utils import formataddr, parseaddr
from smtplib import SMTPRecipientsRefused, SMTPResponseException
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction

from loyalty import broker, clock, policies, traces
from members import channels
from members.models import Message

log = logging.getLogger(__name__)

ATTEMPTS = 8  # then a message has failed, after about four hours
FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(hours=2)
ONE_TASK, ALL_TASK = "members.tasks.deliver_message", "members.tasks.deliver_messages"
ONE_BY_ONE = 16  # up to here each message has its task; more than that are taken from the queue

# A message waits for the member's earlier ones to have been tried. A due time beyond any pause was written by a
# clock that was ahead.
CLAIM = """
UPDATE members_message SET status = 'sending', attempts = attempts + 1, due_at = %(until)s
 WHERE id = (
    SELECT m.id FROM members_message m
     WHERE m.status IN ('queued', 'sending') AND m.channel = 'email'
       AND (m.due_at <= %(now)s OR m.due_at > %(beyond)s)
       AND (%(id)s::uuid IS NULL OR m.id = %(id)s) AND (%(member)s::uuid IS NULL OR m.member_id = %(member)s)
       AND NOT EXISTS (
            SELECT FROM members_message e
             WHERE e.member_id = m.member_id AND e.channel = m.channel AND e.id < m.id
               AND (e.status = 'sending' OR (e.status = 'queued' AND e.attempts = 0)))
     ORDER BY m.due_at, m.id LIMIT 1
       FOR UPDATE SKIP LOCKED)
RETURNING *
"""


def wake(messages: Sequence[str]) -> None:
    """Ask the workers to send these messages now; what they are not told the sweeper finds."""
    if len(messages) > ONE_BY_ONE:
        broker.send(ALL_TASK)
        return
    for message in messages:
        if not broker.send(ONE_TASK, message):
            break


def deliver(*, message_id: UUID) -> int:
    """Send one message if it is due and nobody else has it, and what waits behind it for the same member.

    Returns how many were sent.
    """
    sent = 0
    claimed = claim(message_id=message_id)
    while claimed is not None:
        sent += _send(claimed)
        claimed = claim(member_id=claimed.member_id)
    return sent


def deliver_due(seconds: float = 20.0) -> int:
    """Send whatever is due, for at most about so long: lost wake-ups, retries, dead senders' claims."""
    sent, end = 0, time.monotonic() + seconds
    while time.monotonic() < end and (claimed := claim()) is not None:
        sent += _send(claimed)
    return sent


def claim(*, message_id: UUID | None = None, member_id: UUID | None = None) -> Message | None:
    """Take a due e-mail, of all or the one or the member named, for `MESSAGE_LEASE_SECONDS`; None if none is due."""
    now = clock.now()
    parameters = {
        "id": message_id,
        "member": member_id,
        "now": now,
        "beyond": now + LONGEST_PAUSE,
        "until": now + timedelta(seconds=settings.MESSAGE_LEASE_SECONDS),
    }
    with transaction.atomic():
        return next(iter(Message.objects.raw(CLAIM, parameters)), None)


def _send(message: Message) -> int:
    """Send a claimed message and note how it went; 1 if it was sent."""
    try:
        address = channels.address_of(message)
        if not address:
            _note(message, Message.Status.FAILED, error="no address, or refused")
            return 0
        _email(message, address).send()
    except Exception as error:  # noqa: BLE001  (whatever the provider does, the message is tried again)
        _put_off(message, error)
        return 0
    _note(message, Message.Status.SENT)
    return 1


def _email(message: Message, address: str) -> EmailMultiAlternatives:
    _, sender = parseaddr(settings.DEFAULT_FROM_EMAIL)
    name = policies.localised(policies.current().name, message.language)
    email = EmailMultiAlternatives(
        subject=message.subject,
        body=message.text,
        from_email=formataddr((" ".join(name.split()), sender)),
        to=[address],
        headers={
            "Message-ID": f"<{message.id}@{sender.rpartition('@')[2]}>",
            "Content-Language": message.language,
            "Auto-Submitted": "auto-generated",
        },
    )
    if message.html:
        email.attach_alternative(message.html, "text/html")
    return email


def _put_off(message: Message, error: Exception) -> None:
    what = traces.describe(error)
    if isinstance(error, SMTPResponseException):
        what = f"{what} {error.smtp_code}"
    if message.attempts >= ATTEMPTS or _is_final(error):
        _note(message, Message.Status.FAILED, error=what)
    else:
        pause = min(FIRST_PAUSE * 3 ** (message.attempts - 1), LONGEST_PAUSE)
        _note(message, Message.Status.QUEUED, error=what, pause=pause)
    log.warning("message %s not sent, attempt %d: %s", message.id, message.attempts, what)


def _is_final(error: Exception) -> bool:
    """Whether the provider says that this address will never do."""
    if not isinstance(error, SMTPRecipientsRefused):
        return False
    return all(500 <= code < 600 for code, _ in error.recipients.values())


def _note(message: Message, status: Message.Status, *, error: str = "", pause: timedelta = timedelta()) -> None:
    """Write down how it went, unless the claim ran out and somebody else has the message now."""
    now = clock.now()
    Message.objects.filter(pk=message.pk, status=Message.Status.SENDING, attempts=message.attempts).update(
        status=status,
        error=error[:300],
        due_at=now + pause,
        sent_at=now if status == Message.Status.SENT else None,
    )
