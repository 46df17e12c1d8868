"""Reading the programme document: every mistake is noted with its place, and reading goes on."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from loyalty import money

_FACTOR = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,6})?", re.ASCII)
_QUANTITY = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,3})?", re.ASCII)
_CODE = re.compile(r"[^\s:,\[\]{}\"']{1,60}")
_STEP = re.compile(r"([^.\[\]]+)|\[([0-9]+)\]")
MOST_POINTS = 1_000_000_000
MOST_GRANTED = 10**15


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake in the document: `place` is a path such as `rules[2].per`, `mend` says what to do about it."""

    place: str
    code: str
    detail: str
    mend: str = ""
    severity: str = "error"  # error, warning


class RuleError(ValueError):
    """The document cannot be used; `problem` is the first reason, `place` a path such as `rules[2].per`."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.place}: {problem.detail}")
        self.problem = problem
        self.place = problem.place
        self.detail = problem.detail


def in_order(found: Iterable[Problem], document: Mapping[str, object]) -> list[Problem]:
    """Each once, in the order of the places in the document."""

    def position(problem: Problem) -> list[int]:
        at: object = document
        positions = []
        for key, number in _STEP.findall(problem.place):
            if number:
                positions.append(int(number))
                at = at[int(number)] if isinstance(at, list) else None
            else:
                keys = [str(one) for one in at] if isinstance(at, dict) else []
                positions.append(keys.index(key) if key in keys else len(keys))
                at = at.get(key) if isinstance(at, dict) else None
        return positions

    return sorted(dict.fromkeys(found), key=position)


@dataclass(frozen=True, slots=True)
class Node:
    """One mapping of the document, where it stands, and the list that its mistakes go to.

    What cannot be read is noted in `found`, and something harmless is returned in its place.
    """

    value: Mapping[str, object]
    place: str
    found: list[Problem]

    def path(self, key: str) -> str:
        """The place of `key`."""
        return f"{self.place}.{key}" if self.place else key

    def has(self, key: str) -> bool:
        """Whether something is said under `key`."""
        return self.value.get(key) is not None

    def report(self, key: str, code: str, detail: str, mend: str = "", severity: str = "error") -> None:
        """Note a mistake at `key`."""
        self.found.append(Problem(self.path(key), code, detail, mend, severity))

    def only(self, keys: Collection[str]) -> None:
        """Refuse what is not known."""
        for key in self.value:
            if key not in keys:
                mend = "Known here: " + ", ".join(sorted(keys)) + "."
                self.report(str(key), "unknown_key", "is not known here", mend)

    def _mapping(self, value: object, place: str) -> Node:
        if value is None:
            value = {}
        if not isinstance(value, dict):
            self.found.append(Problem(place, "not_a_mapping", "must be a mapping", "Write `key: value` pairs."))
            value = {}
        return Node(value, place, self.found)

    def child(self, key: str) -> Node:
        """The mapping under `key`, empty where there is none."""
        return self._mapping(self.value.get(key), self.path(key))

    def children(self, key: str) -> list[Node]:
        """The mappings listed under `key`."""
        listed = self.value.get(key) or []
        if not isinstance(listed, list):
            self.report(key, "not_a_list", "must be a list", "Begin each entry with a dash.")
            return []
        nodes = [self._mapping(value, f"{self.path(key)}[{i}]") for i, value in enumerate(listed)]
        return [node for node, value in zip(nodes, listed, strict=True) if value is None or isinstance(value, dict)]

    def text(self, key: str, default: str = "") -> str:
        """A text that is not empty."""
        value = self.value.get(key, default)
        if isinstance(value, str) and value:
            return value
        code = "not_a_text" if self.has(key) else "required"
        self.report(key, code, "must be a text", "Give a text.")
        return default

    def code(self, key: str = "code") -> str:
        """A code: a short text without spaces, colons, commas, quotes and brackets."""
        value = self.text(key)
        if value and not _CODE.fullmatch(value):
            mend = "Up to 60 letters, digits, dots, dashes and underscores."
            self.report(key, "not_a_code", "must be a short text without spaces and colons", mend)
        return value

    def choice(self, key: str, choices: Sequence[str], default: str) -> str:
        """One of a few words."""
        value = self.value.get(key, default)
        if isinstance(value, str) and value in choices:
            return value
        detail = "must be one of " + ", ".join(choices)
        self.report(key, "not_a_choice" if self.has(key) else "required", detail, "Choose one of these.")
        return default

    def flag(self, key: str, *, default: bool) -> bool:
        """true or false."""
        value = self.value.get(key, default)
        if not isinstance(value, bool):
            self.report(key, "not_a_flag", "must be true or false", "Write true or false, without quotes.")
            return default
        return value

    def whole(self, key: str, *, least: int, most: int) -> int | None:
        """A whole number, or None where nothing is said."""
        value = self.value.get(key)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            detail = f"must be a whole number from {least} to {most}"
            self.report(key, "out_of_range", detail, "Write it without quotes and decimals.")
            return None
        return value

    def number(self, key: str, *, least: int = 1, most: int = MOST_POINTS) -> int:
        """A whole number that must be there."""
        if not self.has(key):
            self.report(key, "required", "is required", f"Give a whole number from {least}.")
        value = self.whole(key, least=least, most=most)
        return least if value is None else value

    def points(self, key: str) -> int:
        """Points of a rule: a whole number from 1."""
        return self.number(key)

    def money(self, key: str, currency: str) -> int:
        """Minor units of a quoted amount."""
        value = self.value.get(key)
        if not isinstance(value, str):
            code = "not_money" if self.has(key) else "required"
            self.report(key, code, 'must be an amount in quotes, such as "100"', "Put the amount in quotes.")
            return 1
        try:
            return money.minor(value, currency)
        except money.TooManyDecimalsError:
            mend = f"{currency} has {money.decimals(currency)} decimals."
            self.report(key, "too_many_decimals", f"has more decimals than {currency}", mend)
        except money.NotMoneyError:
            mend = "Digits and at most one point, without sign and spaces."
            self.report(key, "not_money", 'must be an amount, such as "100"', mend)
        return 1

    def quantity(self, key: str) -> int:
        """Thousandths of a whole number, or of a quoted one with up to three decimals."""
        value = self.value.get(key)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or not _QUANTITY.fullmatch(value) or Fraction(value) == 0:
            self.report(key, "not_a_quantity", "must be a quantity above 0", 'Such as 3, or "0.350".')
            return 1000
        return int(Fraction(value) * 1000)

    def factor(self, key: str) -> Fraction:
        """A quoted decimal number."""
        value = self.value.get(key)
        if not isinstance(value, str) or not _FACTOR.fullmatch(value):
            code = "not_a_factor" if self.has(key) else "required"
            self.report(key, code, 'must be a number in quotes, such as "1.5"', "Put the number in quotes.")
            return Fraction(1)
        return Fraction(value)

    def time(self, key: str) -> datetime | None:
        """An RFC 3339 time with its offset, or None."""
        value = self.value.get(key)
        if value is None:
            return None
        try:
            instant = datetime.fromisoformat(value) if isinstance(value, str) else None
        except ValueError:
            instant = None
        if instant is None or instant.tzinfo is None:
            detail = "must be a time with an offset, such as 2026-12-01T00:00:00+09:00"
            self.report(key, "not_a_time", detail, "Add the offset of the time zone, and quotes.")
            return None
        return instant

    def window(self) -> tuple[datetime | None, datetime | None]:
        """`from` and `until`, which must leave some time between them."""
        starts_at, ends_at = self.time("from"), self.time("until")
        if starts_at is not None and ends_at is not None and starts_at >= ends_at:
            self.report("until", "window_empty", "is not after `from`", "Let it end after it begins.")
        return starts_at, ends_at

    def texts(self, key: str) -> frozenset[str]:
        """A list of texts."""
        value = self.value.get(key) or []
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            self.report(key, "not_texts", "must be a list of texts", "Such as [food, tea].")
            return frozenset()
        return frozenset(value)

    def localised(self, key: str) -> Mapping[str, str]:
        """A text, or a text by language; a plain text stands under the empty language."""
        value = self.value.get(key)
        if value is None:
            return {}
        if isinstance(value, str):
            return {"": value}
        if isinstance(value, dict) and all(isinstance(text, str) for text in value.values()):
            return value
        self.report(key, "not_a_text", "must be a text, or a text by language", "Such as {en: Tea, ja: お茶}.")
        return {}
