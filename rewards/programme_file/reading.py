"""From the text of a programme file to a document, by YAML 1.2, with the place of everything.

The parser is libyaml's event stream (PyYAML): quick, and it builds nothing. What a plain word means is decided here, by
the core schema of YAML 1.2: `on`, `no` and `yes` are text. Anchors, aliases and tags are refused as they come by, so no
bomb is ever unfolded.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml
from django.utils.translation import gettext as _

from .problems import ERROR, Problem, ProgrammeRefused

MOST_BYTES = 1_048_576
DEPTH = 20
MOST_TEXT = 20_000  # characters of one value
MOST_KEY = 200
MOST_NODES = 200_000
MOST_DIGITS = 30
MOST_PROBLEMS = 100

_PARSER: Any = getattr(yaml, "CLoader", yaml.SafeLoader)
_UNPRINTABLE = re.compile(r"[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|(?<!\A)\ufeff")
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE, _FALSE = frozenset({"true", "True", "TRUE"}), frozenset({"false", "False", "FALSE"})
_WHOLE = re.compile(r"[-+]?[0-9]+", re.ASCII)
_OCTAL, _HEX = re.compile(r"0o[0-7]+", re.ASCII), re.compile(r"0x[0-9a-fA-F]+", re.ASCII)
_REAL = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_NO_NUMBER = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", re.ASCII)


@dataclass(frozen=True)
class Spot:
    """Where something stands: its value, and the key that names it; from 1."""

    line: int
    column: int
    key_line: int = 0
    key_column: int = 0


@dataclass(frozen=True)
class Source:
    """A document and where each part of it stands in the text."""

    document: dict[str, Any]
    places: Mapping[str, Spot] = field(default_factory=dict)
    written: Mapping[str, str] = field(default_factory=dict)  # numbers that would not be written so again, such as 007

    def spot(self, place: str, *, key: bool = False) -> tuple[int, int]:
        """Line and column of a place, of its key if `key`; of what holds it, where it is not there; else 0, 0."""
        while place and place not in self.places:
            place = place[: max(place.rfind("."), place.rfind("["), 0)]
            key = False
        found = self.places.get(place)
        if found is None:
            return 0, 0
        return (found.key_line, found.key_column) if key and found.key_line else (found.line, found.column)


def decode(data: bytes) -> str:
    """The text of a file. Raises ProgrammeRefused where it is too large or not UTF-8."""
    if len(data) > MOST_BYTES:
        raise ProgrammeRefused([_too_large(len(data))])
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        line, column = _position(before, len(before))
        detail = _("The file is not UTF-8 text.")
        raise ProgrammeRefused(
            [Problem(ERROR, line, column, "", "not_utf8", detail, _("save it as UTF-8, without another encoding"))]
        ) from None


def read(text: str) -> Source:
    """The document in a YAML 1.2 text. Raises ProgrammeRefused with what YAML, or its use here, does not allow."""
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MOST_BYTES:
        raise ProgrammeRefused([_too_large(size)])
    if odd := _UNPRINTABLE.search(text):
        line, column = _position(text, odd.start())
        detail = _("The character U+%(code)s cannot stand in a programme file.") % {"code": f"{ord(odd[0]):04X}"}
        raise ProgrammeRefused([Problem(ERROR, line, column, "", "not_printable", detail, _("take it out"))])
    return _Reader().read(text.removeprefix("\ufeff"))


def _too_large(size: int) -> Problem:
    detail = _("The file has %(size)d bytes; %(most)d are the limit.") % {"size": size, "most": MOST_BYTES}
    return Problem(ERROR, 1, 1, "", "too_large", detail, _("a programme of 2,000 rules fits: look for repeated text"))


def _too_deep() -> tuple[str, str]:
    detail = _("This is nested more than %(most)d deep.") % {"most": DEPTH}
    return detail, _("conditions may be nested to 4; everything else needs less")


def _position(text: str, at: int) -> tuple[int, int]:
    before = text[:at].replace("\r\n", "\n").replace("\r", "\n")
    return before.count("\n") + 1, len(before) - before.rfind("\n")


class _StoppedError(Exception):
    """Reading on makes no sense."""


@dataclass
class _Open:
    """A collection that is being read."""

    value: Any
    place: str
    key: str | None = None  # of a mapping: the key whose value comes next
    key_at: tuple[int, int] = (0, 0)


class _Reader:
    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.places: dict[str, Spot] = {}
        self.written: dict[str, str] = {}
        self.open: list[_Open] = []
        self.root: Any = None
        self.nodes = 0

    def read(self, text: str) -> Source:
        try:
            for event in self._events(text):
                self._take(event)
        except _StoppedError:
            pass
        if not self.problems and not isinstance(self.root, dict):
            detail = _("A programme file is a mapping that begins with “loyalty: 1”.")
            self.problems.append(Problem(ERROR, 1, 1, "", "not_a_mapping", detail, _("begin it with loyalty: 1")))
        if self.problems:
            raise ProgrammeRefused(self.problems)
        return Source(self.root, self.places, self.written)

    def _events(self, text: str) -> Iterator[Any]:
        try:
            yield from yaml.parse(text, Loader=_PARSER)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            said = "; ".join(part for part in (error.context, error.problem) if part)
            if "nesting depth" in said:
                self.problems.append(Problem(ERROR, line, column, self._here(), "too_deep", *_too_deep()))
                raise _StoppedError from None
            detail = _("This is not YAML: %(said)s.") % {"said": said}
            mend = _("look at the indentation, colons, quotes and brackets here and on the line before")
            self.problems.append(Problem(ERROR, line, column, self._here(), "malformed_yaml", detail, mend))
            raise _StoppedError from None
        except RecursionError:  # libyaml has a limit of its own, PyYAML has not
            self.problems.append(Problem(ERROR, 1, 1, self._here(), "too_deep", *_too_deep()))
            raise _StoppedError from None
        except (yaml.YAMLError, ValueError, OverflowError) as error:  # what has no mark
            detail = _("This is not YAML: %(said)s.") % {"said": str(error)[:200]}
            self.problems.append(Problem(ERROR, 1, 1, "", "malformed_yaml", detail, _("start from a shipped template")))
            raise _StoppedError from None

    def _here(self) -> str:
        return self._place() if self.open else ""

    def _place(self) -> str:
        """Of the value that comes next."""
        if not self.open:
            return ""
        holder = self.open[-1]
        if isinstance(holder.value, list):
            return f"{holder.place}[{len(holder.value)}]"
        if holder.key is None:
            return holder.place
        return f"{holder.place}.{holder.key}" if holder.place else holder.key

    def _say(
        self, event: Any, code: str, detail: str, mend: str, *, place: str | None = None, stop: bool = False
    ) -> None:
        where = self._place() if place is None else place
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        self.problems.append(Problem(ERROR, line, column, where, code, detail, mend))
        if stop or len(self.problems) >= MOST_PROBLEMS:
            raise _StoppedError

    def _take(self, event: Any) -> None:
        if isinstance(event, yaml.DocumentStartEvent) and self.root is not None:
            detail = _("A second document begins here.")
            self._say(event, "several_documents", detail, _("keep one programme in one file"), place="", stop=True)
        if isinstance(event, yaml.AliasEvent):
            detail = _("Aliases (*name) are not used in a programme file.")
            self._say(event, "alias", detail, _("write the value out in each place"))
            self._put(None, event)
            return
        if isinstance(event, yaml.NodeEvent):
            self.nodes += 1
            if self.nodes > MOST_NODES:
                detail = _("The file has more than %(most)d values.") % {"most": MOST_NODES}
                self._say(event, "too_large", detail, _("a programme of 2,000 rules has fewer"), stop=True)
            self._refuse_marks(event)
        if isinstance(event, yaml.CollectionStartEvent):
            self._begin(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self.open.pop()
        elif isinstance(event, yaml.ScalarEvent):
            self._scalar(event)

    def _refuse_marks(self, event: Any) -> None:
        if event.anchor is not None:
            detail = _("Anchors (&name) are not used in a programme file.")
            self._say(event, "anchor", detail, _("take the anchor out and write the value out in each place"))
        if event.tag is not None:
            detail = _("Tags such as %(tag)s are not used in a programme file.") % {"tag": event.tag[:60]}
            self._say(event, "tag", detail, _("take the tag out; quote what shall be text"))

    def _begin(self, event: Any) -> None:
        if self._awaits_key():
            self._say(
                event,
                "key_not_text",
                _("A key must be a plain text."),
                _("check the colon and the brackets"),
                stop=True,
            )
        if len(self.open) >= DEPTH:
            self._say(event, "too_deep", *_too_deep(), stop=True)
        value: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
        place = self._place()
        self._put(value, event)
        self.open.append(_Open(value, place))

    def _awaits_key(self) -> bool:
        return bool(self.open) and isinstance(self.open[-1].value, dict) and self.open[-1].key is None

    def _scalar(self, event: Any) -> None:
        text: str = event.value
        if self._awaits_key():
            self._key(event, text)
            return
        if len(text) > MOST_TEXT:
            detail = _("This text has %(size)d characters; %(most)d are the limit.") % {
                "size": len(text),
                "most": MOST_TEXT,
            }
            self._say(event, "too_long", detail, _("shorten it"))
            text = ""
        self._put(self._value(event, text) if event.implicit[0] else text, event)

    def _key(self, event: Any, text: str) -> None:
        holder = self.open[-1]
        if len(text) > MOST_KEY:
            detail = _("This key has %(size)d characters; %(most)d are the limit.") % {
                "size": len(text),
                "most": MOST_KEY,
            }
            self._say(event, "too_long", detail, _("shorten it"), stop=True)
        holder.key, holder.key_at = text, (event.start_mark.line + 1, event.start_mark.column + 1)
        if text in holder.value:
            before = self.places[self._place()]
            detail = _("“%(key)s” stands here a second time; the first is on line %(line)d.")
            self._say(
                event,
                "doubled_key",
                detail % {"key": text, "line": before.key_line},
                _("keep one of the two"),
            )

    def _value(self, event: Any, text: str) -> Any:
        """What a plain word means: the core schema of YAML 1.2."""
        if text in _NULL:
            return None
        if text in _TRUE or text in _FALSE:
            return text in _TRUE
        if len(text) <= MOST_DIGITS:
            if _WHOLE.fullmatch(text):
                return int(text)
            if _OCTAL.fullmatch(text) or _HEX.fullmatch(text):
                return int(text, 0)
            if _REAL.fullmatch(text) and math.isfinite(number := float(text)):
                return number
        if _REAL.fullmatch(text) or _NO_NUMBER.fullmatch(text):
            detail = _("%(text)s is not a number that can be used.") % {"text": text[:40]}
            self._say(event, "out_of_range", detail, _("write a smaller number, or quote what shall be text"))
            return None
        return text

    def _put(self, value: Any, event: Any) -> None:
        place = self._place()
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        if isinstance(value, int | float) and str(value) != event.value:
            self.written[place] = event.value
        if not self.open:
            self.root = value
            self.places[""] = Spot(line, column)
            return
        holder = self.open[-1]
        if isinstance(holder.value, list):
            self.places[place] = Spot(line, column)
            holder.value.append(value)
            return
        if holder.key is None:  # an alias where a key should stand
            holder.key, holder.key_at = "", (line, column)
            return
        self.places[place] = Spot(line, column, *holder.key_at)
        holder.value[holder.key] = value
        holder.key = None
