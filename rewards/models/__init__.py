"""The tables of what the programme gives."""

from .claims import SaleClaim
from .redemptions import Redemption

__all__ = ["Redemption", "SaleClaim"]
