"""The audit log: who did what, in a chain in which each record seals the one before.

`record` writes inside the caller's transaction, so an act and its record stand or fall together. An advisory lock held
to the end of that transaction makes writers queue, so that the chain has one order and no gap: call it last.
`verify` reads the chain again and names the first record that does not follow. A superuser of the database can switch
the triggers off and change a row; what they cannot do is make the following hashes fit without rewriting all of them,
and a rewritten or shortened chain no longer contains the head that was kept outside the database.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from loyalty import clock
from loyalty.models import AuditRecord

START = "0" * 64  # what the first record seals
_LOCK = 0x6C6F79616C617564  # "loyalaud": the advisory lock of writers
_HEAD = re.compile(r"([0-9]{1,18}):([0-9a-f]{64})", re.ASCII)


@dataclass(frozen=True)
class Head:
    """The last record of a chain: what to keep elsewhere, as `sequence:hash`."""

    sequence: int
    hash: str

    def __str__(self) -> str:
        return f"{self.sequence}:{self.hash}"


@dataclass(frozen=True)
class Verdict:
    """What `verify` found. `broken` is the sequence of the first record that does not hold, `why` the reason."""

    records: int
    head: Head
    broken: int | None = None
    why: str = ""

    @property
    def holds(self) -> bool:
        """True when every record follows from the one before."""
        return self.broken is None


def record(
    *,
    action: str,
    actor: str,
    object_type: str = "",
    object_id: str = "",
    store: str = "",
    reason: str = "",
    data: Mapping[str, Any] | None = None,
) -> AuditRecord:
    """Append one act, e.g. `record(action="key.revoked", actor="staff:0199…", object_type="apikey", object_id=…)`.

    `data` holds ids, codes, whole numbers, truth values and lists of these; never personal data, never a float (it
    would not come back from the database as it went in). Returns the record; raises TypeError for other values.
    """
    kept = dict(data or {})
    _refuse_unsteady(kept)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        last = AuditRecord.objects.order_by("-sequence").values_list("sequence", "hash").first()
        row = AuditRecord(
            sequence=last[0] + 1 if last else 1,
            at=clock.now(),
            actor=actor,
            action=action,
            object_type=object_type,
            object_id=object_id,
            store=store,
            reason=reason[:300],
            data=kept,
            previous_hash=last[1] if last else START,
        )
        row.hash = seal(row)
        row.save(force_insert=True)
    return row


def seal(row: AuditRecord) -> str:
    """SHA-256, in hex, over the canonical JSON of every column but the hash itself."""
    content = {
        "sequence": row.sequence,
        "at": _instant(row.at),
        "actor": row.actor,
        "action": row.action,
        "object_type": row.object_type,
        "object_id": row.object_id,
        "store": row.store,
        "reason": row.reason,
        "data": row.data,
        "previous_hash": row.previous_hash,
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def verify(*, known: Head | None = None) -> Verdict:
    """Read the whole chain and say whether it holds.

    `known` is a head kept from before: a chain without it was shortened or written anew. Reads row by row, so memory
    stays flat; about 2 s per 100,000 records.
    """
    before, count = START, 0
    expected = 1
    found_known = known is None or known.sequence == 0
    for row in AuditRecord.objects.order_by("sequence").iterator(chunk_size=2000):
        head = Head(expected - 1, before)
        if row.sequence != expected:
            why = f"record {expected} is missing; the next one is {row.sequence}"
            return Verdict(count, head, expected, why)
        if row.previous_hash != before:
            return Verdict(count, head, row.sequence, "it does not seal the record before it")
        if seal(row) != row.hash:
            return Verdict(count, head, row.sequence, "its content does not match its hash")
        if known is not None and row.sequence == known.sequence:
            if row.hash != known.hash:
                return Verdict(count, head, row.sequence, "it is not the record whose hash was kept")
            found_known = True
        before, count, expected = row.hash, count + 1, expected + 1
    head = Head(expected - 1, before)
    if not found_known and known is not None:
        return Verdict(count, head, expected, f"the log ends here, but record {known.sequence} was seen before")
    return Verdict(count, head)


def parse_head(text: str) -> Head:
    """The head written as `sequence:hash`; raises ValueError for anything else."""
    match = _HEAD.fullmatch(text.strip())
    if match is None:
        raise ValueError("a head is written as SEQUENCE:HASH")
    return Head(int(match[1]), match[2])


def head_file() -> Path:
    """Where `verify_audit` keeps the last good head: outside the database, so that a shortened log shows."""
    return Path(settings.LOYALTY_HOME) / "audit_head"


def kept_head() -> Head | None:
    """The head kept by the last good verification, if any; a file that is not a head counts as none."""
    try:
        return parse_head(head_file().read_text())
    except (OSError, ValueError):
        return None


def keep_head(head: Head) -> None:
    """Keep `head` for the next verification; needs LOYALTY_HOME to be writable."""
    target = head_file()
    fresh = target.with_suffix(".new")
    fresh.write_text(f"{head}\n")
    fresh.replace(target)


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _refuse_unsteady(value: object) -> None:
    """Raise TypeError for what JSON in the database would not give back exactly."""
    if isinstance(value, dict):
        for name, part in value.items():
            if not isinstance(name, str):
                raise TypeError(f"audit data has a key that is not text: {name!r}")
            _refuse_unsteady(part)
    elif isinstance(value, list):
        for part in value:
            _refuse_unsteady(part)
    elif not isinstance(value, str | bool | int | None):
        raise TypeError(f"audit data cannot hold {type(value).__name__}")
