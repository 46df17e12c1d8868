"""A rule that granted points in error: who got what, and one act that takes it back or lets members keep it."""

from .granting import Grant, Preview, Scope, each, preview
from .preparing import own_memberships, prepare, retry, scope_of, start, undo, withdraw
from .working import at_work, summary, work_off

__all__ = [
    "Grant",
    "Preview",
    "Scope",
    "at_work",
    "each",
    "own_memberships",
    "prepare",
    "preview",
    "retry",
    "scope_of",
    "start",
    "summary",
    "undo",
    "withdraw",
    "work_off",
]
