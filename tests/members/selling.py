"""A sale as the rooms of members see it: receipt, points, level. The whole sale is the business of rewards."""

from __future__ import annotations

from datetime import UTC, datetime

from loyalty import ledger, outbox, policies, rows
from loyalty.models import Account, Decision, Kind
from members import activity, locks, tiers
from members.models import Member, Sale, SaleLine


def record(
    member: Member,
    account: Account,
    receipt: str,
    *,
    minor: int = 1000,
    at: datetime = datetime(2026, 1, 1, tzinfo=UTC),
    points: int | None = None,
    body: dict | None = None,
) -> tuple[Sale, tiers.Qualified]:
    """One sale of a locked member; a point for each whole dollar unless `points` says otherwise."""
    store, programme = policies.store("main"), policies.current()
    earned = minor // 100 if points is None else points
    found = activity.situation(store=store, receipt=receipt, member=member)
    decision = Decision(
        account=account, kind="sale", points=earned, programme_version=programme.version, body=body or {}
    )
    with rows.together():
        rows.write(decision)
        sale = activity.record(
            member=member,
            store=store,
            receipt=receipt,
            occurred_at=at,
            currency=programme.currency,
            total_minor=minor,
            lines=[SaleLine(number=1, amount_minor=minor, points=earned)],
            content_hash=activity.content_hash({"receipt": receipt, "minor": minor}),
            decision=decision,
            actor="test",
        )
        if earned:
            ledger.post(
                account=account,
                kind=Kind.EARN,
                house=ledger.House.ISSUED,
                points=earned,
                reference=f"sale:{sale.pk}",
                occurred_at=at,
                decision=decision,
                grants=[ledger.Grant(earned, at, None)],
                actor="test",
            )
            outbox.record(
                "points.earned",
                account=account.pk,
                payload={"member": str(member.pk), "sale": str(sale.pk), "points": earned},
                occurred_at=at,
            )
        qualified = tiers.qualify(
            member=member,
            account=account,
            policies=programme,
            standings=found.standings,
            at=at,
            subject=sale.pk,
        )
    return sale, qualified


def sell(member: Member, receipt: str, **more) -> tuple[Sale, tiers.Qualified]:
    """The same, locking the member first."""
    locked = locks.lock(id=member.pk)
    return record(locked.member, locked.account, receipt, **more)
