"""The programme as a file: `read`, `check`, `compare`, `apply`, `rollback`, `export` (docs/programme.md)."""

from .applying import apply, export, rollback
from .checking import check, check_document
from .comparing import Change, compare, digest
from .grammar import SCHEMA, schema_text
from .problems import Problem, ProgrammeRefused
from .reading import MOST_BYTES, Source, decode, read
from .writing import canonical

__all__ = [
    "MOST_BYTES",
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
    "digest",
    "export",
    "read",
    "rollback",
    "schema_text",
]
