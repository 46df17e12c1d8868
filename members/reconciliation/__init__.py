"""A store's takings as its tills say them, compared with the sales that were reported to us, receipt by receipt."""

from .comparing import Compared, Statement, reconcile
from .reading import Row, RowError, Unreadable, read

__all__ = ["Compared", "Row", "RowError", "Statement", "Unreadable", "read", "reconcile"]
