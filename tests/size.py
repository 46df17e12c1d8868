"""How much is tried: `short` on every run, `more` in CI, `full` before an issue is resolved."""

import os

SIZE = os.environ.get("LOYALTY_TEST_SIZE", "short")


def by_size(short: int, more: int, full: int) -> int:
    """The number for the size that was asked for."""
    return {"short": short, "more": more, "full": full}[SIZE]
