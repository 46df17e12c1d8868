"""What-if: what other rules would have given for the sales that are stored (docs/what-if.md). Writes to no ledger."""

from .runs import OPEN, Progress, WhatIfRefused, cancel, progress, start, sweep
from .working import work

__all__ = ["OPEN", "Progress", "WhatIfRefused", "cancel", "progress", "start", "sweep", "work"]
