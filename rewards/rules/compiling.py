"""From the programme document (CONTRACT part 2, as JSON) to the rules in force."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from . import wording
from .basis import Earning, Selection
from .caps import Caps
from .lots import ROUND_UP_TO, Expiry, Pending
from .numbers import ROUNDINGS
from .reading import MOST_POINTS, Node, Problem, RuleError
from .ruleset import BASE, BONUS, Fixed, Multiplier, PerAmount, PerUnit, PerVisit, Rule, Ruleset

_DATE = re.compile(r"(?:[0-9]{4}-)?[0-9]{2}-[0-9]{2}", re.ASCII)
Common = dict[str, object]
COMMON_KEYS = {
    "code", "name", "kind", "trigger", "lines", "rounding", "when", "stackable", "priority", "group", "caps",
    "pending", "expiry", "enabled", "from", "until",
}  # fmt: skip


def per_amount(node: Node, common: Common, programme: Programme) -> Rule:
    """`points` per `per`, exact, or in whole steps."""
    per = node.money("per", programme.currency)
    if per == 0:
        raise node.error("per", "must be more than 0")
    return PerAmount(
        **common,  # type: ignore[arg-type]
        points=node.points("points"),
        per_minor=per,
        whole_steps=node.flag("whole_steps", default=False),
        carry=programme.earning.remainder == "carry",
    )


def per_unit(node: Node, common: Common, programme: Programme) -> Rule:
    """`points` a unit."""
    return PerUnit(**common, points=node.points("points"))  # type: ignore[arg-type]


def per_visit(node: Node, common: Common, programme: Programme) -> Rule:
    """`points` a sale."""
    return PerVisit(**common, points=node.points("points"))  # type: ignore[arg-type]


def fixed(node: Node, common: Common, programme: Programme) -> Rule:
    """`points` each sale, line or unit; before or after the multipliers."""
    return Fixed(
        **common,  # type: ignore[arg-type]
        points=node.points("points"),
        each=node.choice("each", ("sale", "line", "unit"), "sale"),
        stage=BASE if node.flag("before_multipliers", default=False) else BONUS,
    )


def multiplier(node: Node, common: Common, programme: Programme) -> Rule:
    """`factor` on the points `of` some bases, or all."""
    factor = node.factor("factor")
    of = node.value.get("of", "all")
    if of != "all" and not (isinstance(of, list) and of and all(isinstance(code, str) for code in of)):
        raise node.error("of", "must be `all` or a list of rule codes")
    return Multiplier(
        **common,  # type: ignore[arg-type]
        factor_numerator=factor.numerator,
        factor_denominator=factor.denominator,
        of=None if of == "all" else frozenset(of),
    )


KINDS: Mapping[str, tuple[Callable[[Node, Common, Programme], Rule], frozenset[str]]] = {
    "per_amount": (per_amount, frozenset({"points", "per", "whole_steps"})),
    "per_unit": (per_unit, frozenset({"points"})),
    "per_visit": (per_visit, frozenset({"points"})),
    "fixed": (fixed, frozenset({"points", "each", "before_multipliers"})),
    "multiplier": (multiplier, frozenset({"factor", "of"})),
}


class Programme:
    """What rules need of the rest of the document."""

    def __init__(self, document: Node) -> None:
        settings = document.child("settings")
        self.currency = settings.text("currency", "USD")
        try:
            self.zone = ZoneInfo(settings.text("timezone", "UTC"))
        except (ZoneInfoNotFoundError, ValueError):
            raise settings.error("timezone", "is not a time zone") from None
        earning = settings.child("earning")
        self.earning = Earning(
            basis=earning.choice("basis", ("items", "order"), "items"),
            tax=earning.choice("tax", ("included", "excluded"), "included"),
            discounts=earning.choice("discounts", ("reduce", "targeted", "ignore"), "reduce"),
            points_payment=earning.choice("points_payment", ("no_earn", "earn"), "no_earn"),
            gift_card_payment=earning.choice("gift_card_payment", ("earn", "no_earn"), "earn"),
            rounding=earning.choice("rounding", ROUNDINGS, "floor"),
            remainder=earning.choice("remainder", ("drop", "carry"), "drop"),
            multipliers=earning.choice("multipliers", ("multiply", "add", "highest"), "multiply"),
            tier_for_sale=earning.choice("tier_for_sale", ("before", "after"), "before"),
            exclude=selection(earning.child("exclude")),
        )
        returns = settings.child("returns")
        self.window_days = returns.whole("window_days", least=0, most=36500)
        self.pending = pending(earning, self.window_days) or Pending()
        self.expiry = expiry(settings) or Expiry()
        self.needs: set[str] = set()


def selection(node: Node) -> Selection:
    """Lines by SKU, category or label."""
    node.only({"skus", "categories", "labels"})
    return Selection(skus=node.texts("skus"), categories=node.texts("categories"), labels=node.texts("labels"))


def pending(parent: Node, window_days: int | None) -> Pending | None:
    """`none`, `{days: 14}` or `return_window`; None where nothing is said."""
    value = parent.value.get("pending")
    if value is None:
        return None
    if value == "none":
        return Pending()
    if value == "return_window":
        return Pending(window_days)
    if not isinstance(value, dict):
        raise parent.error("pending", "must be `none`, `return_window` or `{days: 14}`")
    node = parent.child("pending")
    node.only({"days"})
    return Pending(node.whole("days", least=0, most=36500, default=0))


def expiry(parent: Node) -> Expiry | None:
    """`never`, `rolling`, `fixed` or `inactivity`; None where nothing is said."""
    if parent.value.get("expiry") is None:
        return None
    node = parent.child("expiry")
    kind = node.choice("kind", ("never", "rolling", "fixed", "inactivity"), "never")
    node.only({
        "never": {"kind"},
        "rolling": {"kind", "days", "months", "round_up_to"},
        "fixed": {"kind", "dates"},
        "inactivity": {"kind", "days", "months", "reset_by"},
    }[kind])  # fmt: skip
    found = Expiry(
        kind=kind,
        days=node.whole("days", least=0, most=36500),
        months=node.whole("months", least=0, most=1200),
        round_up_to=node.choice("round_up_to", ROUND_UP_TO, "day"),
        dates=tuple(sorted(node.texts("dates"))),
    )
    if kind in ("rolling", "inactivity") and (found.days is None) is (found.months is None):
        raise node.error("months", "give either days or months")
    if kind == "fixed" and not found.dates:
        raise node.error("dates", "name at least one date")
    for text in found.dates:
        if not _DATE.fullmatch(text) or not is_day(text if len(text) > 5 else f"2000-{text}"):
            raise node.error("dates", f"{text} is not a date such as 03-31 or 2027-09-30")
    return found


def is_day(text: str) -> bool:
    """Whether the calendar has this day."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def rule(node: Node, programme: Programme, versions: Mapping[str, int]) -> Rule:
    """One rule of the document."""
    kind = node.text("kind")
    if kind not in KINDS:
        raise node.error("kind", "must be one of " + ", ".join(sorted(KINDS)))
    build, keys = KINDS[kind]
    node.only(COMMON_KEYS | keys)
    lines, caps = node.child("lines"), node.child("caps")
    lines.only({"include", "exclude"})
    caps.only({"per_sale", "per_day", "per_member", "total"})
    code = node.text("code")
    common: Common = {
        "code": code,
        "version": versions.get(code, 1),
        "name": node.localised("name"),
        "rounding": node.choice("rounding", ROUNDINGS, programme.earning.rounding),
        "include": selection(lines.child("include")),
        "exclude": selection(lines.child("exclude")),
        "when": wording.condition(node.child("when"), programme.currency, programme.needs),
        "stackable": node.flag("stackable", default=True),
        "priority": node.whole("priority", least=-MOST_POINTS, most=MOST_POINTS, default=0),
        "group": node.text("group") if node.value.get("group") is not None else None,
        "caps": Caps(
            **{name: caps.whole(name, least=0, most=10**15) for name in ("per_sale", "per_day", "per_member", "total")}
        ),
        "pending": pending(node, programme.window_days),
        "expiry": expiry(node),
        "starts_at": node.time("from"),
        "ends_at": node.time("until"),
        "trigger": node.text("trigger") if node.value.get("trigger") is not None else None,
    }
    return build(node, common, programme)


