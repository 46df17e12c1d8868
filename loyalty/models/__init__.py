"""The tables of the ground floor."""

from .accounts import Account
from .audit import AuditRecord
from .clients import ApiClient, ApiKey, StoredReply
from .days import ClosedDay, Reminder, SandboxClock
from .decisions import Decision
from .entries import Entry, Kind, Lot, LotMovement, Renewal
from .facts import Fact
from .holds import Hold, HoldPart
from .jobs import Job
from .liability import ClosedMonth, ClosedSum, DayBook, DaySum, SummedAccount
from .programme import Programme, Store
from .staff import Role, StaffRole, User
from .staff_acts import StaffAct

__all__ = [
    "Account",
    "ApiClient",
    "ApiKey",
    "AuditRecord",
    "ClosedDay",
    "ClosedMonth",
    "ClosedSum",
    "DayBook",
    "DaySum",
    "Decision",
    "Entry",
    "Fact",
    "Hold",
    "HoldPart",
    "Job",
    "Kind",
    "Lot",
    "LotMovement",
    "Programme",
    "Reminder",
    "Renewal",
    "Role",
    "SandboxClock",
    "StaffAct",
    "StaffRole",
    "Store",
    "StoredReply",
    "SummedAccount",
    "User",
]
