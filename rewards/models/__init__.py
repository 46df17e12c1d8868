"""The tables of what the programme gives."""

from .redemptions import Redemption

__all__ = ["Redemption"]
