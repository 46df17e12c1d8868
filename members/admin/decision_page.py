"""Why: a decision line by line, rule by rule, and the entries it made (UI.md §9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from loyalty import clock, money, policies, roles
from loyalty.admin import words
from loyalty.admin.shell import site
from loyalty.models import Decision, Entry, Lot
from members import masking, tiers
from members.admin import reasons, vocabulary
from members.models import Activity, Member, Sale, SaleLine


def show(request: HttpRequest, decision: Decision) -> HttpResponse:
    """The page, or with `?format=json` the decision as the API gives it."""
    if request.GET.get("format") == "json":
        return JsonResponse(
            {
                "id": str(decision.pk),
                "kind": decision.kind,
                "programme_version": decision.programme_version,
                "points": decision.points,
                **decision.body,
            },
            json_dumps_params={"ensure_ascii": False, "indent": 2},
        )
    language = get_language() or "en"
    sale = Sale.objects.filter(decision=decision).select_related("store").first()
    member = Member.objects.filter(account=decision.account_id).select_related("profile").first()
    called = reasons.Called(language, policies.version(decision.programme_version).document)
    names = called.rules
    done = Activity.objects.filter(decision=decision, pk__in=[decision.subject]).select_related("store").first()
    entries = Entry.objects.filter(decision=decision, account=decision.account_id).order_by("sequence")
    context = {
        **site.each_context(request),
        "title": _title(decision),
        "subtitle": _about(decision, sale, done),
        "refusal": _refusal(decision),
        "decision": decision,
        "sale": sale,
        "member": _member(request, member),
        "tier": _tier(decision, language),
        "recorded": words.moment(decision.decided_at),
        "by": words.actor_name(sale.actor, words.people([sale.actor])) if sale else "",
        "columns": [names.get(row["rule"], row["rule"]) for row in decision.body.get("rules", [])],
        "lines": _lines(decision, sale),
        "totals": _totals(decision, sale),
        "rules": rules_in_words(decision.body, called),
        "change": _change(decision, language),
        "entries": [_entry(entry) for entry in entries],
        "lots": [
            {
                "granted": words.number(lot.granted),
                "remaining": words.number(lot.remaining),
                "from": words.moment(lot.available_at),
                "until": words.day(lot.expires_at) if lot.expires_at else "",
            }
            for lot in Lot.objects.filter(entry__in=[entry.pk for entry in entries], account=decision.account_id)
        ],
        "receipt": _receipt(decision, sale, names),
        "corrections": _corrections(request, decision, names, sale),
    }
    return TemplateResponse(request, "staff/decision.html", context)


def _corrections(
    request: HttpRequest, decision: Decision, names: dict[str, str], sale: Sale | None
) -> list[dict[str, str]]:
    """For those who may correct a rule: the preview of each rule that gave points, on that day."""
    if sale is None or not roles.may(request.user, "do", "correct"):
        return []
    day = clock.day_of(sale.occurred_at, policies.current().zone).isoformat()
    given = [row["rule"] for row in decision.body.get("rules", []) if row.get("points", 0) > 0]
    page = reverse("admin:corrections_new")
    return [
        {"rule": names.get(rule, rule), "link": f"{page}?{urlencode({'rule': rule, 'since': day, 'through': day})}"}
        for rule in given
    ]


def _title(decision: Decision) -> str:
    if decision.kind == "tier":
        return _("Tier worked out")
    if decision.kind == "refusal":
        return _("Refused")
    return _("%(points)s points") % {"points": words.signed(decision.points)}


def _about(decision: Decision, sale: Sale | None, done: Activity | None) -> str:
    if done is not None:
        parts = [vocabulary.activity(done.kind), words.store_name(done.store), words.moment(done.occurred_at)]
        return (_(", ")).join(part for part in parts if part)
    if sale is None:
        return f"{vocabulary.decision(decision.kind)}, {words.moment(decision.decided_at)}"
    return _("Sale %(receipt)s, %(store)s, %(when)s") % {
        "receipt": sale.receipt,
        "store": words.store_name(sale.store),
        "when": words.moment(sale.occurred_at),
    }


def _refusal(decision: Decision) -> dict[str, str] | None:
    """What was refused, under which name, and why."""
    if decision.kind != "refusal":
        return None
    body = decision.body
    numbers = {"needed": _("needed"), "available": _("available")}
    return {
        "operation": vocabulary.operation(str(body.get("operation", ""))),
        "reference": str(body.get("reference", "")),
        "why": vocabulary.refusal(str(body.get("code", ""))),
        "code": str(body.get("code", "")),
        "numbers": (_(", ")).join(
            f"{name} {words.number(body[key])}" for key, name in numbers.items() if isinstance(body.get(key), int)
        ),
    }


def _member(request: HttpRequest, member: Member | None) -> dict[str, str] | None:
    if member is None:
        return None
    profile = getattr(member, "profile", None)
    name = profile.name if profile else ""
    if not roles.may(request.user, "do", "contact"):
        name = masking.name(name)
    link = reverse("admin:members_member_change", args=[member.pk])
    return {"name": name or _("no name"), "link": link if roles.may(request.user, "view", "members") else ""}


def _tier(decision: Decision, language: str) -> str:
    code = decision.body.get("tier_used")
    for group in tiers.compiled(policies.version(decision.programme_version))[:1]:
        level = group.level(code or "")
        if level:
            return policies.localised(level.name, language)
    return str(code or "")


def _lines(decision: Decision, sale: Sale | None) -> list[dict[str, Any]]:
    """Each line of the receipt: what it cost, what counted, what each rule gave it, and why nothing did."""
    if sale is None:
        return []
    basis = {row["line"]: row for row in decision.body.get("basis", {}).get("lines", [])}
    totals = {row["line"]: row["points"] for row in decision.body.get("lines", [])}
    given = [{row["line"]: row["points"] for row in rule.get("lines", [])} for rule in decision.body.get("rules", [])]
    return [
        _line(line, sale.currency, basis.get(line.number, {}), totals, given) for line in sale.lines.order_by("number")
    ]


def _line(
    line: SaleLine, currency: str, basis: dict[str, Any], totals: dict[int, int], given: list[dict[int, int]]
) -> dict[str, Any]:
    why = basis.get("why")
    counted = money.minor(basis.get("amount", "0"), currency)
    quantity = line.quantity.normalize()
    return {
        "number": line.number,
        "name": line.name or line.sku or line.category or _("no description"),
        "detail": ", ".join(
            part for part in (line.category, *line.labels, f"× {quantity:f}" if quantity != 1 else "") if part
        ),
        "why": vocabulary.reason(why) if why else "",
        "code": why or "",
        "paid": words.amount(line.amount_minor, currency),
        "counted": words.amount(counted, currency),
        "rules": [words.number(rule.get(line.number, 0)) for rule in given],
        "points": words.number(totals.get(line.number, 0)),
    }


def _totals(decision: Decision, sale: Sale | None) -> dict[str, Any]:
    if sale is None:
        return {}
    counted = money.minor(decision.body.get("basis", {}).get("amount", "0"), sale.currency)
    return {
        "paid": words.amount(sale.total_minor, sale.currency),
        "counted": words.amount(counted, sale.currency),
        "rules": [words.signed(rule["points"]) for rule in decision.body.get("rules", [])],
        "points": words.signed(decision.points),
    }


def rules_in_words(body: Mapping[str, Any], called: reasons.Called) -> list[dict[str, Any]]:
    """Every rule in force, those that gave points first, then those that did not, each with its reason."""
    applied = [
        {"name": called.rule(row), "result": words.signed(row["points"]), "applied": True, "why": _worked_out(row)}
        for row in body.get("rules", [])
    ]
    refused = [
        {
            "name": called.rule(row),
            "result": _("did not apply"),
            "applied": False,
            "why": reasons.words_of(row, called),
        }
        for row in body.get("not_applied", [])
    ]
    cut = [
        {
            "name": called.rule(row),
            "result": words.signed(-int(row["cut"])),
            "applied": False,
            "cut": True,
            "why": _("%(limit)s, %(points)s points")
            % {"limit": vocabulary.cap(row["cap"]), "points": words.number(row["limit"])},
        }
        for row in body.get("caps", [])
    ]
    return applied + cut + refused


def _worked_out(row: dict[str, Any]) -> str:
    rounding = {"floor": _("rounded down"), "half_up": _("rounded to the nearest"), "ceil": _("rounded up")}
    parts = [_("worked out as %(exact)s") % {"exact": row.get("exact", "")}]
    if "factor" in row:
        parts.insert(0, _("factor %(factor)s") % {"factor": row["factor"]})
    if str(row.get("exact")) != str(row.get("points")):
        parts.append(_("%(how)s once per sale") % {"how": rounding.get(row.get("rounding", ""), "")})
    return (_(", ")).join(parts)


def _change(decision: Decision, language: str) -> dict[str, str] | None:
    """What a decision about a tier compared."""
    if decision.kind != "tier":
        return None
    body = decision.body
    for group in tiers.compiled(policies.version(decision.programme_version)):
        if group.code == body.get("group"):
            before, after = group.level(body.get("before") or ""), group.level(body.get("after") or "")
            return {
                "before": policies.localised(before.name, language) if before else _("no tier"),
                "after": policies.localised(after.name, language) if after else _("no tier"),
                "value": str(body.get("value", "")),
                "from": str(body.get("from", "")),
            }
    return None


def _entry(entry: Entry) -> dict[str, str]:
    return {
        "number": words.number(entry.sequence),
        "kind": vocabulary.kind(entry.kind),
        "house": vocabulary.house(entry.house),
        "points": words.signed(entry.points),
        "before": words.number(entry.balance_after - entry.points),
        "after": words.number(entry.balance_after),
        "link": reverse("admin:loyalty_entry_change", args=[entry.pk]),
    }


def _receipt(decision: Decision, sale: Sale | None, names: dict[str, str]) -> dict[str, Any] | None:
    """The decision as a receipt: counted, rule by rule, total, then what did not count."""
    if sale is None:
        return None
    counted = money.minor(decision.body.get("basis", {}).get("amount", "0"), sale.currency)
    left_out = [line for line in _lines(decision, sale) if line["why"]]
    return {
        "counted": words.amount(counted, sale.currency),
        "rules": [
            {"name": names.get(row["rule"], row["rule"]), "points": words.number(row["points"])}
            for row in decision.body.get("rules", [])
        ],
        "total": words.signed(decision.points),
        "not": left_out,
    }
