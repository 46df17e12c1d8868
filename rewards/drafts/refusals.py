"""What a deed on a draft answers when it may not be done; nothing was changed. Staff pages say it in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any


class DraftRefused(Exception):  # noqa: N818  (a refusal is an answer, not a fault)
    """The deed was understood and refused."""


class DraftClosed(DraftRefused):
    """The draft was published or thrown away in the meantime."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


class PartChanged(DraftRefused):
    """Somebody saved the same rule or campaign since it was opened. `now` is what stands there, None if removed."""

    def __init__(self, *, by: str, at: datetime, now: Any) -> None:
        super().__init__(by)
        self.by = by
        self.at = at
        self.now = now


class CodeTaken(DraftRefused):
    """Another rule or campaign has this code."""


class NotACode(DraftRefused):
    """A code outside the grammar: a part of this code could not even be addressed."""


class NotText(DraftRefused):
    """Something typed holds control characters, which nothing can keep."""


class StaleBase(DraftRefused):
    """Another version was published since the draft was started: bring the draft up to date first."""

    def __init__(self, newest: int) -> None:
        super().__init__(str(newest))
        self.newest = newest


class TooEarly(DraftRefused):
    """A version that is published already begins later, and would undo this one on that day."""

    def __init__(self, version: int, starts_at: datetime) -> None:
        super().__init__(str(version))
        self.version = version
        self.starts_at = starts_at


class NotAsSeen(DraftRefused):
    """The draft is no longer what the person looked at before publishing."""


class NothingChanged(DraftRefused):
    """The draft is the same as the programme: there is nothing to publish."""


class HasProblems(DraftRefused):
    """`check` found errors; they name place and mend."""

    def __init__(self, problems: Sequence[Any]) -> None:
        super().__init__("; ".join(f"{one.place}: {one.detail}" for one in problems))
        self.problems = problems


@dataclass(frozen=True)
class Clash:
    """One part that both the draft and a version published meanwhile changed; it takes a person to choose."""

    key: str  # "campaigns/tuesdays", "settings/earning"
    base: Any
    mine: Any
    theirs: Any
