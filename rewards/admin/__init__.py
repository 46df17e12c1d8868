"""Rewards on the staff side: redemptions, corrections, the programme itself, and what another one would have given."""

from rewards.admin import corrections, programme, redemptions, whatif

__all__ = ["corrections", "programme", "redemptions", "whatif"]
