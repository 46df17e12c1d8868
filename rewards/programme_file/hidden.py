"""Characters that nobody sees: the database refuses some, and others let a name read as what it is not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from .problems import ERROR, Problem
from .reading import Source

# Control characters but line breaks and tabs, halves of characters, and what turns the direction of writing.
_HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


def problems(source: Source) -> Iterator[Problem]:
    """Every text and key of a document that has one."""
    for place, text in _texts(source.document, ""):
        if odd := _HIDDEN.search(text):
            line, column = source.spot(place)
            detail = _("The character U+%(code)s cannot stand in a programme file.") % {"code": f"{ord(odd[0]):04X}"}
            shown = _HIDDEN.sub("\N{REPLACEMENT CHARACTER}", place)
            yield Problem(ERROR, line, column, shown, "not_printable", detail, _("take it out"))


def _texts(value: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            within = f"{place}.{key}" if place else str(key)
            yield within, str(key)
            yield from _texts(inner, within)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(inner, f"{place}[{index}]")
