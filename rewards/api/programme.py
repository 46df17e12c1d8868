"""Reading the programme in force."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from loyalty import clock, money, policies
from loyalty.api import edge, fields
from loyalty.api.problems import InsufficientScope
from loyalty.errors import MemberClosed, MemberErased, MemberNotFound, StoreNotFound
from loyalty.models import Store
from loyalty.policies import Policies, localised
from members import terms, tiers
from rewards import rules
from rewards.earning import Receipt, quote
from rewards.programme import ruleset
from rewards.rules.kinds import PerAmount

READS_MEMBERS = frozenset({"sales", "members:read"})


class ProgrammeQuery(msgspec.Struct, forbid_unknown_fields=True):
    """What a shop wants to show beside a product, to a member if it knows who looks."""

    sku: fields.Label = ""
    category: fields.Label = ""
    amount: fields.MoneyText | None = None
    store: fields.Code | None = None
    member: UUID | None = None


class ProgrammeView(edge.View):
    """The programme in force."""

    @edge.get(scope=None, query=ProgrammeQuery, refusals=(MemberNotFound, MemberErased, MemberClosed, StoreNotFound))
    def get(self, call: edge.Call, query: ProgrammeQuery) -> edge.Reply:
        """Read the programme: tiers, rules in force, campaigns of today, rewards, and what a product earns.

        `earns` is the base rule for such a product. With `amount`, `earns.estimate` is what a sale of it for that much
        would earn now, with the campaigns of now; with `member`, at their tier. It promises nothing, as a quote.
        `member` needs the scope sales or members:read. The reply has an ETag; ask again with If-None-Match.
        """
        if query.member is not None and not call.scopes & READS_MEMBERS:
            raise InsufficientScope("To name a member, this call needs the scope sales.", scope="sales")
        programme = policies.current()
        body = _body(programme, call.language or programme.languages[0], call.now)
        found = ruleset(programme)
        body["earns"] = earns(found, sku=query.sku, category=query.category)
        if query.amount is not None:
            points = _estimate(query, programme)
            body["earns"] = {**(body["earns"] or {"per": None, "points": 0}), "estimate": points}
        digest = hashlib.sha256(msgspec.json.encode(body)).hexdigest()[:16]
        day = clock.day_of(call.now, programme.zone).isoformat()
        headers = {
            "ETag": f'"{programme.version}-{day}-{digest}"',
            "Cache-Control": "private, no-cache",  # may be kept, and is asked for again
            "Vary": "Authorization, Accept-Language",
        }
        return edge.Reply(body, headers=headers)


def _body(programme: Policies, language: str, now: datetime) -> dict[str, Any]:
    """Everything but what one product earns."""
    found = ruleset(programme)
    document = programme.document
    return {
        "version": programme.version,
        "name": localised(programme.name, language),
        "currency": programme.currency,
        "timezone": programme.zone.key,
        "stores": [
            {"code": store.code, "name": localised(store.name, language)}
            for store in Store.objects.filter(retired_at=None)
        ],
        "tiers": [_group(group, programme, language) for group in tiers.compiled(programme)],
        "rules": [_rule(rule, language) for rule in found.rules if runs_today(rule, found, now)],
        "campaigns": [
            _campaign(campaign, found, language)
            for campaign in found.campaigns.values()
            if _today(campaign, found, now)
        ],
        "rewards": [
            {
                "code": reward["code"],
                "name": localised(reward.get("name", reward["code"]), language),
                "kind": reward["kind"],
                "points": reward.get("points", reward.get("block")),
            }
            for reward in document.get("rewards", ())
        ],
        "plans": [
            {
                "code": plan["code"],
                "name": localised(plan.get("name", plan["code"]), language),
                "price": plan.get("price"),
                "length": plan["length"],
            }
            for plan in document.get("plans", ())
        ],
        "terms": terms.summary(),
        "closing": _closing(programme),
    }


def runs_today(rule: rules.Rule, found: rules.Ruleset, now: datetime) -> bool:
    """Whether a rule is in force at some time of this day, as far as times go: its own, and its campaign's."""
    day = clock.day_of(now, found.zone)
    starts, ends = clock.start_of(day, found.zone), clock.end_of(day, found.zone)
    if (rule.starts_at is not None and rule.starts_at >= ends) or (rule.ends_at is not None and rule.ends_at <= starts):
        return False
    campaign = found.campaigns.get(rule.campaign)
    return campaign is None or _today(campaign, found, now)


