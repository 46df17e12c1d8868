"""From a rule of the programme document to a compiled one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypedDict

from .basis import Selection
from .caps import NO_CAPS, Caps
from .conditions import Condition
from .kinds import (
    BASE,
    BONUS,
    Fixed,
    Multiplier,
    PerAmount,
    PerUnit,
    PerVisit,
    Referral,
    Rule,
    Stamps,
    Streak,
)
from .lots import Expiry, Pending
from .numbers import ROUNDINGS
from .reading import MOST_GRANTED, MOST_POINTS, Node
from .settings import Settings, expiry, pending, selection
from .wording import EVERYWHERE, OF_TRIGGERS

TRIGGERS = (
    "member.enrolled", "birthday", "profile.complete", "feedback.given", "event.checkin", "referral.friend",
    "referral.referrer",
)  # fmt: skip
_ACTIVITY = re.compile(r"activity:[A-Za-z0-9_.-]{1,60}", re.ASCII)
COMMON_KEYS = {
    "code", "name", "kind", "trigger", "lines", "rounding", "when", "stackable", "priority", "group", "caps",
    "pending", "expiry", "enabled", "from", "until",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a campaign says for all its rules."""

    campaign: str = ""
    priority: int = 0
    stackable: bool = True
    group: str | None = None
    starts_at: datetime | None = None  # which is the newest of a group


NO_CAMPAIGN = Defaults()


class Common(TypedDict):
    """What all kinds of rules have in common, as arguments of their classes."""

    code: str
    version: int
    name: Mapping[str, str]
    rounding: str
    include: Selection
    exclude: Selection
    selective: bool
    guarded: bool
    least_minor: int | None
    least_milli: int | None
    when: Condition | None
    stackable: bool
    priority: int
    group: str | None
    caps: Caps
    pending: Pending | None
    expiry: Expiry | None
    starts_at: datetime | None
    ends_at: datetime | None
    trigger: str | None
    campaign: str


def per_amount(node: Node, common: Common, settings: Settings) -> Rule:
    """`points` per `per`, exact, or in whole steps."""
    per = node.money("per", settings.currency)
    if per == 0:
        node.report("per", "out_of_range", "must be more than 0", "Give the money that one step needs.")
    return PerAmount(
        **common,
        points=node.points("points"),
        per_minor=per or 1,
        whole_steps=node.flag("whole_steps", default=False),
        carry=settings.earning.remainder == "carry",
    )


def per_unit(node: Node, common: Common, settings: Settings) -> Rule:
    """`points` a unit."""
    return PerUnit(**common, points=node.points("points"))


def per_visit(node: Node, common: Common, settings: Settings) -> Rule:
    """`points` a sale."""
    return PerVisit(**common, points=node.points("points"))


def fixed(node: Node, common: Common, settings: Settings) -> Rule:
    """`points` each sale, line or unit; before or after the multipliers."""
    return Fixed(
        **common,
        points=node.points("points"),
        each=node.choice("each", ("sale", "line", "unit"), "sale"),
        stage=BASE if node.flag("before_multipliers", default=False) else BONUS,
    )


def multiplier(node: Node, common: Common, settings: Settings) -> Rule:
    """`factor` on the points `of` some bases, or all."""
    factor = node.factor("factor")
    of = node.value.get("of", "all")
    if of != "all" and not (isinstance(of, list) and of and all(isinstance(code, str) for code in of)):
        node.report("of", "not_codes", "must be `all` or a list of rule codes", "Such as [base].")
        of = "all"
    if not common["stackable"]:
        detail = "does not stack, so it counts without the points that it multiplies"
        mend = "Put the rules that exclude each other into a group instead."
        node.report("stackable", "multiplier_alone", detail, mend, severity="warning")
    return Multiplier(
        **common,
        factor_numerator=factor.numerator,
        factor_denominator=factor.denominator,
        of=frozenset(of) if isinstance(of, list) else None,
    )


def stamps(node: Node, common: Common, settings: Settings) -> Rule:
    """A reward or `points` for every `buy` units."""
    if node.has("reward") is node.has("points"):
        node.report("points", "either_or", "give either a reward or points", "Give one of the two.")
    return Stamps(
        **common,
        buy=node.number("buy", most=100_000),
        points=node.points("points") if node.has("points") else 0,
        reward=node.text("reward") if node.has("reward") else "",
    )


def streak(node: Node, common: Common, settings: Settings) -> Rule:
    """`points` for so many visits, or for all of some products, within some days."""
    skus = node.texts("skus")
    if skus and node.has("times"):
        detail = "is given by the number of skus"
        node.report("times", "either_or", detail, "Leave it out, or leave out the skus.")
    if skus and common["trigger"]:
        node.report("skus", "not_for_triggers", "only sales have products", "Leave out the skus or the trigger.")
    return Streak(
        **common,
        points=node.points("points"),
        times=len(skus) if skus else node.number("times", most=1000),
        within_days=node.number("within_days", most=3660),
        skus=skus,
        once_a_day=node.choice("each", ("sale", "day"), "sale") == "day",
    )


