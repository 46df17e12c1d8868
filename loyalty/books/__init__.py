"""The books: what must always be true of the ledger and of everything that stands on it (docs/ledger.md)."""

from . import daybook_checks as daybook_checks
from . import ledger_checks as ledger_checks
from . import outbox_checks as outbox_checks
from .checks import Check, Problem, Report, check, check_for

__all__ = ["Check", "Problem", "Report", "check", "check_for"]
