"""Rewards on the staff side: redemptions."""

from rewards.admin import redemptions

__all__ = ["redemptions"]
