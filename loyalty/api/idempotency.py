"""One Idempotency-Key, one effect, one answer (CONTRACT 1.1): key, work and reply in one transaction.

The advisory lock only tells at once that a rival is at work; the unique constraint on (client, key) is the judge.
So whatever two rivals do, one reply is stored, and whoever comes second gives that one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import IntegrityError, OperationalError, connection, transaction

from loyalty import driver, refusals, rows
from loyalty.api.problems import BadRequest, InProgress, KeyReused
from loyalty.errors import MemberErased, Refusal
from loyalty.models import StoredReply

WAIT_SECONDS = 3
STORED = frozenset({404, 409, 410, 422})  # and every 2xx
_KEY = re.compile(r"[\x21-\x7e]{1,255}")

_ENTER = """
SELECT pg_try_advisory_xact_lock(%s), r.fingerprint, r.status, r.content_type, r.body
  FROM (SELECT 1) AS one LEFT JOIN loyalty_storedreply r ON r.client_id = %s AND r.key = %s
"""
_ENTER_ALL = """
SELECT k.key, pg_try_advisory_xact_lock(k.lock), r.fingerprint, r.status, r.content_type, r.body
  FROM unnest(%s::text[], %s::bigint[]) AS k(key, lock)
  LEFT JOIN loyalty_storedreply r ON r.client_id = %s AND r.key = k.key