def _today(campaign: rules.Campaign, found: rules.Ruleset, now: datetime) -> bool:
    day = clock.day_of(now, found.zone)
    if campaign.paused or (campaign.weekdays and day.isoweekday() not in campaign.weekdays):
        return False
    begun = campaign.starts_at is None or campaign.starts_at < clock.end_of(day, found.zone)
    return begun and (campaign.ends_at is None or campaign.ends_at > clock.start_of(day, found.zone))


def _rule(rule: rules.Rule, language: str) -> dict[str, Any]:
    return {
        "code": rule.code,
        "version": rule.version,
        "kind": rule.kind,
        "name": localised(rule.name, language) or rule.code,
    }


def _campaign(campaign: rules.Campaign, found: rules.Ruleset, language: str) -> dict[str, Any]:
    """One that runs today; `hours` are local, and null is the whole day."""
    hours = campaign.hours
    return {
        "code": campaign.code,
        "name": localised(campaign.name, language) or campaign.code,
        "until": campaign.ends_at.astimezone(found.zone).isoformat() if campaign.ends_at else None,
        "hours": None if hours is None else [f"{minute // 60:02d}:{minute % 60:02d}" for minute in hours],
        "stores": sorted(campaign.stores),
        "rules": [rule.code for rule in found.rules if rule.campaign == campaign.code],
    }


def _estimate(query: ProgrammeQuery, programme: Policies) -> dict[str, Any]:
    """What one line of the product for `amount` would earn now: the quote of that sale, for the member if named."""
    amount_minor = fields.money(query.amount or "", programme.currency, field="amount")
    codes = [store["code"] for store in programme.document.get("stores", policies.EMPTY["stores"])]
    store = policies.store(query.store or codes[0])
    line = rules.Line(1, amount_minor, sku=query.sku, category=query.category)
    basket = rules.Basket(
        lines=(line,),
        occurred_at=clock.now(),
        currency=programme.currency,
        store=store.code,
        store_group=store.group,
        channel="store",
    )
    receipt = Receipt(store=store, number="", basket=basket, total_minor=amount_minor)
    # without a member: what somebody new, with no level and no history, would earn
    decision = (
        quote(receipt=receipt, member={"id": query.member}).decision
        if query.member is not None
        else rules.decide(basket, rules.Facts(), ruleset(programme))
    )
    given = [{"rule": one.rule.code, "points": one.total} for one in decision.given]
    return {"amount": query.amount, "points": decision.points, "rules": given}


def earns(found: rules.Ruleset, *, sku: str, category: str) -> dict[str, Any] | None:
    """The first rule that gives points for money spent on such a product whatever else holds, or None."""
    line = rules.Line(1, 1, sku=sku, category=category)
    if found.earning.exclude.match(line):
        return None
    for rule in found.bases:
        chosen = (not rule.include or rule.include.match(line)) and not rule.exclude.match(line)
        if isinstance(rule, PerAmount) and chosen and rule.when is None:
            return {"per": money.text(rule.per_minor, found.currency), "points": rule.points}
    return None


def _closing(programme: Policies) -> dict[str, str] | None:
    """When a programme that closes stops earning and redeeming."""
    closing = programme.closing
    if closing is None:
        return None
    zone = programme.zone
    return {
        "earning_until": closing.earning_until.astimezone(zone).isoformat(),
        "redeeming_until": closing.redeeming_until.astimezone(zone).isoformat(),
    }


def _group(group: tiers.Group, programme: Policies, language: str) -> dict[str, Any]:
    return {
        "group": group.code,
        "metric": group.metric,
        "levels": [
            {
                "code": level.code,
                "name": localised(level.name, language),
                "from": tiers.threshold_text(group, level.threshold, programme.currency),
                "benefits": [localised(benefit, language) for benefit in level.benefits],
            }
            for level in group.levels
        ],
    }
