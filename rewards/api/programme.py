"""Reading the programme in force."""

from __future__ import annotations

from typing import Any

import msgspec

from loyalty import money, policies
from loyalty.api import edge, fields
from loyalty.models import Store
from loyalty.policies import Policies, localised
from members import terms, tiers
from rewards import rules
from rewards.programme import ruleset
from rewards.rules.kinds import PerAmount


class ProgrammeQuery(msgspec.Struct, forbid_unknown_fields=True):
    """What a shop wants to show beside a product."""

    sku: fields.Label = ""
    category: fields.Label = ""


class ProgrammeView(edge.View):
    """The programme in force."""

    @edge.get(scope=None, query=ProgrammeQuery)
    def get(self, call: edge.Call, query: ProgrammeQuery) -> dict[str, Any]:
        """Read the programme: tiers, rules in force, stores, and what a product earns."""
        programme = policies.current()
        language = call.language or programme.languages[0]
        found = ruleset(programme)
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
            "rules": [
                {
                    "code": rule.code,
                    "version": rule.version,
                    "kind": rule.kind,
                    "name": localised(rule.name, language) or rule.code,
                }
                for rule in found.rules
            ],
            "rewards": [],
            "plans": [],
            "terms": terms.summary(),
            "closing": _closing(programme),
            "earns": earns(found, sku=query.sku, category=query.category),
        }


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
                "from": money.text(level.threshold, programme.currency),
                "benefits": [localised(benefit, language) for benefit in level.benefits],
            }
            for level in group.levels
        ],
    }
