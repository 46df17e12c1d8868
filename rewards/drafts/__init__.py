"""Drafts of the programme: start one, change it part by part, publish it, or go back to an earlier version."""

from .operations import change, discard, publish, rebase, rename, restore, roll_back, start, switch
from .parts import fingerprint
from .refusals import Clash, DraftClosed, DraftRefused, HasProblems, NotAsSeen, PartChanged, StaleBase

__all__ = [
    "Clash",
    "DraftClosed",
    "DraftRefused",
    "HasProblems",
    "NotAsSeen",
    "PartChanged",
    "StaleBase",
    "change",
    "discard",
    "fingerprint",
    "publish",
    "rebase",
    "rename",
    "restore",
    "roll_back",
    "start",
    "switch",
]
