"""What tills without a network have sent in, and what of it a person must look at."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction

from loyalty import audit, clock, roles
from loyalty.errors import FieldError, InvalidBody, NotFound
from loyalty.ids import uuid7
from loyalty.models import ApiClient, User
from rewards.models import OfflineConflict, OfflineDevice

OBJECT = "offline_conflict"
PASSING = frozenset({"try_again", "in_progress"})  # the till sends it again by itself
_DEVICE = """
INSERT INTO rewards_offlinedevice
       (id, client_id, name, last_sequence, first_upload_at, last_upload_at, uploads, applied, replayed)
VALUES (%s, %s, %s, %s, %s, %s, 1, %s, %s)
ON CONFLICT (client_id, name) DO UPDATE
   SET last_sequence = greatest(rewards_offlinedevice.last_sequence, excluded.last_sequence),
       last_upload_at = excluded.last_upload_at,
       uploads = rewards_offlinedevice.uploads + 1,
       applied = rewards_offlinedevice.applied + excluded.applied,
       replayed = rewards_offlinedevice.replayed + excluded.replayed
RETURNING id
"""
_CONFLICT = """
INSERT INTO rewards_offlineconflict
       (id, device_id, key, sequence, store, receipt, amount, occurred_at, code, detail,
        times, first_at, last_at, state, settled_by, reason)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 1, %s, %s, 'open', '', '')
ON CONFLICT (device_id, key) DO UPDATE
   SET times = rewards_offlineconflict.times + 1, last_at = excluded.last_at,
       code = excluded.code, detail = excluded.detail
"""
_GAPS = """
SELECT before + 1, number - 1
  FROM (SELECT number, lag(number) OVER (ORDER BY number) AS before
          FROM (SELECT sequence AS number FROM members_sale WHERE device = %s AND sequence IS NOT NULL
                UNION SELECT sequence FROM rewards_offlineconflict WHERE device_id = %s AND sequence IS NOT NULL
               ) AS numbers) AS pairs
 WHERE number > before + 1 ORDER BY number LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Refused:
    """One item that was not taken, in the till's own words."""

    key: str
    code: str
    detail: str
    sequence: int | None = None
    store: str = ""
    receipt: str = ""
    amount: str = ""
    occurred_at: str = ""


def uploaded(
    *,
    client: ApiClient,
    device: str,
    last_sequence: int | None,
    applied: Collection[str],
    replayed: int,
    refused: Iterable[Refused],
) -> None:
    """Note an upload: how far the till is, what was refused, and that what is taken now is no conflict any more.

    `applied` are the keys of items that were taken, now or before (`replayed` of them). Written after the sales: where
    this is lost, the next upload of the same items says it again.
    """
    now = clock.now()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            _DEVICE, [uuid7(), client.pk, device, last_sequence, now, now, len(applied) - replayed, replayed]
        )
        [found] = cursor.fetchone()
        for one in refused:
            if one.code not in PASSING:
                values = (one.key, one.sequence, one.store, one.receipt, one.amount, one.occurred_at, one.code)
                cursor.execute(_CONFLICT, [uuid7(), found, *values, one.detail[:300], now, now])
        if applied:
            OfflineConflict.objects.filter(
                device=found, key__in=list(applied), state=OfflineConflict.State.OPEN
            ).update(state=OfflineConflict.State.APPLIED, settled_at=now)


def settle(*, conflict: UUID, reason: str, user: User) -> OfflineConflict:
    """A person has looked and dealt with it, by hand or not at all. Once; repeating it changes nothing.

    Raises NotFound, InvalidBody without a reason.
    """
    if not reason.strip():
        detail = "Say what was done about it."
        raise InvalidBody(detail, errors=(FieldError("reason", "required", detail),))
    with transaction.atomic():
        found = OfflineConflict.objects.select_for_update().filter(pk=conflict).first()
        if found is None:
            raise NotFound("There is no such conflict.")
        if found.state == OfflineConflict.State.OPEN:
            found.state = OfflineConflict.State.SETTLED
            found.settled_by, found.settled_at, found.reason = roles.actor(user), clock.now(), reason.strip()[:300]
            found.save(update_fields=["state", "settled_by", "settled_at", "reason"])
            audit.record(
                action="offline_conflict.settled",
                actor=found.settled_by,
                object_type=OBJECT,
                object_id=str(found.pk),
                reason=found.reason,
                data={"code": found.code, "receipt": found.receipt, "store": found.store},
            )
    return found


def missing(device: OfflineDevice, most: int = 20) -> list[tuple[int, int]]:
    """The first gaps in what a till has sent, as (first, last) numbers: sales that are still on the till, or lost."""
    with connection.cursor() as cursor:
        cursor.execute(_GAPS, [device.name, device.pk, most])
        return [(first, last) for first, last in cursor.fetchall()]
