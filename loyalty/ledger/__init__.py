"""The points ledger: accounts, entries, lots and holds. It does not know what a member is.

Every verb takes an account that `lock` (or the floor above) has locked in the running transaction. See docs/ledger.md.
"""

from . import horizon
from .accounts import Balance, balance, current, lock, refresh
from .adjusting import deduct, reinstate
from .giving_back import give_back, reverse
from .holds import hold, release, settle
from .posting import Grant, House, post
from .renewing import renew
from .restoring import restore
from .sweeping import sweep
from .transferring import transfer

__all__ = [
    "Balance",
    "Grant",
    "House",
    "balance",
    "current",
    "deduct",
    "give_back",
    "hold",
    "horizon",
    "lock",
    "post",
    "refresh",
    "reinstate",
    "release",
    "renew",
    "restore",
    "reverse",
    "settle",
    "sweep",
    "transfer",
]
