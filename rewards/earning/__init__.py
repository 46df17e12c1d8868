"""Earning: what a sale gives, recorded or asked beforehand."""

from .claims import Claim
from .receipts import Receipt
from .sales import Reference, Sold, quote, record_sale

__all__ = ["Claim", "Receipt", "Reference", "Sold", "quote", "record_sale"]
