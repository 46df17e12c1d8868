"""A rule that granted points in error: who got what, and one act that takes it back or lets members keep it."""

from .counting import count, forget, look, waiting
from .granting import Counted, Grant, Scope, each
from .preparing import (
    call_off_undo,
    may_approve,
    own_memberships,
    prepare,
    retry,
    scope_of,
    start,
    taken_by,
    undo,
    withdraw,
)
from .working import at_work, summary, work_off

__all__ = [
    "Counted",
    "Grant",
    "Scope",
    "at_work",
    "call_off_undo",
    "count",
    "each",
    "forget",
    "look",
    "may_approve",
    "own_memberships",
    "prepare",
    "retry",
    "scope_of",
    "start",
    "summary",
    "taken_by",
    "undo",
    "waiting",
    "withdraw",
    "work_off",
]