"""
_READ = """
SELECT fingerprint, status, content_type, body FROM loyalty_storedreply WHERE client_id = %s AND key = %s
"""
_KEEP_REFUSAL = """
INSERT INTO loyalty_storedreply
       (id, client_id, key, fingerprint, status, content_type, body, member, created_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (client_id, key) DO NOTHING
"""
_COLUMNS = ("id", "client_id", "key", "fingerprint", "status", "content_type", "body", "member", "created_at")


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent: status, content type and exact bytes; `member` is whom it is about."""

    status: int
    content_type: str
    body: bytes
    member: UUID | None = None
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request under one key of one client."""

    client: UUID
    key: str
    fingerprint: bytes

    @property
    def lock(self) -> int:
        """The advisory lock of the key: 64 bits of a hash. A collision only makes somebody wait."""
        return int.from_bytes(hashlib.sha256(self.client.bytes + self.key.encode()).digest()[:8], signed=True)


def fingerprint(method: str, path: str, raw: bytes) -> bytes:
    """What must be identical for a repetition: method, path and the raw bytes of the body."""
    return hashlib.sha256(f"{method} {path}\n".encode() + raw).digest()


def checked(key: str | None) -> str:
    """The header's key. Raises BadRequest."""
    if key is None:
        raise BadRequest("idempotency_key_required", "Send an Idempotency-Key; see /api/docs#idempotency.")
    if not _KEY.fullmatch(key):
        raise BadRequest("idempotency_key_malformed", "1 to 255 visible ASCII characters.")
    return key


def once(
    attempt: Attempt,
    work: Callable[[], Answer],
    *,
    refused: Callable[[Refusal], Answer],
    gather: bool = False,
) -> Answer:
    """Do `work` in one transaction with its stored reply, or give the reply stored before.

    A refusal of the work rolls it back and is stored by itself. Raises KeyReused, InProgress, and whatever of
    the work's errors is not stored.
    """
    try:
        with transaction.atomic():
            before = _enter(attempt)
            if before is not None:
                return before
            return _together(attempt, work) if gather else _apart(attempt, work)
    except IntegrityError as error:
        if constraint(error) != "stored_reply_once":
            raise
        return _stored_by_rival(attempt)  # a rival stored first, and this transaction is rolled back
    except Refusal as refusal:
        if refusal.status not in STORED or isinstance(refusal, KeyReused | InProgress):
            raise
        return _store_refusal(attempt, refused(refusal), refusal)


def enter_all(attempts: Sequence[Attempt]) -> list[Answer | None] | None:
    """Take the locks of several keys of one client at once, without waiting, and give the replies stored before.

    None where a rival is at work on one of them. Needs a transaction, in which `keep` stores what is still to do.
    Raises KeyReused.
    """
    keys = [attempt.key for attempt in attempts]
    found = driver.fetch(_ENTER_ALL, [keys, [attempt.lock for attempt in attempts], attempts[0].client])
    by_key = {key: (locked, row) for key, locked, *row in found}
    if any(row[0] is None and not locked for locked, row in by_key.values()):
        return None
    stored = [(attempt, by_key[attempt.key][1]) for attempt in attempts]
    return [None if row[0] is None else _replay(attempt, *row) for attempt, row in stored]


def keep(attempt: Attempt, answer: Answer) -> None:
    """Store a reply with the work it answers. A rival's reply there already undoes the work (see `once`)."""
    rows.write(_row(attempt, answer))


def _enter(attempt: Attempt) -> Answer | None:
    """Take the key's lock, and look for a stored reply, in one statement."""
    [(locked, *row)] = driver.fetch(_ENTER, [attempt.lock, attempt.client, attempt.key])
    if row[0] is None and not locked:
        row = _wait(attempt)
    return None if row[0] is None else _replay(attempt, *row)


def _wait(attempt: Attempt) -> list[Any]:
    """Wait for the rival, then look again with a fresh snapshot. Raises InProgress after WAIT_SECONDS."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{WAIT_SECONDS}s"])
        try:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [attempt.lock])
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) != "55P03":
                raise
            raise InProgress(headers={"Retry-After": "1"}) from None
        cursor.execute(_READ, [attempt.client, attempt.key])
        return list(cursor.fetchone() or [None])


def _replay(attempt: Attempt, kept: Any, status: int, content_type: str, body: bytes) -> Answer:
    if bytes(kept) != attempt.fingerprint:
        raise KeyReused("Another method, path or body was sent with it; take a new key for a new request.")
    if not body:  # emptied by `replies.forget`
        raise MemberErased
    return Answer(status, content_type, bytes(body), replayed=True)


def _apart(attempt: Attempt, work: Callable[[], Answer]) -> Answer:
    """The work, then its reply."""
    answer = work()
    keep(attempt, answer)
    return answer


def _together(attempt: Attempt, work: Callable[[], Answer]) -> Answer:
    """The work's writes and its reply in one statement."""
    with rows.together():
        answer = work()
        keep(attempt, answer)
    return answer


def _row(attempt: Attempt, answer: Answer) -> StoredReply:
    return StoredReply(
        client_id=attempt.client,
        key=attempt.key,
        fingerprint=attempt.fingerprint,
        status=answer.status,
        content_type=answer.content_type,
        body=answer.body,
        member=answer.member,
    )


def _store_refusal(attempt: Attempt, answer: Answer, refusal: Refusal) -> Answer:
    """Store a refusal, with the decision it stands for, in a transaction of its own; the rival's reply where that came
    first."""
    with transaction.atomic(), connection.cursor() as cursor:
        row = _row(attempt, answer)
        cursor.execute(_KEEP_REFUSAL, [getattr(row, column) for column in _COLUMNS])
        if cursor.rowcount == 1:
            refusals.store(refusal)
            return answer
    return _stored_by_rival(attempt)


def _stored_by_rival(attempt: Attempt) -> Answer:
    with connection.cursor() as cursor:
        cursor.execute(_READ, [attempt.client, attempt.key])
        row = cursor.fetchone()
    if row is None:  # it is there: the constraint said so; only erasure by age could have come between
        raise InProgress(headers={"Retry-After": "1"})
    return _replay(attempt, *row)


def constraint(error: BaseException) -> str | None:
    """The name of the constraint that an IntegrityError broke."""
    diagnostics = getattr(error.__cause__, "diag", None)
    return getattr(diagnostics, "constraint_name", None)
