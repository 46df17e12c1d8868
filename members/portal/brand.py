"""The shop's brand: its variables as a style sheet of its own, so that no page needs an inline style."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse

from loyalty import policies
from loyalty.models import Programme
from members.portal import frame

# What each variable may be; anything else is left out, so that a programme file cannot write CSS.
ALLOWED = {
    "brand": re.compile(r"#[0-9a-fA-F]{6}"),
    "ink": re.compile(r"#[0-9a-fA-F]{6}"),
    "paper": re.compile(r"#[0-9a-fA-F]{6}"),
    "radius": re.compile(r"(?:[0-9]|1[0-9]|2[0-4])px"),
    "font": re.compile(r"""[A-Za-z0-9 ,"'-]{1,200}"""),
}
YEAR = 31536000


def stylesheet(variables: Mapping[str, Any]) -> str:
    """`:root{…}` with the allowed ones of the brand's variables; empty where there are none."""
    kept = [
        f"--{name}:{value}"
        for name, pattern in ALLOWED.items()
        if isinstance(value := variables.get(name), str) and pattern.fullmatch(value) and contrast_ok(name, value)
    ]
    return f":root{{{';'.join(kept)}}}\n" if kept else "/* the house's own colours */\n"


def contrast_ok(name: str, value: str) -> bool:
    """The brand colour carries white text: it must reach 4.5:1 on white (WCAG 1.4.3)."""
    return name != "brand" or contrast(value, "#ffffff") >= 4.5


def contrast(one: str, other: str) -> float:
    """The WCAG contrast ratio of two `#rrggbb` colours."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def view(request: HttpRequest, version: int) -> HttpResponse:
    """GET /brand/7.css: the variables of that version; the same for ever, so browsers may keep it. Or 404."""
    found = policies.current()
    if found.version != version:
        try:
            found = policies.version(version)
        except Programme.DoesNotExist:
            raise Http404 from None
    sheet = stylesheet(frame.brand_of(found))
    return HttpResponse(
        sheet, content_type="text/css; charset=utf-8", headers={"Cache-Control": f"public, max-age={YEAR}, immutable"}
    )


def _luminance(colour: str) -> float:
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
