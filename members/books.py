"""I11: counters and tiers are what the sales make them."""

from __future__ import annotations

from collections.abc import Iterator

from loyalty.books import Problem, check_for
from members import recount


@check_for("I11")
def counters_equal_the_sales() -> Iterator[Problem]:
    """What a member is said to have bought is what the sales add up to."""
    for row in recount.wrong_counters():
        yield Problem("I11", f"member {row.member}", f"{row.stored} on record, {row.computed} by the sales")


@check_for("I11")
def tiers_follow_from_the_sales() -> Iterator[Problem]:
    """The stored level is the level that the sales reach."""
    for row in recount.wrong_tiers():
        stored, computed = row.stored or "no tier", row.computed or "no tier"
        yield Problem("I11", f"member {row.member}", f"{stored} on record in {row.group}, {computed} by the sales")
