"""What stands beside a rule while it is built: whom it reaches, what a sale would earn before and after, real sales."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from loyalty import clock, money, roles
from loyalty.admin import words
from members import identities, masking
from members.admin import reasons
from members.admin.decision_page import rules_in_words
from members.models import Member, Sale
from rewards import rules
from rewards.drafts import audience, trial, unfinished
from rewards.drafts.operations import newest
from rewards.drafts.posted import Part, plain, split

from .calendar import next_hour
from .naming import Names

LINES = 3
DECIMALS = 3


class Trial:
    """The test basket: what was chosen, and what comes of it."""

    def __init__(self, request: HttpRequest, data: QueryDict, names: Names, campaign: Part | None) -> None:
        self.request = request
        self.data = data
        self.names = names
        self.campaign = campaign or {}
        self.problem = ""
        self.sales = list(trial.recent())[:12]
        self.lines = self._lines()

    def text(self, key: str) -> str:
        """What was posted of it."""
        return (self.data.get(f"try.{key}") or "").strip()

    def typed(self, key: str) -> str:
        """What a person chose; what the page had put there by itself follows the campaign as it changes."""
        return "" if self.text(key) == self.text(f"auto.{key}") else self.text(key)

    @property
    def automatic(self) -> list[tuple[str, str]]:
        """What the page puts there by itself, for the next time."""
        shown = {"who": self.who, "store": self.store, "at": self.at_text}
        return [(key, "" if self.typed(key) else value) for key, value in shown.items()]

    @property
    def who(self) -> str:
        """`tier:CODE`, `member` or `nobody`."""
        return self.typed("who") or (f"tier:{self._usual_tier()}" if self.names.ladder else "nobody")

    @property
    def whos(self) -> list[tuple[str, str]]:
        """Whom one can choose."""
        levels = [
            (f"tier:{code}", _("a member with tier %(tier)s") % {"tier": self.names.tiers.get(code, code)})
            for code in self.names.ladder
        ]
        one = [("member", _("a certain member"))] if roles.may(self.request.user, "view", "members") else []
        return [*levels, ("none", _("a member without a tier")), *one, ("nobody", _("somebody who is no member"))]

    def _usual_tier(self) -> str:
        rows: Any = next(iter((self.campaign.get("audience") or {}).values()), [])
        for row in rows if isinstance(rows, list) else []:
            if isinstance(row, Mapping) and row.get("field") == "member.tier" and row.get("value"):
                return str(row["value"][0])
        return self.names.ladder[-1]

    @property
    def store(self) -> str:
        """Where."""
        chosen = [str(code) for code in self.campaign.get("stores") or []]
        for group in self.campaign.get("store_groups") or []:
            chosen += self.names.store_groups.get(str(group), [])
        return self.typed("store") or next(iter(chosen or self.names.stores), "")

    @property
    def at(self) -> datetime:
        """When: as typed, else the next hour at which the campaign runs."""
        try:
            return datetime.fromisoformat(self.typed("at")).replace(tzinfo=self.names.zone)
        except ValueError:
            return next_hour(self.campaign, self.names, clock.now())

    @property
    def at_text(self) -> str:
        """The same for the control."""
        return self.at.astimezone(self.names.zone).strftime("%Y-%m-%dT%H:%M")

    def _lines(self) -> list[dict[str, str]]:
        """The basket's lines: typed, or those of a real sale."""
        sale = next((one for one in self.sales if str(one.pk) == self.text("sale")), None)
        if sale is None and not any(key.startswith("try.line.") for key in self.data):
            sale = next(iter(self.sales), None)
        if sale is not None and self.text("had") != str(sale.pk):
            found = [
                {
                    "what": line.sku,
                    "category": line.category,
                    "labels": ", ".join(line.labels),
                    "quantity": f"{line.quantity.normalize():f}",
                    "amount": money.text(line.amount_minor, sale.currency),
                }
                for line in list(sale.lines.all())[:LINES]
            ]
            return found + [{}] * (LINES - len(found))
        keys = ("what", "category", "labels", "quantity", "amount")
        return [{key: self.text(f"line.{i}.{key}") for key in keys} for i in range(LINES)]

    @property
    def recent(self) -> list[tuple[str, str]]:
        """Real sales to start from."""
        return [(str(sale.pk), _sale_words(sale, self.names)) for sale in self.sales]

    @property
    def chosen_sale(self) -> str:
        """The one whose lines are shown."""
        return self.text("sale")

    def basket(self) -> rules.Basket | None:
        """The basket, None with `problem` set where the lines cannot be read."""
        lines = []
        for number, line in enumerate(self.lines, start=1):
            if not line.get("amount"):
                continue
            try:
                amount = money.minor(plain(line["amount"]), self.names.currency)
                quantity = money.minor(plain(line.get("quantity") or "1"), "KWD")
            except ValueError:
                self.problem = _("Line %(number)d cannot be read: check its amount and quantity.") % {"number": number}
                return None
            lines.append(
                rules.Line(
                    number=number,
                    amount_minor=amount,
                    quantity_milli=quantity or 1000,
                    sku=line.get("what", ""),
                    category=line.get("category", ""),
                    labels=tuple(split(line.get("labels", ""))),
                )
            )
        if not lines:
            self.problem = _("Type an amount to try a sale.")
            return None
        group = next((group for group, codes in self.names.store_groups.items() if self.store in codes), "")
        return rules.Basket(
            lines=tuple(lines),
            occurred_at=self.at,
            currency=self.names.currency,
            store=self.store,
            store_group=group,
        )

    def facts(self, ruleset: rules.Ruleset) -> rules.Facts | None:
        """What is known of whoever was chosen."""
        if self.who == "nobody":
            return None
        if self.who == "member":
            member = self._member()
            if member is None:
                self.problem = _("No member has this card, e-mail address or phone number.")
            return trial.facts_for(member, ruleset, self.at)
        level = self.who.removeprefix("tier:") if self.who.startswith("tier:") else ""
        first = next((str(one.get("group")) for one in self.names.document.get("tiers") or []), "status")
        return rules.Facts(tiers={first: level} if level else {}, enrolled_at=clock.now() - timedelta(days=365))

    def _member(self) -> Member | None:
        if not roles.may(self.request.user, "view", "members"):
            return None
        asked = self.text("member")
        kinds = ["email"] if "@" in asked else ["card", "phone", "external_id"]
        return next((found for kind in kinds if (found := identities.find(**{kind: asked}))), None)

    @property
    def member_name(self) -> str:
        """Who was found, masked."""
        member = self._member() if self.who == "member" and self.text("member") else None
        profile = getattr(member, "profile", None)
        return masking.name(profile.name) if profile else ""


