"""Members on the staff side: the list, the page about one, the ledger and decisions, sales and messages."""

from members.admin import activity, ledger, people

__all__ = ["activity", "ledger", "people"]
