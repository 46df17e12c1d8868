"""Rewards on the staff side: redemptions, corrections."""

from rewards.admin import corrections, redemptions

__all__ = ["corrections", "redemptions"]
