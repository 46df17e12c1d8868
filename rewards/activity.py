"""What members do besides buying, and what the programme gives for it.

A caller reports an activity under its own kind and reference; the programme notices
others itself (`rewards.occasions`).
Either is one fact, decided once, with one entry `activity:ID` where it earned points.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from loyalty import clock, driver, ledger, policies, rows
from loyalty.errors import DuplicateActivity, FieldError, InTheFuture, TooOld
from loyalty.models import ApiClient, Decision, Store
from loyalty.policies import Policies
from members import locks
from members.models import Activity, TierStanding
from rewards import rules
from rewards.earning import posting, states
from rewards.earning.facts import facts_for
from rewards.programme import ruleset

REPORTED = "activity:"  # what the trigger of a reported kind begins with
OWN_KINDS = frozenset({"sale", "redemption", "booking"})  # which keep points from ending by themselves, unreported

_SITUATION = """
SELECT a.id, a.content_hash, a.decision_id, d.points, p.birthday, t.id, t."group", t.level, t.since, t.until
  FROM (SELECT 1) AS one
  LEFT JOIN members_activity a ON a.kind = %s AND a.reference = %s AND a.client_id IS NOT DISTINCT FROM %s::uuid
  LEFT JOIN loyalty_decision d ON d.id = a.decision_id
  LEFT JOIN members_profile p ON p.member_id = %s
  LEFT JOIN members_tierstanding t ON t.member_id = %s
"""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of a report: `applied`, or `replayed` where it was known; points and decision are the first one's."""

    status: str
    points: int
    decision: UUID
    member: UUID


@dataclass(frozen=True, slots=True)
class _Situation:
    before: tuple[bytes, UUID, int] | None  # content hash, decision, points of the same fact reported before
    birthday: date | None
    standings: list[TierStanding]


def record(
    *,
    client: ApiClient,
    kind: str,
    reference: str,
    member: Mapping[str, Any],
    actor: str,
    occurred_at: datetime | None = None,
    store: Store | None = None,
    channel: str = "",
    data: Mapping[str, Any] | None = None,
) -> Recorded:
    """Write down what a caller reports, with what the rules of trigger `activity:KIND` give for it.

    `member` is how the caller named the member (keywords of `members.locks.lock`); `occurred_at` by default now. Needs
    a transaction. Reported again with the same content it changes nothing. Raises InTheFuture, TooOld,
    DuplicateActivity (same reference, other content) and what the lock raises; a rival with the same reference makes
    it an IntegrityError (`activity_once`): run the transaction again.
    """
    now = clock.now()
    at = occurred_at or now
    _check_time(at, policies.current(), now)
    found = locks.lock(**member)
    content = {
        "member": str(found.member.pk),
        "occurred_at": occurred_at,
        "store": store.code if store else None,
        "channel": channel,
        "data": data or {},
    }
    return _write(
        found=found,
        client=client,
        kind=kind,
        trigger=REPORTED + kind,
        reference=reference,
        at=at,
        now=now,
        store=store,
        channel=channel,
        data=data or {},
        actor=actor,
        content_hash=hashlib.sha256(msgspec.json.encode(content, order="sorted", enc_hook=str)).digest(),
    )


def answer(
    *,
    trigger: str,
    reference: str,
    member: UUID,
    occurred_at: datetime,
    actor: str,
    store: Store | None = None,
    data: Mapping[str, Any] | None = None,
) -> Recorded:
    """Write down what the programme itself noticed, with what the rules of `trigger` give for it; once by `reference`.

    Needs a transaction. Raises what the lock of the member raises.
    """
    found = locks.lock(id=member)
    return _write(
        found=found,
        client=None,
        kind=trigger,
        trigger=trigger,
        reference=reference,
        at=occurred_at,
        now=clock.now(),
        store=store,
        channel="",
        data=data or {},
        actor=actor,
        content_hash=b"",
    )


def _write(
    *,
    found: locks.Locked,
    client: ApiClient | None,
    kind: str,
    trigger: str,
    reference: str,
    at: datetime,
    now: datetime,
    store: Store | None,
    channel: str,
    data: Mapping[str, Any],
    actor: str,
    content_hash: bytes,
) -> Recorded:
    situation = _situation(kind, reference, client, found.member.pk)
    if situation.before is not None:
        known, decision_id, points = situation.before
        if known != content_hash:
            raise DuplicateActivity(f"“{reference}” was reported before as {kind}, with other content.")
        return Recorded("replayed", points, decision_id, found.member.pk)
    programme = policies.current(min(at, now))
    occurrence = rules.Occurrence(
        trigger=trigger,
        occurred_at=min(at, now),
        store=store.code if store else "",
        store_group=store.group if store else "",
        channel=channel,
        data=data,
    )
    decision, remembered = _decide(found, situation, occurrence, programme)
    body = Decision(
        account_id=found.account.pk,
        kind="activity",
        programme_version=programme.version,
        points=decision.points,
        decided_at=now,
        body={"trigger": trigger, **decision.body()},
    )
    activity = Activity(
        member_id=found.member.pk,
        client_id=client.pk if client else None,
        kind=kind,
        reference=reference,
        store_id=store.pk if store else None,
        channel=channel,
        data=dict(data),
        occurred_at=at,
        recorded_at=now,
        actor=actor,
        content_hash=content_hash,
        decision_id=body.pk,
    )
    body.subject = activity.pk
    with rows.together():
        rows.write(body, activity)
        posting.post(
            found=found,
            decision=decision,
            record=body,
            about="activity",
            subject=activity.pk,
            occurred_at=at,
            store=store,
            actor=actor,
        )
        remembered.write(decision)
        if client is not None and kind not in OWN_KINDS:
            ledger.renew(account=found.account, by=kind, at=min(at, now), reference=f"activity:{activity.pk}")
    return Recorded("applied", decision.points, body.pk, found.member.pk)


def _decide(
    found: locks.Locked, situation: _Situation, occurrence: rules.Occurrence, programme: Policies
) -> tuple[rules.Decision, states.States]:
    def make(remembered: states.States) -> rules.Decision:
        facts = facts_for(
            found.member,
            standings=situation.standings,
            birthday=situation.birthday,
            programme=programme,
            states=remembered,
            at=occurrence.occurred_at,
        )
        return rules.answer(occurrence, facts, ruleset(programme))

    return states.decide(make, member=found.member, programme=programme, at=occurrence.occurred_at, lock=True)


def _situation(kind: str, reference: str, client: ApiClient | None, member: UUID) -> _Situation:
    found = driver.fetch(_SITUATION, [kind, reference, client.pk if client else None, member, member])
    first = found[0]
    return _Situation(
        before=(bytes(first[1]), first[2], first[3]) if first[0] else None,
        birthday=first[4],
        standings=[
            TierStanding(id=row[5], member_id=member, group=row[6], level=row[7], since=row[8], until=row[9])
            for row in found
            if row[5] is not None
        ],
    )


def _check_time(at: datetime, programme: Policies, now: datetime) -> None:
    """As for a sale: neither ahead of all clocks nor older than the programme accepts."""
    accepting = programme.accepting
    if at > now + timedelta(minutes=accepting.future_minutes):
        raise InTheFuture(errors=(FieldError("occurred_at", InTheFuture.code, "This has not happened yet."),))
    if accepting.late_days is not None and at < now - timedelta(days=accepting.late_days):
        raise TooOld(errors=(FieldError("occurred_at", TooOld.code, "This happened too long ago."),))
