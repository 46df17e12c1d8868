"""RFC 9457 problems: the one shape of every error the API answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from loyalty.errors import InvalidBody, Refusal

CONTENT_TYPE = "application/problem+json"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

# What can be wrong with one field (or with the JSON as a whole), always with status 400.
FIELD_CODES = {
    "malformed_json": "The body is not valid JSON",
    "duplicate_field": "A field is there twice",
    "too_deep": "Nested too deeply",
    "unknown_field": "There is no such field",
    "required": "A field is missing",
    "not_an_object": "An object is needed",
    "not_a_list": "A list is needed",
    "not_text": "Text is needed",
    "not_a_boolean": "true or false is needed",
    "not_an_integer": "A whole number is needed",
    "not_money": "Not an amount of money",
    "not_a_quantity": "Not a quantity",
    "too_many_decimals": "More decimals than allowed",
    "not_a_time": "Not a time",
    "not_a_day": "Not a day",
    "not_an_id": "Not an id",
    "not_a_choice": "None of the values allowed",
    "out_of_range": "Out of range",
    "too_long": "Too long",
    "too_short": "Too short",
    "bad_character": "A character that cannot be stored",
    "exactly_one": "Exactly one of several fields is needed",
    "not_a_card": "Not a card number",
    "not_an_email": "Not an e-mail address",
    "not_a_phone": "Not a phone number",
    "not_a_language": "Not a language tag",
    "unknown_language": "A language that is not spoken here",
    "not_a_code": "Not a code",
    "not_a_value": "Not a value that can be kept",
    "malformed": "Not in the form this field has",
    "bad_cursor": "Not a cursor of this list",
    "idempotency_key_required": "An Idempotency-Key is required",
    "idempotency_key_malformed": "The Idempotency-Key is malformed",
}


# What the code's page says beyond its title.
FIELD_TEXTS = {
    "malformed_json": "The body is not JSON in UTF-8, or has NaN or Infinity, which JSON does not know.",
    "duplicate_field": "A name stands twice in one object, or a parameter twice in a query. Which one was meant?",
    "too_deep": "Objects and lists may be nested 20 deep.",
    "unknown_field": "Fields that are not in the documentation are refused, so that a misspelt one is noticed.",
    "required": "The field has no default and must be sent.",
    "not_an_integer": 'A JSON number without decimals is needed: 5, not 5.0, "5" or true.',
    "not_money": 'Money is a text of ASCII digits with at most one point, such as "19.90": no sign, no exponent.',
    "not_a_quantity": 'A whole number from 1, or a text with up to three decimals such as "0.350".',
    "too_many_decimals": "Money has at most the decimals of its currency: none for JPY, 2 for USD, 3 for KWD.",
    "not_a_time": "RFC 3339 with an offset, such as 2026-11-22T10:00:00+09:00.",
    "not_a_day": "A calendar day of the programme's time zone, such as 2026-11-22.",
    "not_a_card": "4 to 32 letters and digits; spaces and hyphens make no difference.",
    "not_a_phone": "With its country code (+81 …), or as it is dialled in the programme's country.",
    "not_a_language": "A BCP 47 tag such as “ja” or “en-GB”.",
    "unknown_language": "One of the programme's languages is needed; the problem's detail lists them.",
    "not_a_code": "Small letters, digits, _ and -; the name of an attribute may have capitals and points, too.",
    "not_a_value": "An attribute is a text, a number, true or false.",
    "bad_character": "NUL and lone surrogates cannot be stored; everything else of Unicode can.",
    "idempotency_key_required": "Make a fresh random key for each request, and send the same one when you repeat it.",
    "idempotency_key_malformed": "1 to 255 visible ASCII characters, without spaces.",
    "bad_cursor": "Send back `next` of the page before, unchanged, to the same list in the same order.",
}


class BadRequest(InvalidBody):
    """The request cannot be read; `code` says why, `errors` where."""

    def __init__(self, code: str, detail: str = "", **more: Any) -> None:
        super().__init__(detail or FIELD_CODES[code], **more)
        self.code = code
        self.title = FIELD_CODES[code]


class HeaderRefusal(Refusal):
    """A refusal that also sets headers."""

    headers: dict[str, str]

    def __init__(self, detail: str = "", *, headers: dict[str, str] | None = None, **extra: Any) -> None:
        super().__init__(detail, **extra)
        self.headers = headers or {}


class Unauthenticated(HeaderRefusal):
    """No key, an unknown key, or one that was revoked."""

    status, code, title = 401, "unauthenticated", "A valid API key is needed"


class InsufficientScope(Refusal):
    """The key may not make this call; `scope` is what it lacks."""

    status, code, title = 403, "insufficient_scope", "This key may not do this"


class StoreMismatch(Refusal):
    """The key is bound to another store."""

    status, code, title = 403, "store_mismatch", "This key belongs to another store"


class Forbidden(Refusal):
    """The caller may not do this."""

    status, code, title = 403, "forbidden", "Not allowed"


class MethodNotAllowed(HeaderRefusal):
    """The address exists, but does not answer this method."""

    status, code, title = 405, "method_not_allowed", "This address does not answer this method"


class BadHost(Refusal):
    """The Host header names a host that is not ours."""

    status, code, title = 400, "bad_host", "This host is not served here"


class InProgress(HeaderRefusal):
    """The same key is being worked on right now."""

    status, code, title = 409, "in_progress", "The same request is still being worked on"


class KeyReused(Refusal):
    """The Idempotency-Key was used before, for another request."""

    status, code, title = 422, "idempotency_key_reused", "This Idempotency-Key was used for another request"


class BodyTooLarge(Refusal):
    """The body is larger than this call accepts; `limit` is in bytes."""

    status, code, title = 413, "body_too_large", "The body is too large"


class UnsupportedMediaType(Refusal):
    """The body is not plain JSON."""

    status, code, title = 415, "unsupported_media_type", "Only application/json is understood"


class TooManyRequests(HeaderRefusal):
    """The key or the caller's address has used up its limit; `Retry-After` says when to come back."""

    status, code, title = 429, "too_many_requests", "Too many requests"


