"""What a what-if found, in words, figures and charts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from loyalty import charts, policies, roles
from loyalty.admin import words
from members.admin import decision_page, reasons
from members.models import Sale
from rewards.admin.programme.naming import Names
from rewards.models import WhatIf

Row = dict[str, Any]


class Called:
    """Names of codes: as the draft calls them, else as today's programme did."""

    def __init__(self, run: WhatIf) -> None:
        self.draft = Names(run.document)
        self.today = Names(policies.version(run.base_version).document)

    def rule(self, code: str) -> str:
        """A rule."""
        return self.draft.rules.get(code) or self.today.rules.get(code) or code

    def campaign(self, code: str) -> str:
        """A campaign."""
        return self.draft.section("campaigns").get(code) or self.today.section("campaigns").get(code) or code

    def key(self, key: str) -> str:
        """What a limit is of."""
        kind, colon, code = key.partition(":")
        return self.campaign(code) if colon and kind == "campaign" else self.rule(key)

    def tier(self, code: str) -> str:
        """A level."""
        return (self.draft.tiers.get(code) or self.today.tiers.get(code) or code) if code else _("no tier")

    def store(self, code: str) -> str:
        """A store."""
        return self.draft.stores.get(code) or self.today.stores.get(code) or code


def shown(request: HttpRequest, run: WhatIf) -> dict[str, Any]:
    """The context of a finished run."""
    result: Mapping[str, Any] = run.result or {}
    called = Called(run)
    before, after = result["points"]
    rules = [_rule(row, called) for row in result["rules"]]
    campaigns = [_campaign(row, called) for row in result["campaigns"]]
    return {
        "change": words.signed(after - before),
        "before": words.number(before),
        "after": words.number(after),
        "cost": _cost(result),
        "sales": words.number(result["sales"]),
        "empty": not result["sales"],
        "changed_sales": words.number(result["changed_sales"]),
        "members": words.number(result["members"]["all"]),
        "gain": words.number(result["members"]["gain"]),
        "lose": words.number(result["members"]["lose"]),
        "left_out": {key: words.number(count) for key, count in result["left_out"].items() if count},
        "rules": rules,
        "campaigns": campaigns,
        "tiers": [_sums(row, called.tier(row["code"])) for row in result["tiers"]],
        "stores": [_sums(row, called.store(row["code"])) for row in result["stores"]],
        "moves": [_move(row, called) for row in result["moves"]],
        "moved": {
            "up": words.number(sum(row["members"] for row in result["moves"] if row["up"])),
            "down": words.number(sum(row["members"] for row in result["moves"] if not row["up"])),
        },
        "moves_left_out": result["moves_left_out"],
        "capped": [(called.key(key), words.number(count)) for key, count in sorted(result["capped"].items())],
        "limits": [_limit(row, called) for row in result["limits"] if row["side"] == "draft"],
        "inexact": not result["exact"],
        "histogram": _histogram(result["histogram"]),
        "bars": [(_bar(row), words.number(row["members"])) for row in result["histogram"]],
        "samples": _samples(request, result["samples"], called),
    }


def _cost(result: Mapping[str, Any]) -> dict[str, str] | None:
    """Cost at face value; None where neither programme says what a point is worth."""
    before, after = result["cost_minor"]
    if after is None:
        return None
    currency = result["currency"]
    found = {"after": words.short_amount(after, currency)}
    if before is not None:
        sign = "+" if after > before else ""
        found |= {
            "before": words.short_amount(before, currency),
            "change": f"{sign}{words.short_amount(after - before, currency)}",
        }
    return found


def _rule(row: Row, called: Called) -> Row:
    gave = [None if side is None else side["points"] for side in (row["before"], row["after"])]
    return {
        "name": called.rule(row["rule"]),
        "campaign": called.campaign(row["campaign"]) if row["campaign"] else "",
        **_both(*gave),
    }


def _campaign(row: Row, called: Called) -> Row:
    return {"name": called.campaign(row["campaign"]), **_both(row["before"], row["after"])}


