"""The programme as a file: `read`, `check`, `compare`, `apply`, `rollback`, `export` (docs/programme.md)."""

from .applying import apply, export, rollback
from .checking import check, check_document
from .comparing import Change, compare
from .grammar import SCHEMA
from .problems import Problem, ProgrammeRefused
from .reading import Source, decode, read
from .writing import canonical

__all__ = [
    "SCHEMA",
    "Change",
    "Problem",
    "ProgrammeRefused",
    "Source",
    "apply",
    "canonical",
    "check",
    "check_document",
    "compare",
    "decode",
    "export",
    "read",
    "rollback",
]
