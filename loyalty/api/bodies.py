"""Strict JSON: bytes become a typed body, or a problem that names every wrong field.

The fast path is msgspec, plus one scan for what it lets pass (a key twice, NUL, nesting). Only when something is
wrong does `loyalty.api.explain` walk the body again to say what.
"""

from __future__ import annotations

import json
import re
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
from django.http import HttpRequest

from loyalty.api import explain, fields
from loyalty.api.problems import BadRequest, BodyTooLarge, UnsupportedMediaType
from loyalty.errors import FieldError, InvalidBody

MIB = 1024 * 1024
MAX_DEPTH = 20
_PIECE = 64 * 1024
# Strings are skipped whole, an unfinished one to the end, so that no input makes this quadratic.
_BRACKETS = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|([\[{])|([\]}])', re.DOTALL)
_INTEGER = re.compile(r"-?[0-9]{1,20}", re.ASCII)
T = TypeVar("T", bound=msgspec.Struct)


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a call that needs none: empty, or an empty object."""


class _TwiceError(Exception):
    """A key is there twice."""


def _once(pairs: list[tuple[str, object]]) -> None:
    if len({key for key, _ in pairs}) != len(pairs):
        raise _TwiceError


_scan = json.JSONDecoder(object_pairs_hook=_once).decode


def read(request: HttpRequest, limit: int) -> bytes:
    """The raw body, never holding more than `limit` bytes of it.

    Raises BodyTooLarge, UnsupportedMediaType, BadRequest.
    """
    environ = request.META
    if environ.get("HTTP_CONTENT_ENCODING", "identity") not in ("", "identity"):
        raise UnsupportedMediaType("Send the body as it is, without a Content-Encoding.")
    length = environ.get("CONTENT_LENGTH") or ""
    if length:
        if not (length.isascii() and length.isdigit()):
            raise BadRequest("malformed", "Content-Length is not a number.")
        if int(length) > limit:
            raise BodyTooLarge(f"At most {limit} bytes are accepted.", limit=limit)
        wanted = int(length)
    elif environ.get("HTTP_TRANSFER_ENCODING"):
        wanted = limit + 1  # unknown length: one byte over the limit is enough to know
    else:
        return b""
    raw = _take(environ["wsgi.input"], wanted)
    if len(raw) > limit:
        raise BodyTooLarge(f"At most {limit} bytes are accepted.", limit=limit)
    if length and len(raw) < wanted:
        raise BadRequest("malformed_json", "The body ended early.")
    if raw:
        _check_type(environ.get("CONTENT_TYPE") or "")
    return raw


def _take(stream: Any, wanted: int) -> bytes:
    """Up to `wanted` bytes; fewer where the stream ends before."""
    pieces, left = [], wanted
    while left > 0:
        piece = stream.read(min(left, _PIECE))
        if not piece:
            break
        pieces.append(piece)
        left -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _check_type(header: str) -> None:
    if header == "application/json":
        return
    kind, _, parameters = header.lower().partition(";")
    charset = parameters.replace(" ", "").replace('"', "")
    if kind.strip() != "application/json" or charset not in ("", "charset=utf-8", "charset=utf8"):
        raise UnsupportedMediaType(f"Content-Type is {header[:60] or 'missing'}; send application/json in UTF-8.")


def decoder(kind: type[T]) -> msgspec.json.Decoder[T]:
    """The fast decoder of a body's type, made once per call of the API."""
    return msgspec.json.Decoder(kind, dec_hook=fields.decode_hook)


def parse(raw: bytes, fast: msgspec.json.Decoder[Any]) -> Any:
    """The body as its struct. Raises BadRequest with every wrong field that can be found at once."""
    try:
        if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH and deeper(raw):
            raise BadRequest("too_deep", f"At most {MAX_DEPTH} levels are accepted.")
        body = fast.decode(raw)
        _scan(raw.decode())
        if b"\\u0000" not in raw:
            return body
        reason = ""
    except (msgspec.DecodeError, ValueError, RecursionError, _TwiceError) as error:
        body, reason = None, str(error)
    errors = explain.body(raw, fast.type)
    if errors:
        raise refusal(errors)
    if body is None:  # msgspec found what our own walk did not
        raise BadRequest("malformed", reason[:200])
    return body


def refusal(errors: list[FieldError]) -> InvalidBody:
    """The problem of several field errors, headed by the first."""
    first = errors[0]
    detail = f"{first.field}: {first.detail}" if first.field else first.detail
    return BadRequest(first.code, detail, errors=tuple(errors))


def deeper(raw: bytes) -> bool:
    """Whether brackets outside strings nest further than MAX_DEPTH."""
    depth = 0
    for match in _BRACKETS.finditer(raw):
        if match[1]:
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif match[2]:
            depth -= 1
    return False


def query(request: HttpRequest, kind: type[T]) -> T:
    """The query string as a struct: no unknown and no doubled parameters. Raises BadRequest."""
    text = request.META.get("QUERY_STRING", "")
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=100) if text else []
    except ValueError:
        raise BadRequest("malformed", "The query string cannot be read.") from None
    values = dict(pairs)
    doubled = [key for key, _ in pairs if len(values) < len(pairs) and sum(key == k for k, _ in pairs) > 1]
    if doubled:
        raise refusal([FieldError(doubled[0], "duplicate_field", "This parameter is there twice.")])
    if not any("\0" in part for pair in pairs for part in pair):
        try:
            made = msgspec.convert(values, kind, strict=False, dec_hook=fields.decode_hook)
            if all(type(getattr(made, name)) is not int or _INTEGER.fullmatch(values[name]) for name in values):
                return made  # msgspec takes 1.0 for a whole number
        except msgspec.ValidationError:
            pass
    raise refusal(explain.value(values, kind, texts=True) or [FieldError("", "malformed", "The query is malformed.")])
