"""Times: what ends before it begins, or can never be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from rewards.programme_file.problems import WARNING

from .findings import Document, Finding, entries, instant, rules, within


def windows_are_possible(document: Document) -> Iterator[Finding]:
    """Rules, campaigns, rewards and events."""
    for place, rule, _campaign in rules(document):
        yield from _span(place, rule, "from", "until")
    for section in ("campaigns", "rewards"):
        for place, entry in entries(document, section):
            window = entry.get("window") or {}
            yield from _span(f"{place}.window", window, "from", "until")
            hours = window.get("hours")
            if hours and hours[0] == hours[-1] and len(hours) == 2:
                detail = _("From %(first)s until %(last)s is no time at all.") % {"first": hours[0], "last": hours[1]}
                yield Finding(f"{place}.window.hours", "contradictory_window", detail, _("give a later end"))
    closing = document.get("closing") or {}
    ends, last = instant(closing.get("earning_until")), instant(closing.get("redeeming_until"))
    if ends is not None and last is not None and last < ends:
        detail = _("Redeeming would end before earning does.")
        yield Finding("closing.redeeming_until", "contradictory_window", detail, _("give members time to spend"))
    for place, event in entries(document, "events"):
        yield from _span(place, event, "starts_at", "ends_at")
        yield from _opening(place, event)


def _span(place: str, entry: Mapping[str, Any], first: str, last: str) -> Iterator[Finding]:
    for key in (first, last):
        if entry.get(key) is not None and instant(entry[key]) is None:
            detail = _("“%(value)s” is not a time that exists.") % {"value": entry[key]}
            yield Finding(f"{place}.{key}", "not_a_time", detail, _('write it as "2026-12-01T00:00:00+09:00"'))
    starts, ends = instant(entry.get(first)), instant(entry.get(last))
    if starts is not None and ends is not None and ends <= starts:
        detail = _("This ends at %(ends)s, not after it begins.") % {"ends": entry[last]}
        yield Finding(
            f"{place}.{last}",
            "contradictory_window",
            detail,
            _("give an end after %(start)s") % {"start": entry[first]},
        )


def _opening(place: str, event: Mapping[str, Any]) -> Iterator[Finding]:
    begins = instant(event.get("starts_at"))
    for at, ticket in within(place, event, "tickets"):
        for code, value in (ticket.get("opens_at") or {}).items():
            opens = instant(value)
            if value is not None and opens is None:
                detail = _("“%(value)s” is not a time that exists.") % {"value": value}
                yield Finding(f"{at}.opens_at.{code}", "not_a_time", detail, _("write a time that exists"))
            if opens is not None and begins is not None and opens >= begins:
                detail = _("Booking opens when the event has begun.")
                yield Finding(f"{at}.opens_at.{code}", "opens_late", detail, _("open it before"), WARNING)
