"""The tables of what the programme gives."""

from .claims import SaleClaim
from .corrections import Correction, CorrectionPart
from .redemptions import Redemption

__all__ = ["Correction", "CorrectionPart", "Redemption", "SaleClaim"]
