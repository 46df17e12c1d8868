"""Rewards on the staff side: redemptions, corrections, the programme itself, and what another one would have given."""

from rewards.admin import programme  # noqa: I001  (first: the theme loads its template tags while it is loaded itself)
from rewards.admin import corrections, redemptions, whatif

__all__ = ["corrections", "programme", "redemptions", "whatif"]
