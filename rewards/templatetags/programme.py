"""Controls of the programme's forms, drawn from the part of the document that they edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from rewards.drafts import posted as posting

register = template.Library()
_MODES = {"whole": "numeric", "decimal": "decimal"}


@register.simple_tag
def control(form: Any, path: str, kind: str, size: str = "", choices: Any = None, listed: str = "") -> SafeString:
    """One control: a box for text, numbers and days, or a list where there are `choices`; with its error below.

    `listed` is the id of a list of suggestions.
    """
    name = form.prefix + path
    error = form.error(name)
    extra = format_html(' aria-invalid="true" aria-describedby="{}-error"', ident(name)) if error else ""
    value = posting.get(form.part, path)
    label = form.label(path)
    if choices is not None:
        inner = _select(name, label, value, choices, extra)
    else:
        inner = _input(name, kind, label, value, form.zone, size, listed, extra)
    return format_html("{}{}", inner, problem(name, error))


@register.simple_tag
def box(form: Any, path: str, kind: str, label: Any) -> SafeString:
    """A box to tick. Kind "yes" is ticked unless the document says false, "no" only if it says true."""
    name = form.prefix + path
    value = posting.get(form.part, path)
    on = value is not False if kind == "yes" else value is True
    return format_html(
        '<label class="tick"><input type="checkbox" name="{}" id="{}"{}> {}</label>',
        name,
        ident(name),
        SafeString(" checked") if on else "",
        label,
    )


@register.simple_tag
def ticks(form: Any, path: str, choices: Iterable[tuple[Any, Any]]) -> SafeString:
    """Several boxes of one name; what is chosen but no longer there stays to be seen."""
    name = form.prefix + path
    chosen = posting.get(form.part, path) or []
    chosen = [str(one) for one in chosen] if isinstance(chosen, list) else []
    known = [(str(code), label) for code, label in choices]
    gone = [(one, one) for one in chosen if one not in dict(known)]
    boxes = format_html_join(
        "",
        '<label class="tick"><input type="checkbox" name="{}" value="{}"{}> {}</label>',
        ((name, code, SafeString(" checked") if code in chosen else "", label) for code, label in [*known, *gone]),
    )
    return format_html('<span class="ticks" id="{}">{}</span>{}', ident(name), boxes, problem(name, form.error(name)))


@register.filter
def ident(name: str) -> str:
    """The id of a control, from its name: what a problem's link leads to."""
    return "f-" + name.replace(".", "-")


@register.filter
def at(value: Any, path: str) -> Any:
    """What stands at a path of a part."""
    return posting.get(value, path)


def problem(name: str, error: str) -> SafeString:
    """What is wrong with a control, in words."""
    if not error:
        return SafeString("")
    return format_html('<span class="error" id="{}-error">{}</span>', ident(name), error)


def _select(name: str, label: Any, value: Any, choices: Any, extra: Any) -> SafeString:
    pairs = list(choices.items()) if isinstance(choices, dict) else list(choices)
    current = "" if value is None else str(value)
    if current not in [str(code) for code, _label in pairs]:
        pairs.append((current, current or "—"))
    options = format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        ((code, SafeString(" selected") if str(code) == current else "", text) for code, text in pairs),
    )
    return format_html(
        '<select name="{}" id="{}" aria-label="{}"{}>{}</select>', name, ident(name), label, extra, options
    )


def _input(name: str, kind: str, label: Any, value: Any, zone: Any, size: str, listed: str, extra: Any) -> SafeString:
    text = posting.shown(value, kind, zone)
    type_ = "text"
    if kind in ("start", "end"):
        type_ = "date" if posting.is_day(value, zone) else "datetime-local"
    elif kind == "time":
        type_ = "time"
    mode = format_html(' inputmode="{}"', _MODES[kind]) if kind in _MODES else ""
    suggestions = format_html(' list="{}"', listed) if listed else ""
    return format_html(
        '<input type="{}" name="{}" id="{}" value="{}" class="{}" aria-label="{}" autocomplete="off"{}{}{}>',
        type_,
        name,
        ident(name),
        text,
        size or {"whole": "small-in", "decimal": "small-in", "list": "wide-in"}.get(kind, ""),
        label,
        mode,
        suggestions,
        extra,
    )


@register.filter
def tail(name: str, target: str) -> str:
    """The positions after the name of a condition: `rules.0.when.1.2` within `rules.0.when` is `1.2`."""
    return name[len(target) :].lstrip(".")
