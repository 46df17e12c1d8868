"""Tags of the portal's templates: icons from the sprite, static addresses that may be kept, figures."""

import functools
import hashlib
import re
from pathlib import Path
from typing import Any

from django import template
from django.contrib.staticfiles import finders
from django.template import Context
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from members.portal import formats

register = template.Library()
register.filter("points", formats.points)
register.filter("signed", formats.signed)
register.filter("card", formats.card)
TICKS = (4, 9, 14, 19)


@functools.cache
def _file(name: str) -> Path:
    found = finders.find(name)
    if not isinstance(found, str):
        raise FileNotFoundError(name)
    return Path(found)


@register.simple_tag
@functools.cache
def asset(name: str) -> str:
    """The address of a static file with a digest of its content: what changes gets a new address."""
    return f"{static(name)}?{hashlib.sha256(_file(name).read_bytes()).hexdigest()[:12]}"


@functools.cache
def symbols() -> dict[str, str]:
    """The sprite, symbol by symbol."""
    text = _file("portal/icons.svg").read_text(encoding="utf-8")
    return {match[1]: match[0] for match in re.finditer(r'<symbol id="i-([a-z]+)".*?</symbol>', text)}


def _used(context: Context) -> dict[str, None]:
    """The icons of this rendering so far: kept where includes and blocks find the same one."""
    kept: Any = context.render_context.dicts[0]
    used: dict[str, None] = kept.setdefault("portal_icons", {})
    return used


@register.simple_tag(takes_context=True)
def icon(context: Context, name: str, small: bool = False, also: str = "") -> SafeString:
    """An icon beside a text that says the same."""
    if name not in symbols():
        raise KeyError(name)
    _used(context)[name] = None
    return format_html(
        '<svg class="icon{}{}" aria-hidden="true"><use href="#i-{}"/></svg>',
        " s" if small else "",
        f" {also}" if also else "",
        name,
    )


@register.simple_tag(takes_context=True)
def sprite(context: Context) -> SafeString:
    """The symbols this page used; stands at the end of the body."""
    return mark_safe("".join(symbols()[name] for name in _used(context)))  # noqa: S308  (our own file)


@register.simple_tag
def ticks(rank: int, of: int = 4) -> SafeString:
    """A rank as one to four ticks: readable without colour."""
    shown = min(rank, of, len(TICKS))
    paths = "".join(
        f'<path d="M{x} 2v12"/>' if place < shown else f'<path class="off" d="M{x} 2v12"/>'
        for place, x in enumerate(TICKS[: min(of, len(TICKS))])
    )
    return mark_safe(f'<svg viewBox="0 0 22 16" aria-hidden="true">{paths}</svg>')  # noqa: S308  (numbers only)
