"""The tables of what the programme gives."""

from .claims import SaleClaim
from .redemptions import Redemption
from .whatif import WhatIf, WhatIfChunk

__all__ = ["Redemption", "SaleClaim", "WhatIf", "WhatIfChunk"]
