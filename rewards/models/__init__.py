"""The tables of what the programme gives."""

from .claims import SaleClaim
from .corrections import Correction, CorrectionPart
from .occasions import Occasion
from .redemptions import Redemption
from .states import RuleState, SharedCounter

__all__ = ["Correction", "CorrectionPart", "Occasion", "Redemption", "RuleState", "SaleClaim", "SharedCounter"]
