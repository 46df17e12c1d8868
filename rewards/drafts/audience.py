"""Which members a condition can reach: the pure engine over what is known of them, bounded in size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet
from django.db.models.expressions import RawSQL

from loyalty import clock
from members.models import Member, TierStanding
from rewards import rules
from rewards.rules import basis, conditions
from rewards.rules.case import Case
from rewards.rules.conditions import Condition

MOST = 10_000  # members looked at one by one; of more, a sample of about so many
PER_STATEMENT = 5_000


@dataclass(frozen=True)
class Reach:
    """How many of the members a condition can reach; `looked_at` below `members` makes it an estimate."""

    reached: int
    members: int
    looked_at: int

    @property
    def exact(self) -> bool:
        """Whether everybody was looked at."""
        return self.looked_at == self.members


def reach(*, condition: Mapping[str, Any] | None, document: Mapping[str, Any], at: datetime | None = None) -> Reach:
    """Count the active members for whom the member rows of `condition` hold now.

    Rows about the sale (basket, store, time) are taken as possible. Raises rules.RuleError where the condition cannot
    be read. Up to 10,000 members are looked at (about half a second); of more, a steady sample.
    """
    asked = {"code": "asked", "kind": "per_visit", "points": 1, "when": condition or {}}
    ruleset = rules.compile({**document, "rules": [asked], "campaigns": [], "groups": []})
    wanted = only_members(ruleset.rules[0].when)
    rows = Member.objects.filter(status=Member.Status.ACTIVE)
    total = rows.count()
    if wanted is None or not total:
        return Reach(total, total, total)
    looked_at = rows
    if total > MOST:
        looked_at = rows.annotate(mark=RawSQL("abs(hashtext(members_member.id::text)) %% 10000", [])).filter(
            mark__lt=10_000 * MOST // total
        )
    at = at or clock.now()
    basket = rules.Basket(lines=(), occurred_at=at, currency=ruleset.currency)
    counted = basis.of(basket, ruleset.earning)
    seen = found = 0
    for _id, facts in facts_of(looked_at, ruleset, at):
        seen += 1
        found += wanted.failure(Case(basket, facts, ruleset.zone, counted, ruleset.segments)) is None
    if seen == total or not seen:
        return Reach(found, total, total)
    return Reach(round(found * total / seen), total, seen)


def only_members(condition: Condition | None) -> Condition | None:
    """The condition with its rows about the sale taken as possible; None where nothing about the member is left."""
    if condition is None:
        return None
    if isinstance(condition, conditions.Row):
        return condition if condition.field.startswith("member.") else None
    kept = [only_members(part) for part in condition.parts]
    if isinstance(condition, conditions.Any):
        return None if kept and None in kept else conditions.Any(tuple(one for one in kept if one))
    left = tuple(one for one in kept if one is not None)
    return conditions.All(left) if left else None


def facts_of(members: QuerySet[Member], ruleset: rules.Ruleset, at: datetime) -> Iterator[tuple[UUID, rules.Facts]]:
    """What the rules may know of each of some members as of `at`, in few statements; caps start from nothing."""
    rows = members.annotate(birthday=F("profile__birthday")).values_list(
        "pk", "enrolled_at", "birthday", "purchases", "spend_minor", "last_sale_at", "attributes"
    )
    month = at.astimezone(ruleset.zone).month
    waiting: list[tuple[Any, ...]] = []
    for row in rows.iterator(chunk_size=PER_STATEMENT):
        waiting.append(row)
        if len(waiting) == PER_STATEMENT:
            yield from _facts(waiting, month)
            waiting = []
    yield from _facts(waiting, month)


def _facts(rows: list[tuple[Any, ...]], month: int) -> Iterator[tuple[UUID, rules.Facts]]:
    levels: dict[UUID, dict[str, str]] = {}
    held = TierStanding.objects.filter(member__in=[row[0] for row in rows]).order_by("group")
    for member, group, level in held.values_list("member_id", "group", "level") if rows else ():
        levels.setdefault(member, {})[group] = level
    for pk, enrolled_at, birthday, purchases, spend, last_sale_at, attributes in rows:
        yield (
            pk,
            rules.Facts(
                tiers=levels.get(pk, {}),
                enrolled_at=enrolled_at,
                birthday_month=None if birthday is None else birthday.month == month,
                purchases=purchases,
                spend_minor=spend,
                visits=purchases,
                last_sale_at=last_sale_at,
                attributes=attributes,
                bucket=rules.bucket(pk),
            ),
        )