def referral(node: Node, common: Common, settings: Settings) -> Rule:
    """Points of both sides; `made` turns it into one rule for each trigger."""
    if common["trigger"]:
        detail = "answers the triggers of referrals and needs no trigger"
        node.report("trigger", "not_for_triggers", detail, "Leave out the trigger.")
    if not node.has("referrer") and not node.has("friend"):
        node.report("referrer", "required", "give points of the referrer, the friend, or both", "Such as 300.")
    return Referral(**common, points=0, wait_days=node.whole("wait_days", least=0, most=3660) or 0)


Build = Callable[[Node, Common, Settings], Rule]
KINDS: Mapping[str, tuple[Build, frozenset[str]]] = {
    "per_amount": (per_amount, frozenset({"points", "per", "whole_steps"})),
    "per_unit": (per_unit, frozenset({"points"})),
    "per_visit": (per_visit, frozenset({"points"})),
    "fixed": (fixed, frozenset({"points", "each", "before_multipliers"})),
    "multiplier": (multiplier, frozenset({"factor", "of"})),
    "stamps": (stamps, frozenset({"buy", "points", "reward"})),
    "streak": (streak, frozenset({"times", "within_days", "points", "skus", "each"})),
    "referral": (referral, frozenset({"referrer", "friend", "wait_days"})),
}
FOR_SALES = frozenset({"per_amount", "per_unit"})


def caps(node: Node) -> Caps:
    """The most points."""
    found = node.child("caps")
    found.only({"per_sale", "per_day", "per_member", "total"})
    per_sale, per_day, per_member, total = (
        found.whole(name, least=0, most=MOST_GRANTED) for name in ("per_sale", "per_day", "per_member", "total")
    )
    return Caps(per_sale, per_day, per_member, total) or NO_CAPS


def made(
    node: Node, settings: Settings, versions: Mapping[str, int], defaults: Defaults = NO_CAMPAIGN
) -> tuple[Rule, ...]:
    """One rule of the document, for each trigger it answers; none where its kind is not known."""
    kind = node.choice("kind", sorted(KINDS), "")
    if not kind:
        return ()
    build, keys = KINDS[kind]
    node.only(COMMON_KEYS | keys)
    trigger = _trigger(node, kind)
    rule = build(node, _common(node, settings, versions, defaults, trigger), settings)
    if not isinstance(rule, Referral):
        return (rule,)
    return tuple(
        replace(rule, points=node.points(side), trigger=f"referral.{side}")
        for side in ("friend", "referrer")
        if node.has(side)
    )


def _trigger(node: Node, kind: str) -> str | None:
    if not node.has("trigger"):
        return None
    trigger = node.text("trigger")
    if trigger not in TRIGGERS and not _ACTIVITY.fullmatch(trigger):
        mend = "One of " + ", ".join(TRIGGERS) + ", or activity: with the kind behind it."
        node.report("trigger", "unknown_trigger", f"{trigger} is not a trigger", mend)
    if kind in FOR_SALES or node.has("lines"):
        key, mend = ("kind", "Use fixed.") if kind in FOR_SALES else ("lines", "Leave out the lines.")
        node.report(key, "not_for_triggers", "only sales have lines", mend)
    return trigger


def _common(
    node: Node, settings: Settings, versions: Mapping[str, int], defaults: Defaults, trigger: str | None
) -> Common:
    code, lines = node.code(), node.child("lines")
    lines.only({"include", "exclude", "at_least"})
    include, exclude = selection(lines.child("include")), selection(lines.child("exclude"))
    if lines.value.get("include") is not None and not include:
        detail, mend = "names nothing, so the rule counts every line", "Name what it is for, or leave `include` out."
        lines.report("include", "include_empty", detail, mend, severity="warning")
    least = lines.child("at_least")
    least.only({"amount", "quantity"})
    starts_at, ends_at = node.window()
    priority = node.whole("priority", least=-MOST_POINTS, most=MOST_POINTS)
    asked = settings.reader.condition
    answers_else = trigger is not None or node.value.get("kind") == "referral"
    return {
        "code": code,
        "version": versions.get(code, 1),
        "name": node.localised("name"),
        "rounding": node.choice("rounding", ROUNDINGS, settings.earning.rounding),
        "include": include,
        "exclude": exclude,
        "selective": bool(include or exclude or node.has("skus")),
        "least_minor": least.money("amount", settings.currency) if least.has("amount") else None,
        "least_milli": least.quantity("quantity") if least.has("quantity") else None,
        "when": (when := asked(node.child("when"), OF_TRIGGERS if answers_else else EVERYWHERE)),
        "guarded": bool(when or node.has("from") or ends_at or least.value or defaults.campaign),
        "stackable": node.flag("stackable", default=defaults.stackable),
        "priority": defaults.priority if priority is None else priority,
        "group": node.code("group") if node.has("group") else defaults.group,
        "caps": caps(node),
        "pending": pending(node, settings.window_days),
        "expiry": expiry(node),
        "starts_at": starts_at if starts_at is not None else defaults.starts_at,
        "ends_at": ends_at,
        "trigger": trigger,
        "campaign": defaults.campaign,
    }
