"""Rewards on the staff side: redemptions, and the programme itself."""

from rewards.admin import programme, redemptions

__all__ = ["programme", "redemptions"]
