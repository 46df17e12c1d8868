"""The tables of what the programme gives."""

from .claims import SaleClaim
from .occasions import Occasion
from .redemptions import Redemption
from .states import RuleState, SharedCounter

__all__ = ["Occasion", "Redemption", "RuleState", "SaleClaim", "SharedCounter"]