def compile(  # noqa: A001  (the noun in front of it tells them apart: rules.compile)
    document: Mapping[str, object], *, version: int = 0, versions: Mapping[str, int] | None = None
) -> Ruleset:
    """The rules of one version of the programme. Raises RuleError with the place of the first mistake.

    `versions` gives each rule its own version number by code.
    """
    root = Node.at(document, "")
    programme = Programme(root)
    found: list[Rule] = []
    seen: set[str] = set()
    for node in root.children("rules"):
        made = rule(node, programme, versions or {})
        if made.code in seen:
            raise node.error("code", f"{made.code} is there twice")
        seen.add(made.code)
        if node.flag("enabled", default=True):
            found.append(made)
    for node, code in ((n, c) for n in root.children("rules") for c in _named(n)):
        if code not in seen:
            raise node.error("of", f"{code} is not a rule")
    found.sort(key=lambda r: (-r.priority, r.code))
    sales = [r for r in found if r.trigger is None]
    triggers = sorted({r.trigger for r in found if r.trigger})
    return Ruleset(
        version=version,
        currency=programme.currency,
        zone=programme.zone,
        earning=programme.earning,
        pending=programme.pending,
        expiry=programme.expiry,
        bases=tuple(r for r in sales if r.stage == BASE),
        multipliers=tuple(r for r in sales if isinstance(r, Multiplier)),
        bonuses=tuple(r for r in sales if r.stage == BONUS),
        triggered={name: tuple(r for r in found if r.trigger == name) for name in triggers},
        groups={
            group.text("code"): group.choice("pick", ("best", "newest", "priority"), "best")
            for group in root.children("groups")
        },
        needs=frozenset(programme.needs),
        campaigns={},
        segments={},
        stateful=frozenset(r.code for r in found if r.caps.of_member),
        shared=frozenset(r.code for r in found if r.caps.total is not None),
    )


def problems(document: Mapping[str, object]) -> list[Problem]:
    """Everything that is wrong with the rules, campaigns, groups and segments of a document, and what is doubtful."""
    try:
        compile(document)
    except RuleError as wrong:
        return [Problem(wrong.place, "invalid", wrong.detail)]
    return []


def _named(node: Node) -> list[str]:
    """Codes a multiplier names."""
    of = node.value.get("of")
    return [code for code in of if isinstance(code, str)] if isinstance(of, list) else []
