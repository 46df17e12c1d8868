"""Members on the staff side: dashboard, the list, the page about one, ledger and decisions, sales and messages."""

from members.admin import activity, closing, dashboard, expiry, ledger, liability, people, reconciling, terms

__all__ = ["activity", "closing", "dashboard", "expiry", "ledger", "liability", "people", "reconciling", "terms"]
