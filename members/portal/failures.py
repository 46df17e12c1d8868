"""Pages for what went wrong: what happened, that no points were touched, what to do, and a number to ask with."""

from __future__ import annotations

import logging
import secrets

from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseServerError
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from members.portal import frame

log = logging.getLogger(__name__)

WORDS = {
    400: (
        _("This request could not be read"),
        _("Something in it was not as expected. Your points are not affected."),
    ),
    403: (
        _("This page is not for you"),
        _("You may be signed in as somebody else. Your points are not affected."),
    ),
    404: (
        _("Page not found"),
        _("This page has moved or expired. Your points are not affected."),
    ),
    500: (
        _("Something went wrong here"),
        _("We have been told. Nothing was booked twice, and your points are as they were. Please try again shortly."),
    ),
}
STAFF_WORDS = {
    403: (_("This page is not for you"), _("Your role does not open it. Ask an administrator if you need it.")),
    404: (_("Page not found"), _("Nothing is at this address, or it is out of your reach. Nothing was changed.")),
}
STALE = (
    _("This form is too old"),
    _("It was open for a while, or cookies are switched off. Nothing was changed. Please reload it and try again."),
)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400."""
    return page(request, 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403."""
    return page(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404; the same for what does not exist and for what is another member's (FAULTS H1)."""
    return page(request, 404)


def csrf(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 of a form without its token."""
    return page(request, 403, STALE)


def server_error(request: HttpRequest) -> HttpResponse:
    """500; plain where even the frame cannot be drawn, for instance without a database."""
    return page(request, 500)


def page(request: HttpRequest, status: int, words: tuple[object, object] | None = None) -> HttpResponse:
    """An error page in the house's style, without forms, so that equal errors have equal pages but for the number."""
    for_staff = request.path_info.startswith("/staff/") and (words or status in STAFF_WORDS)
    title, text = words or (STAFF_WORDS if for_staff else WORDS)[status]
    context = {"title": title, "text": text, "number": number(request), "bare": True}
    try:
        if for_staff:
            return _staff_page(request, context, status)
        member = frame.member_of(request) if hasattr(request, "user") else None
        if member:
            frame.speak(request, member)
        response = frame.show(request, "portal/error.html", context, member=member, status=status)
    except DatabaseError:
        log.exception("the error page was drawn without its frame")
        response = HttpResponseServerError(render_to_string("portal/error_plain.html", context))
    response.headers["Cache-Control"] = "no-store"
    return response


def _staff_page(request: HttpRequest, context: dict[str, object], status: int) -> HttpResponse:
    """The same in the look of the staff side, in the language of the browser session."""
    response = render(request, "staff/error.html", context, status=status)
    response.headers["Cache-Control"] = "no-store"
    return response


def number(request: HttpRequest) -> str:
    """A short number for this request: the end of its id where it has one."""
    known = str(getattr(request, "request_id", "") or secrets.token_hex(4)).replace("-", "")[-8:]
    return f"{known[:4]}-{known[4:]}"
