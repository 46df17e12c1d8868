"""What two versions of the programme differ in, in words: old and new side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rewards import programme_file
from rewards.drafts import parts

from . import sentences, vocabulary
from .naming import Names

KINDS = {"added": gettext_lazy("added"), "removed": gettext_lazy("removed"), "changed": gettext_lazy("changed")}
LONGEST = 400


def in_words(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row for each rule, campaign or setting that differs: what kind of change, and the sentences of both sides."""
    was, now = Names(old), Names(new)
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for change in programme_file.compare(old, new):
        key = (change.section, change.code)
        row = found.setdefault(
            key,
            {
                "section": str(vocabulary.SECTIONS.get(change.section, change.section)),
                "name": _title(change.section, change.code, was, now),
                "kind": change.kind,
                "word": KINDS.get(change.kind, change.kind),
                "old": _said(change.section, change.code, old, was),
                "new": _said(change.section, change.code, new, now),
                "fields": [],
            },
        )
        if row["old"] is None or row["new"] is None or row["old"] == row["new"]:
            row["fields"].append(_field(change))
    for row in found.values():
        row["old"], row["new"] = row["old"] or [], row["new"] or []
    return list(found.values())


def _title(section: str, code: str, was: Names, now: Names) -> str:
    for names in (now, was):
        part = parts.find(names.document, section, code) if code else None
        if part is not None:
            return names.of(part)
    return code


def _said(section: str, code: str, document: Mapping[str, Any], names: Names) -> list[str] | None:
    """The sentences of one side: None where this kind of part has none, [] where it is not there."""
    if section == "closing":
        return said(section, document.get("closing"), names)
    if section not in ("rules", "campaigns"):
        return None
    return said(section, parts.find(document, section, code), names)


def said(section: str, part: Any, names: Names) -> list[str]:
    """One part in sentences, or as its values; nothing where it is not there."""
    if part is None:
        return []
    if section == "rules":
        return sentences.rule(part, names)
    if section == "closing":
        return sentences.closing(part, names)
    return sentences.campaign(part, names) if section == "campaigns" else [_value(part)]


def _field(change: Any) -> dict[str, str]:
    return {"place": change.place, "before": _value(change.before), "after": _value(change.after)}


def _value(value: Any) -> str:
    if value is None:
        return "—"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, Mapping):
        text = ", ".join(f"{key}: {_value(one)}" for key, one in value.items())
    elif isinstance(value, list):
        text = ", ".join(_value(one) for one in value)
    else:
        text = str(value)
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"
