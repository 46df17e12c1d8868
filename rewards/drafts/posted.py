"""Between what is typed into a form and the programme document.

A form is always drawn from the document, and what is posted always becomes a document again: what cannot be read
(letters where a number belongs) stays in it as it was typed, and the check of the document names it. So nothing typed
is ever lost. Names of controls are places in the part: `budget.points`, `rules.0.lines.include.skus`.
"""

from __future__ import annotations

import copy
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.http import QueryDict

from loyalty import clock

Part = dict[str, Any]
_GROUPED = re.compile(r"-?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_WHOLE = re.compile(r"-?[0-9]{1,18}", re.ASCII)

# What a rule of each kind has besides what all have.
KIND_KEYS: dict[str, tuple[str, ...]] = {
    "per_amount": ("points", "per", "whole_steps"),
    "per_unit": ("points",),
    "per_visit": ("points",),
    "fixed": ("points", "each", "before_multipliers"),
    "multiplier": ("factor", "of"),
    "stamps": ("buy", "points", "reward"),
    "streak": ("times", "within_days", "points", "skus", "each"),
    "referral": ("referrer", "friend", "wait_days"),
}
_LINES = {
    f"lines.{side}.{by}": "list" for side in ("include", "exclude") for by in ("skus", "categories", "labels", "brands")
}
_CAPS = {f"caps.{name}": "whole" for name in ("per_sale", "per_day", "per_member", "total")}
_COMPANY = {"priority": "whole", "stackable": "yes", "group": "text"}
RULE: dict[str, str] = {
    "code": "text",
    "kind": "text",
    "trigger": "text",
    "points": "whole",
    "per": "decimal",
    "whole_steps": "no",
    "each": "text",
    "before_multipliers": "no",
    "factor": "decimal",
    "of": "several",
    "buy": "whole",
    "reward": "text",
    "times": "whole",
    "skus": "list",
    "within_days": "whole",
    "referrer": "whole",
    "friend": "whole",
    "wait_days": "whole",
    **_LINES,
    "rounding": "text",
    **_COMPANY,
    **_CAPS,
    "from": "start",
    "until": "end",
    "enabled": "yes",
}
CAMPAIGN: dict[str, str] = {
    "code": "text",
    "window.from": "start",
    "window.until": "end",
    "window.weekdays": "weekdays",
    "window.hours": "hours",
    "stores": "several",
    "store_groups": "several",
    "budget.points": "whole",
    "budget.money": "decimal",
    "budget.at_end": "text",
    "control_percent": "whole",
    **_COMPANY,
    **_CAPS,
    "enabled": "yes",
}
_DEFAULTS: dict[str, Any] = {"yes": True, "no": False}


def instant(text: object) -> datetime | None:
    """An RFC 3339 time with its offset, None for anything else."""
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return at if at.tzinfo else None


class Posted:
    """The controls of a form as they came, each by its name."""

    def __init__(self, data: QueryDict, zone: ZoneInfo) -> None:
        self.data = data
        self.zone = zone

    def one(self, name: str) -> str:
        """The text of one control, trimmed; "" where it is not there."""
        return (self.data.get(name) or "").strip()

    def many(self, name: str) -> list[str]:
        """The chosen values of several boxes."""
        return [value for value in self.data.getlist(name) if value != ""]

    def has(self, name: str) -> bool:
        """Whether the form had this control."""
        return name in self.data

    def value(self, name: str, kind: str) -> Any:
        """The value as it stands in a document, None where nothing was given."""
        if kind in ("yes", "no"):
            given = self.one(name) == "on"
            return None if given is _DEFAULTS[kind] else given
        if kind in ("several", "weekdays"):
            return [whole(text) if kind == "weekdays" else text for text in self.many(name)] or None
        if kind == "hours":
            pair = [self.one(f"{name}.0"), self.one(f"{name}.1")]
            return pair if any(pair) else None
        text = self.one(name)
        if kind == "list":
            return split(text) or None
        if not text:
            return None
        if kind == "whole":
            return whole(text)
        if kind == "decimal":
            return plain(text)
        if kind in ("start", "end"):
            return self._instant(text, end=kind == "end")
        return text

    def _instant(self, text: str, *, end: bool) -> str:
        """A day, or a day and a time, in the programme's zone; an end day is counted in."""
        try:
            if len(text) <= 10:
                day = date.fromisoformat(text)
                at = clock.end_of(day, self.zone) if end else clock.start_of(day, self.zone)
            else:
                at = datetime.fromisoformat(text)
                if at.tzinfo is not None:
                    return text  # carried along, not typed
                at = at.replace(tzinfo=self.zone)
        except (ValueError, OverflowError):
            return text
        return at.astimezone(self.zone).isoformat()


def clean(data: QueryDict) -> QueryDict:
    """The same, or a copy without control characters where there are any."""
    if not any(_CONTROL.search(value) for _name, values in data.lists() for value in values):
        return data
    copied = data.copy()
    for name, values in data.lists():
        copied.setlist(name, [_CONTROL.sub("", value) for value in values])
    return copied


def plain(text: str) -> str:
    """A number as typed, in the document's spelling: １，９８０円 is 1980."""
    found = unicodedata.normalize("NFKC", text).strip().lstrip("¥$€£").replace(" ", "").rstrip("円%")
    return found.replace(",", "") if _GROUPED.fullmatch(found) else found


def whole(text: str) -> int | str:
    """A whole number, or what was typed."""
    found = plain(text)
    return int(found) if _WHOLE.fullmatch(found) else text


def split(text: str) -> list[str]:
    """Several texts, between commas or one a line."""
    found = [one.strip() for one in re.split(r"[,、，\n]", text)]
    return list(dict.fromkeys(one for one in found if one))


def read(spec: Mapping[str, str], posted: Posted, prefix: str, original: Part) -> Part:
    """The part with what its form manages taken from what was posted, and all else left as it was."""
    part = copy.deepcopy(original)
    for path, kind in spec.items():
        put(part, path, posted.value(prefix + path, kind), original, _DEFAULTS.get(kind))
    return part


def only_kind(part: Part) -> Part:
    """A rule without what belongs to other kinds."""
    own = KIND_KEYS.get(str(part.get("kind")), ())
    foreign = {key for keys in KIND_KEYS.values() for key in keys} - set(own)
    return {key: value for key, value in part.items() if key not in foreign}


def put(part: Part, path: str, value: Any, original: Part, default: Any = None) -> None:
    """Set or remove one value; what was written out although it says nothing stays as it is."""
    *way, last = path.split(".")
    inner: Any = part
    if value is None:
        before = get(original, path, missing := object())
        if before is not missing and (before in (None, [], {}, "") or (default is not None and before is default)):
            return
        for step in way:
            inner = inner.get(step)
            if not isinstance(inner, dict):
                return
        inner.pop(last, None)
        _prune(part, way, original)
        return
    for step in way:
        if not isinstance(inner.get(step), dict):
            inner[step] = {}
        inner = inner[step]
    inner[last] = value


def _prune(part: Part, way: Sequence[str], original: Part) -> None:
    """Take away the mappings on the way that are empty now, unless they were so before."""
    for end in range(len(way), 0, -1):
        path = ".".join(way[:end])
        if get(part, path) == {} and get(original, path) != {}:
            outer = get(part, ".".join(way[: end - 1])) if end > 1 else part
            outer.pop(way[end - 1], None)


def get(part: Any, path: str, default: Any = None) -> Any:
    """What stands at a path, e.g. `budget.points` or `rules.0.kind`."""
    for step in path.split("."):
        if isinstance(part, Mapping) and step in part:
            part = part[step]
        elif isinstance(part, list) and step.isdecimal() and int(step) < len(part):
            part = part[int(step)]
        else:
            return default
    return part


def shown(value: Any, kind: str, zone: ZoneInfo) -> str:
    """A value as a text control shows it."""
    if value is None:
        return ""
    if kind == "list":
        return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    if kind in ("start", "end"):
        return _shown_instant(value, zone, end=kind == "end")
    return str(value)


def is_day(value: Any, zone: ZoneInfo) -> bool:
    """Whether an instant of the document is the edge of a local day, so that a day control shows it whole."""
    at = instant(value)
    return value in (None, "") or (at is not None and at == clock.start_of(clock.day_of(at, zone), zone))


def _shown_instant(value: Any, zone: ZoneInfo, *, end: bool) -> str:
    at = instant(value)
    if at is None:
        return str(value)
    if is_day(value, zone):
        return (clock.last_day(at, zone) if end else clock.day_of(at, zone)).isoformat()
    return at.astimezone(zone).strftime("%Y-%m-%dT%H:%M")
