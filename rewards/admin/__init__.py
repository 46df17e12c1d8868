"""Rewards on the staff side: redemptions, the programme itself, and what another one would have given."""

from rewards.admin import programme, redemptions, whatif

__all__ = ["programme", "redemptions", "whatif"]
