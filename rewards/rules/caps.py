"""The most that a rule or a campaign grants."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caps:
    """The most points; None: no limit. `per_day` and `per_member` are of one member, `total` is of all."""

    per_sale: int | None = None
    per_day: int | None = None
    per_member: int | None = None
    total: int | None = None

    def __bool__(self) -> bool:
        return (self.per_sale, self.per_day, self.per_member, self.total) != (None, None, None, None)

    @property
    def of_member(self) -> bool:
        """Whether what this member was granted before must be known."""
        return self.per_day is not None or self.per_member is not None


NO_CAPS = Caps()
