"""Reading the programme document with the place of every mistake."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from loyalty import money

_FACTOR = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,6})?", re.ASCII)
MOST_POINTS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake in the document: `place` is a path such as `rules[2].per`, `mend` says what to do about it."""

    place: str
    code: str
    detail: str
    mend: str = ""
    severity: str = "error"  # error, warning


class RuleError(ValueError):
    """The document cannot be used; `place` is a path such as `rules[2].per`."""

    def __init__(self, place: str, detail: str) -> None:
        super().__init__(f"{place}: {detail}")
        self.place = place
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Node:
    """One mapping of the document and where it stands."""

    value: Mapping[str, object]
    place: str

    @classmethod
    def at(cls, value: object, place: str) -> Node:
        """The mapping `value`; nothing counts as an empty one."""
        if value is None:
            value = {}
        if not isinstance(value, dict):
            raise RuleError(place, "must be a mapping")
        return cls(value, place)

    def error(self, key: str, detail: str) -> RuleError:
        """A mistake at `key`."""
        return RuleError(f"{self.place}.{key}" if self.place else key, detail)

    def only(self, keys: Collection[str]) -> None:
        """Refuse what is not known."""
        for key in self.value:
            if key not in keys:
                raise self.error(str(key), "is not known here")

    def child(self, key: str) -> Node:
        """The mapping under `key`, empty where there is none."""
        return Node.at(self.value.get(key), f"{self.place}.{key}" if self.place else key)

    def children(self, key: str) -> list[Node]:
        """The mappings listed under `key`."""
        found = self.value.get(key) or []
        if not isinstance(found, list):
            raise self.error(key, "must be a list")
        place = f"{self.place}.{key}" if self.place else key
        return [Node.at(value, f"{place}[{i}]") for i, value in enumerate(found)]

    def text(self, key: str, default: str | None = None) -> str:
        """A text that is not empty."""
        value = self.value.get(key, default)
        if not isinstance(value, str) or not value:
            raise self.error(key, "must be a text")
        return value

    def choice(self, key: str, choices: Sequence[str], default: str) -> str:
        """One of a few words."""
        value = self.value.get(key, default)
        if value not in choices:
            raise self.error(key, "must be one of " + ", ".join(choices))
        return str(value)

    def flag(self, key: str, *, default: bool) -> bool:
        """true or false."""
        value = self.value.get(key, default)
        if not isinstance(value, bool):
            raise self.error(key, "must be true or false")
        return value

    def whole(self, key: str, *, least: int, most: int, default: int | None = None) -> int | None:
        """A whole number, or `default` where there is none."""
        value = self.value.get(key)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise self.error(key, f"must be a whole number from {least} to {most}")
        return value

    def points(self, key: str) -> int:
        """Points of a rule: a whole number from 1."""
        value = self.whole(key, least=1, most=MOST_POINTS)
        if value is None:
            raise self.error(key, "is required")
        return value

    def money(self, key: str, currency: str) -> int:
        """Minor units of a quoted amount."""
        value = self.value.get(key)
        if not isinstance(value, str):
            raise self.error(key, 'must be an amount in quotes, such as "100"')
        try:
            return money.minor(value, currency)
        except money.TooManyDecimalsError:
            raise self.error(key, f"has more decimals than {currency}") from None
        except money.NotMoneyError:
            raise self.error(key, 'must be an amount, such as "100"') from None

    def factor(self, key: str) -> Fraction:
        """A quoted decimal number."""
        value = self.value.get(key)
        if not isinstance(value, str) or not _FACTOR.fullmatch(value):
            raise self.error(key, 'must be a number in quotes, such as "1.5"')
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
            raise self.error(key, "must be a time with an offset, such as 2026-12-01T00:00:00+09:00")
        return instant

    def texts(self, key: str) -> frozenset[str]:
        """A list of texts."""
        value = self.value.get(key) or []
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            raise self.error(key, "must be a list of texts")
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
        raise self.error(key, "must be a text, or a text by language")