def _both(before: int | None, after: int | None) -> Row:
    return {
        "before": "—" if before is None else words.number(before),
        "after": "—" if after is None else words.number(after),
        "change": words.signed((after or 0) - (before or 0)),
    }


def _sums(row: Row, name: str) -> Row:
    return {"name": name, "sales": words.number(row["sales"]), **_both(row["before"], row["after"])}


def _move(row: Row, called: Called) -> Row:
    return {
        "from": called.tier(row["from"]),
        "to": called.tier(row["to"]),
        "members": words.number(row["members"]),
        "up": row["up"],
    }


def _limit(row: Row, called: Called) -> Row:
    """A budget or total cap: how much of it, and when it is used up."""
    share = min(row["taken"] / row["limit"], 1.0) if row["limit"] else 1.0
    name = called.key(row["key"])
    text = _("%(name)s: %(taken)s of %(limit)s points") % {
        "name": name,
        "taken": words.number(row["taken"]),
        "limit": words.number(row["limit"]),
    }
    return {
        "name": name,
        "limit": words.number(row["limit"]),
        "percent": f"{100 * share:.0f} %",
        "out_at": words.moment(datetime.fromisoformat(row["out_at"])) if row["out_at"] else "",
        "ruler": charts.ruler(share, [], say=text),
    }


def _bar(row: Row) -> str:
    """A range of change: −29 to −10, 0, 1 to 9, 300 and more."""
    low, high = row["from"], row["to"]
    if low == high:
        return words.signed(low)
    if low is None:
        return _("%(points)s and less") % {"points": words.signed(high)}
    if high is None:
        return _("%(points)s and more") % {"points": words.signed(low)}
    return f"{words.signed(low)} – {words.signed(high)}"


def _histogram(rows: list[Row]) -> str:
    """Members by change as columns; where there are many, a column says only where it begins."""
    narrow = len(rows) > 5
    return charts.columns(
        [charts.Bar(_column(row, narrow=narrow), row["members"]) for row in rows], titled_by="w-spread"
    )


def _column(row: Row, *, narrow: bool) -> str:
    low, high = row["from"], row["to"]
    if low == high:
        return words.signed(low)
    if low is None:
        return f"≤{words.number(high)}"
    if high is None:
        return f"≥{words.number(low)}"
    if narrow:
        return f"{words.number(low)}…" if low > 0 else f"…{words.number(high)}"
    return f"{words.number(low)}…{words.number(high)}"


def _samples(request: HttpRequest, samples: list[Row], called: Called) -> list[Row]:
    """Real sales with both decisions."""
    ids = [one["sale"] for one in samples]
    sales = {str(sale.pk): sale for sale in Sale.objects.filter(pk__in=ids).select_related("store")}
    linked = roles.may(request.user, "view", "sales")
    named = reasons.Called(called.draft.language, called.draft.document, called.today.document)
    found = []
    for one in samples:
        sale = sales.get(one["sale"])
        if sale is None:
            continue
        before, after = one["points"]
        found.append(
            {
                "title": f"{words.day(sale.occurred_at)}, {words.store_name(sale.store)}",
                "link": reverse("admin:members_sale_change", args=[sale.pk]) if linked else "",
                "amount": words.amount(sale.total_minor, sale.currency),
                "tier": called.tier(one["bodies"][0].get("tier_used") or ""),
                "before": words.number(before),
                "after": words.number(after),
                "same": before == after,
                "sides": [
                    {"title": title, "points": words.number(points), **_side(decision_page.rules_in_words(body, named))}
                    for title, points, body in zip(
                        (_("Today's rules"), _("The draft")), one["points"], one["bodies"], strict=True
                    )
                ],
            }
        )
    return found


def _side(rules: list[Row]) -> Row:
    """What gave or cut points, and apart from it the rules that did not apply."""
    counted = [one for one in rules if one["applied"] or one.get("cut")]
    return {"counted": counted, "left_out": [one for one in rules if one not in counted]}
