"""The tables of what the programme gives."""

from .claims import SaleClaim
from .drafts import Draft, DraftChange
from .redemptions import Redemption
from .whatif import WhatIf, WhatIfChunk

__all__ = ["Draft", "DraftChange", "Redemption", "SaleClaim", "WhatIf", "WhatIfChunk"]