def panel(
    *, request: HttpRequest, data: QueryDict, document: Part, names: Names, section: str, part: Part
) -> dict[str, Any]:
    """Everything beside the form, for the template: reach, test basket, samples; or that the draft does not add up."""
    campaign = part if section == "campaigns" else None
    document = unfinished.as_far_as_it_goes(document)
    test = Trial(request, data, names, campaign)
    found: dict[str, Any] = {"trial": test, "reach": _reach(part, section, document)}
    try:
        before = rules.compile(newest()[1])
        after = rules.compile(document)
        as_if = rules.compile(trial.as_if_running(document, str(part.get("code")) if campaign else ""))
    except rules.RuleError:
        return {**found, "unusable": True}
    basket = test.basket()
    if basket is not None:
        found |= _outcomes(test, basket, before, after, names)
    if test.problem:
        found["problem"] = test.problem
    found["samples"] = [
        {
            "what": _sale_words(one.sale, names),
            "detail": _lines_words(one.sale),
            "before": words.number(one.before),
            "after": words.number(one.after),
            "same": one.before == one.after,
            "link": reverse("admin:members_sale_change", args=[one.sale.pk])
            if roles.may(request.user, "view", "sales")
            else "",
        }
        for one in trial.samples(before=before, after=as_if)
    ]
    return found


def _outcomes(
    test: Trial, basket: rules.Basket, before: rules.Ruleset, after: rules.Ruleset, names: Names
) -> dict[str, Any]:
    facts = test.facts(after)
    old, new = rules.decide(basket, facts, before), rules.decide(basket, facts, after)
    called = reasons.Called(names.language, names.document, newest()[1])
    return {
        "old": _outcome(old, called),
        "new": _outcome(new, called),
        "difference": words.signed(new.points - old.points) if new.points != old.points else "",
    }


def _outcome(decision: rules.Decision, called: reasons.Called) -> dict[str, Any]:
    body = decision.body()
    return {"points": words.number(decision.points), "rules": rules_in_words(body, called)}


def _reach(part: Part, section: str, document: Part) -> dict[str, Any] | None:
    condition = part.get("audience") if section == "campaigns" else part.get("when")
    try:
        reach = audience.reach(condition=condition, document=document)
    except rules.RuleError:
        return None
    share = 100 * reach.reached / reach.members if reach.members else 0
    return {
        "reached": words.number(reach.reached),
        "members": words.number(reach.members),
        "exact": reach.exact,
        "looked_at": words.number(reach.looked_at),
        "percent": f"{share:.1f}%",
        "everybody": reach.reached == reach.members,
    }


def _sale_words(sale: Sale, names: Names) -> str:
    return _("%(day)s, %(store)s, %(amount)s") % {
        "day": words.day(sale.occurred_at),
        "store": names.stores.get(sale.store.code, sale.store.code),
        "amount": words.amount(sale.total_minor, sale.currency),
    }


def _lines_words(sale: Sale) -> str:
    return _(", ").join(line.name or line.sku or line.category or "…" for line in list(sale.lines.all())[:3])
