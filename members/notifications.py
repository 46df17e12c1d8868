"""Writing messages: who is told what, in which language, through which channels.

Texts are templates `messages/<language>/<code>/{subject.txt,body.txt,body.html}`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.template.backends.django import DjangoTemplates, Template

from loyalty import clock, policies
from members import channels, delivery
from members.channels import Recipient
from members.models import Message

LANGUAGES = ("en", "ja")  # those that have templates
HISTORY = timedelta(days=7)  # older facts are told in the inbox alone
SUBJECT_LENGTH = 250

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

Context = Mapping[str, object]
MakeContext = Callable[[str, policies.Policies], Context]  # (language, programme) → what the templates need besides


@dataclass(frozen=True)
class Notice:
    """Something to tell one member."""

    member: UUID
    code: str  # of the template
    key: str  # what it is about; the same key tells nobody twice
    occurred_at: datetime
    context: MakeContext
    identity: UUID | None = None  # an address that was the member's: mailed there alone, whatever they chose


def send(notices: Sequence[Notice]) -> None:
    """Put notices into the inboxes and queue the e-mails, inside a transaction; repeating it changes nothing.

    Members who are not active are left out. E-mail goes to those who have an address and have not refused it,
    and to the address that a notice names.
    """
    readers = channels.recipients(notice.member for notice in notices)
    programme = policies.current()
    now = clock.now()
    messages: list[Message] = []
    for notice in notices:
        reader = readers.get(notice.member)
        if reader is not None:
            messages += _write(notice, reader, programme, now)
    Message.objects.bulk_create(messages, ignore_conflicts=True)
    queued = [str(message.id) for message in messages if message.status == Message.Status.QUEUED]
    if queued:
        transaction.on_commit(lambda: delivery.wake(queued), robust=True)


def sample(code: str, language: str, make: MakeContext, *, name: str = "") -> dict[str, str]:
    """What a message would say, for those who decide about it: `subject` and `text`. Nothing is written."""
    context = _context(language, name, policies.current(), make)
    return {
        "subject": " ".join(_template(code, language, "subject.txt").render(context).split()),
        "text": _template(code, language, "body.txt").render(context).strip() + "\n",
    }


def language_for(preferred: str, programme: policies.Policies) -> str:
    """The member's language if there are texts in it, else the programme's first that has some."""
    wanted = [preferred.partition("-")[0].lower(), *programme.languages]
    return next((language for language in wanted if language in LANGUAGES), LANGUAGES[0])


def points_text(points: int) -> str:
    """1,034 or −20."""
    return f"{points:,}".replace("-", "\N{MINUS SIGN}")


def day_text(at: datetime, language: str, zone: ZoneInfo) -> str:
    """The day on which `at` falls in a programme's zone, as people write it: 6 Dec, 12月6日; with the year where it is
    not this one."""
    day, year = clock.day_of(at, zone), clock.day_of(clock.now(), zone).year
    if language == "ja":
        return f"{day.month}月{day.day}日" if day.year == year else f"{day.year}年{day.month}月{day.day}日"
    text = f"{day.day} {MONTHS[day.month - 1]}"
    return text if day.year == year else f"{text} {day.year}"


def _write(notice: Notice, reader: Recipient, programme: policies.Policies, now: datetime) -> list[Message]:
    language = language_for(reader.language, programme)
    context = _context(language, reader.name, programme, notice.context)
    subject = " ".join(_template(notice.code, language, "subject.txt").render(context).split())
    common: dict[str, Any] = {
        "member_id": notice.member,
        "code": notice.code,
        "key": notice.key,
        "language": language,
        "subject": subject[:SUBJECT_LENGTH],
        "text": _template(notice.code, language, "body.txt").render(context).strip() + "\n",
        "occurred_at": notice.occurred_at,
        "created_at": now,
        "due_at": now,
    }
    written = []
    if notice.identity is None:
        written.append(Message(channel=Message.Channel.INBOX, status=Message.Status.SENT, sent_at=now, **common))
    if (reader.takes_email or notice.identity) and now - notice.occurred_at <= HISTORY:
        html = _template(notice.code, language, "body.html").render(context)
        written.append(Message(channel=Message.Channel.EMAIL, html=html, identity_id=notice.identity, **common))
    return written


def _context(language: str, name: str, programme: policies.Policies, make: MakeContext) -> dict[str, object]:
    return {
        "name": name,
        "programme": policies.localised(programme.name, language),
        "language": language,
        "portal": settings.LOYALTY_URL,
        **make(language, programme),
    }


@cache
def _engine(*, escapes: bool) -> DjangoTemplates:
    return DjangoTemplates({"NAME": "messages", "DIRS": [], "APP_DIRS": True, "OPTIONS": {"autoescape": escapes}})


@cache
def _template(code: str, language: str, part: str) -> Template:
    return _engine(escapes=part.endswith(".html")).get_template(f"messages/{language}/{code}/{part}")
