"""Recording a sale, and saying beforehand what it would earn."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from loyalty import clock, ledger, policies, rows
from loyalty.models import Account, Decision
from loyalty.policies import Policies
from members import activity, locks, tiers
from members.models import Member, Sale, SaleLine, TierStanding
from rewards import redemption, rules
from rewards.models import Redemption
from rewards.programme import ruleset

from . import claims, posting, receipts
from . import states as remembered
from .facts import facts_for
from .receipts import Receipt

Reference = Mapping[str, Any]  # exactly one of id, card, email, phone, external_id


@dataclass(slots=True)
class Sold:
    """What became of a receipt. Of a quote, `sale` and `record` are None and the balance is what it would be."""

    receipt: Receipt
    decision: rules.Decision
    programme: Policies  # in force now
    now: datetime
    language: str = ""  # of the member; empty: the programme's
    member: Member | None = None
    sale: Sale | None = None
    record: Decision | None = None
    balance: ledger.Balance | None = None
    standings: Sequence[TierStanding] = ()
    tier_changed: bool = False
    redemptions: Sequence[Redemption] = ()
    claim: claims.Claim | None = None

    @property
    def pending(self) -> int:
        """Points earned that do not count yet."""
        return sum(lot.points for lot in self.decision.lots if lot.available_at > self.now)


def record_sale(
    *, receipt: Receipt, member: Reference | locks.Locked | None, actor: str, redemptions: Sequence[UUID] = ()
) -> Sold:
    """Write a sale with its decision, points, tier and facts, under the member's lock, in one statement.

    `member` is how the till named the member (keywords of `members.locks.lock`), or the member locked already; None for
    an anonymous sale, which gets a code to claim it with. `redemptions` are holds of the member that are settled with
    the sale. Needs a transaction. Rules are those in force when the sale happened. One `earn` entry, none for 0 points.
    Raises the refusals of `receipts.check` and of the lock, and DuplicateReceipt; a rival with the same receipt makes
    it an IntegrityError (`sale_once`): run the transaction again.
    """
    now = clock.now()
    present = policies.current()
    receipts.check(receipt, present, now)
    found = member if member is None or isinstance(member, locks.Locked) else locks.lock(**member)
    who = found.member if found else None
    situation = activity.situation(store=receipt.store, receipt=receipt.number, member=who)
    if situation.reported is not None:
        raise activity.duplicate(situation.reported, receipt.number, _content_hash(receipt))
    programme, decision, states = decide(receipt, who, situation, now, lock=True)
    sold = Sold(receipt, decision, present, now, situation.language, who)
    with rows.together():
        record = Decision(
            account_id=found.account.pk if found else None,
            kind="sale",
            programme_version=programme.version,
            points=decision.points,
            decided_at=now,
            body=decision.body(),
        )
        sale = _write_sale(receipt, who, record, actor, decision)
        record.subject = sale.pk
        rows.write(record)
        sold.sale, sold.record = sale, record
        if found is None:
            redemption.nobodys(redemptions)
            sold.claim = claims.offer(sale=sale, now=now)
            return sold
        posting.post(
            found=found,
            decision=decision,
            record=record,
            about="sale",
            subject=sale.pk,
            occurred_at=receipt.basket.occurred_at,
            store=receipt.store,
            actor=actor,
        )
        if states is not None:
            states.write(decision)
        qualified = tiers.qualify(
            member=found.member,
            account=found.account,
            policies=present,
            standings=situation.standings,
            at=receipt.basket.occurred_at,
            subject=sale.pk,
        )
        sold.standings, sold.tier_changed = qualified.standings, bool(qualified.changes)
        if redemptions:
            sold.redemptions = redemption.settle_for_sale(
                redemptions=redemptions, found=found, sale=sale, actor=actor, store=receipt.store
            )
        happened = min(receipt.basket.occurred_at, now)
        ledger.renew(account=found.account, by="sale", at=happened, reference=f"sale:{sale.pk}")
        sold.balance = ledger.balance(found.account)
    return sold


def quote(*, receipt: Receipt, member: Reference | None, redemptions: Sequence[UUID] = ()) -> Sold:
    """What `record_sale` would answer at this instant. Writes nothing and promises nothing."""
    now = clock.now()
    present = policies.current()
    receipts.check(receipt, present, now)
    who = locks.find(**member) if member is not None else None
    situation = activity.situation(store=receipt.store, receipt=receipt.number, member=who)
    _, decision, _ = decide(receipt, who, situation, now, lock=False)
    sold = Sold(receipt, decision, present, now, situation.language, who)
    if who is None:
        redemption.nobodys(redemptions)
    else:
        sold.redemptions = redemption.open_all(redemptions, who.pk)
        spend = who.spend_minor + receipt.total_minor
        before = {standing.group: standing.level for standing in situation.standings}
        sold.standings = [
            TierStanding(group=group.code, level=level.code if level else "")
            for group in tiers.compiled(present)
            for level in [tiers.reached(group, spend)]
        ]
        sold.tier_changed = any(before.get(s.group, "") != s.level for s in sold.standings)
        sold.balance = _balance_after(ledger.current(who.account_id), decision, sold.redemptions, now)
    return sold


def decide(
    receipt: Receipt, member: Member | None, situation: activity.Situation, now: datetime, *, lock: bool
) -> tuple[Policies, rules.Decision, remembered.States | None]:
    """The decision under the rules in force when the sale happened, their programme, and what they remember.

    With `lock`, shared counters that it grants under are locked, and the decision is made again with what they say.
    """
    at = min(receipt.basket.occurred_at, now)
    programme = policies.current(at)
    basket, store = receipt.basket, receipt.store
    if (basket.store, basket.store_group) != (store.code, store.group):  # where it happened is the receipt's to say
        basket = replace(basket, store=store.code, store_group=store.group)
    if basket.occurred_at > at:  # a till's clock is ahead: its points count at once all the same
        basket = replace(basket, occurred_at=at)
    if member is None:
        decision, states = rules.decide(basket, None, ruleset(programme)), None
    else:

        def make(states: remembered.States) -> rules.Decision:
            facts = facts_for(
                member,
                standings=situation.standings,
                birthday=situation.birthday,
                programme=programme,
                states=states,
                at=at,
                spending_minor=receipt.total_minor,
            )
            return rules.decide(basket, facts, ruleset(programme))

        decision, states = remembered.decide(make, member=member, programme=programme, at=at, lock=lock)
    receipts.check_points(decision)
    return programme, decision, states


def _write_sale(
    receipt: Receipt, member: Member | None, record: Decision, actor: str, decision: rules.Decision
) -> Sale:
    basket, points = receipt.basket, decision.line_points()
    details: dict[str, Any] = {}
    if basket.discounts:
        details["discounts"] = msgspec.to_builtins(basket.discounts)
    if basket.tenders:
        details["tenders"] = msgspec.to_builtins(basket.tenders)
    return activity.record(
        member=member,
        store=receipt.store,
        receipt=receipt.number,
        occurred_at=basket.occurred_at,
        currency=basket.currency,
        total_minor=receipt.total_minor,
        lines=[_line(line, points[line.number]) for line in basket.lines],
        content_hash=_content_hash(receipt),
        actor=actor,
        channel=basket.channel,
        device=receipt.device,
        sequence=receipt.sequence,
        details=details,
        decision=record,
    )


def _content_hash(receipt: Receipt) -> bytes:
    return receipt.content_hash or hashlib.sha256(msgspec.json.encode(receipt.basket)).digest()


def _line(line: rules.Line, points: int) -> SaleLine:
    return SaleLine(
        number=line.number,
        sku=line.sku,
        name=line.name,
        category=line.category,
        labels=list(line.labels),
        kind=line.kind,
        status="sold" if line.sold else "voided",
        quantity=_decimal(line.quantity_milli),
        amount_minor=line.amount_minor,
        tax_minor=line.tax_minor,
        discount_minor=line.discount_minor,
        points=points,
    )


def _decimal(quantity_milli: int) -> Decimal:
    return Decimal(quantity_milli).scaleb(-3)


def _balance_after(
    account: Account, decision: rules.Decision, redemptions: Sequence[Redemption], now: datetime
) -> ledger.Balance:
    """The balance with the points of a decision and without those of holds that it settles.

    The account in memory is changed, nothing is written.
    """
    account.sequence += 1 if decision.lots else 0
    for lot in decision.lots:
        if lot.expires_at is not None and lot.expires_at <= now:
            account.sequence += 1
            continue
        account.total += lot.points
        if lot.available_at > now:
            account.pending += lot.points
        else:
            account.debt -= min(account.debt, lot.points)
    for one in redemptions:
        account.sequence += 1
        account.total -= one.points
        account.held -= one.points
    return ledger.balance(account)