class InternalError(Refusal):
    """Something went wrong here; nothing was changed. `request_id` finds it in the log."""

    status, code, title = 500, "internal_error", "Something went wrong here"


class TryAgain(HeaderRefusal):
    """The database is busy or away; nothing was changed, and the same request may be sent again."""

    status, code, title = 503, "try_again", "Please try again"


def catalogue(base: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    """Every refusal that any loaded room knows, in the order they were defined."""
    for refusal in base.__subclasses__():
        if refusal not in (BadRequest, HeaderRefusal):
            yield refusal
        yield from catalogue(refusal)


def type_uri(code: str, request: HttpRequest | None) -> str:
    """The address of a code's page; relative where the request's own host cannot be trusted."""
    if settings.LOYALTY_URL:
        return f"{settings.LOYALTY_URL}/problems/{code}"
    if request is None:
        return f"/problems/{code}"
    return f"{request.scheme}://{request.get_host()}/problems/{code}"


def document(refusal: Refusal, *, request_id: str, request: HttpRequest | None = None) -> dict[str, Any]:
    """The problem as a JSON object. A body with wrong fields takes the code of its first wrong field."""
    code, title = refusal.code, refusal.title
    if refusal.errors and code == InvalidBody.code:
        code = refusal.errors[0].code
        title = FIELD_CODES.get(code, title)
    problem: dict[str, Any] = {
        "type": type_uri(code, request),
        "title": title,
        "status": refusal.status,
        "code": code,
        "detail": refusal.detail,
        "request_id": request_id,
    }
    if refusal.errors:
        problem["errors"] = [
            {"field": error.field, "code": error.code, "detail": error.detail} for error in refusal.errors
        ]
    return {**refusal.extra, **problem}


def encode(refusal: Refusal, *, request_id: str, request: HttpRequest | None = None) -> bytes:
    """The bytes of the problem."""
    return msgspec.json.encode(document(refusal, request_id=request_id, request=request), enc_hook=str)


def response(refusal: Refusal, *, request_id: str, request: HttpRequest | None = None) -> HttpResponse:
    """The whole reply."""
    reply = HttpResponse(
        encode(refusal, request_id=request_id, request=request),
        status=refusal.status,
        content_type=CONTENT_TYPE,
        headers=getattr(refusal, "headers", None),
    )
    reply.problem_code = refusal.code  # type: ignore[attr-defined]  # for the log
    return reply
