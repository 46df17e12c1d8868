"""The member's messages: what the programme told them, newest first."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from loyalty import clock, policies
from members.models import Member, Message
from members.portal import formats, frame

PAGE = 30


@require_safe
@frame.members_only
def listing(request: HttpRequest, member: Member) -> HttpResponse:
    """GET /inbox/?page=2: subjects and first lines."""
    programme = policies.current()
    today = formats.today(programme.zone)
    page = min(max(_number(request.GET.get("page", "")), 1), 1000)
    found = list(_own(member).order_by("-occurred_at", "-pk")[(page - 1) * PAGE : page * PAGE + 1])
    rows = []
    for message in found[:PAGE]:
        day = clock.day_of(message.occurred_at, programme.zone)
        rows.append(
            {
                "message": message,
                "day": formats.day_row(day),
                "under": formats.day_under(day, today),
                "first": _opening(message.text),
            }
        )
    context = {"rows": rows, "older": page + 1 if len(found) > PAGE else 0, "newer": page - 1}
    return frame.show(request, "portal/inbox.html", context, member=member, tab="inbox")


@require_safe
@frame.members_only
def letter(request: HttpRequest, member: Member, message_id: UUID) -> HttpResponse:
    """GET /inbox/ID/: one message; opening it marks it read."""
    message = _one(member, message_id)
    if message.read_at is None:
        message.read_at = clock.now()
        message.save(update_fields=["read_at"])
    programme = policies.current()
    day = clock.day_of(message.occurred_at, programme.zone)
    context = {"message": message, "day": formats.day_long(day)}
    return frame.show(request, "portal/letter.html", context, member=member, tab="inbox")


@require_POST
@frame.members_only
def read_all(request: HttpRequest, member: Member) -> HttpResponse:
    """POST /inbox/read/: nothing is new any more."""
    _own(member).filter(read_at=None).update(read_at=clock.now())
    messages.success(request, _("All messages are marked as read."))
    return redirect("portal:inbox")


@require_POST
@frame.members_only
def unread(request: HttpRequest, member: Member, message_id: UUID) -> HttpResponse:
    """POST /inbox/ID/unread/: take the reading back."""
    message = _one(member, message_id)
    message.read_at = None
    message.save(update_fields=["read_at"])
    messages.success(request, _("Marked as unread."))
    return redirect("portal:inbox")


def _own(member: Member) -> QuerySet[Message]:
    return Message.objects.filter(member=member, channel=Message.Channel.INBOX)


def _one(member: Member, message_id: UUID) -> Message:
    found = _own(member).filter(pk=message_id).first()
    if found is None:
        raise Http404
    return found


def _opening(text: str) -> str:
    """The first line that says something: a greeting ends in a comma or in 様."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > 1 and lines[0].endswith((",", "、", "様")):
        del lines[0]
    return lines[0] if lines else ""


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 1
