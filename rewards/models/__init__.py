"""The tables of what the programme gives."""

from .claims import SaleClaim
from .corrections import Correction, CorrectionPart
from .drafts import Draft, DraftChange
from .occasions import Occasion
from .offline import OfflineConflict, OfflineDevice
from .redemptions import Redemption
from .states import RuleState, SharedCounter
from .whatif import WhatIf, WhatIfChunk

__all__ = [
    "Correction",
    "CorrectionPart",
    "Draft",
    "DraftChange",
    "Occasion",
    "OfflineConflict",
    "OfflineDevice",
    "Redemption",
    "RuleState",
    "SaleClaim",
    "SharedCounter",
    "WhatIf",
    "WhatIfChunk",
]
