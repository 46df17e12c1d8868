"""Rewards on the staff side: redemptions, corrections, offline tills, the programme, and what others would give."""

from rewards.admin import corrections, offline, programme, redemptions, whatif

__all__ = ["corrections", "offline", "programme", "redemptions", "whatif"]
