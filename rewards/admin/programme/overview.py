"""The programme in force, in plain words: its rules, its campaigns with their budgets, drafts, versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from loyalty import clock, money, policies, roles
from loyalty.admin import words
from loyalty.admin.gate import guarded
from loyalty.admin.shell import site
from loyalty.models import Programme
from rewards import drafts, rules
from rewards.drafts import parts
from rewards.drafts.refusals import DraftRefused
from rewards.models import Draft, SharedCounter

from . import calendar, pages, sentences, versions
from .naming import Names

DRAFTS_SHOWN = 20
ORDER = ["running", "used_up", "paused", "soon", "ended"]


@site.page("programme/", "programme")
@guarded("programme", act="view")
def show(request: HttpRequest) -> HttpResponse:
    """The whole programme on one page."""
    present = policies.current()
    latest = Programme.objects.order_by("version").last()
    names = Names(present.document)
    campaigns = [campaign(one, names) for one in present.document.get("campaigns") or [] if isinstance(one, Mapping)]
    sees_drafts = roles.may(request.user, "view", "drafts")
    context = pages.frame(
        request,
        _("Programme"),
        version=present.version,
        name=policies.localised(present.name, names.language),
        coming=latest if latest and latest.version != present.version and latest.valid_from > clock.now() else None,
        coming_from=words.moment(latest.valid_from) if latest else "",
        campaigns=sorted(campaigns, key=lambda one: ORDER.index(one["state"])),
        rules=[
            {"code": one.get("code"), "name": names.of(one), "said": sentences.rule(one, names)}
            for one in present.document.get("rules") or []
        ],
        sees_drafts=sees_drafts,
        may_correct=roles.may(request.user, "do", "correct"),
        drafts=_drafts() if sees_drafts else [],
        versions=versions.listed(5),
    )
    return TemplateResponse(request, "staff/programme/overview.html", context)


def campaign(part: Mapping[str, Any], names: Names) -> dict[str, Any]:
    """One campaign with its state and its budget."""
    used = granted(str(part.get("code")))
    budget = points_budget(part, names)
    now = calendar.state(part, clock.now(), used_up=budget is not None and used >= budget)
    mark, word = calendar.STATES[now]
    share = min(100.0, 100 * used / budget) if budget else 0.0
    in_money = _in_money(part, names, used, budget)
    return {
        "code": part.get("code"),
        "name": names.of(part),
        "said": sentences.campaign(part, names),
        "state": now,
        "shown_state": words.state(mark, word),
        "paused": part.get("enabled") is False,
        "over": now == "ended",
        "budget": words.number(budget) if budget is not None else "",
        "used": words.number(used),
        "in_money": in_money,
        "percent": f"{share:.1f}%",
        "rules": [
            {"code": rule.get("code"), "name": names.of(rule)}
            for rule in part.get("rules") or []
            if isinstance(rule, Mapping)
        ],
    }


def points_budget(part: Mapping[str, Any], names: Names) -> int | None:
    """The budget in points, money folded in; None where there is none or the document cannot be read."""
    try:
        ruleset = rules.compile(names.document)
    except rules.RuleError:
        return None
    found = ruleset.campaigns.get(str(part.get("code")))
    return found.budget_points if found else None


def _in_money(part: Mapping[str, Any], names: Names, used: int, budget: int | None) -> tuple[str, str] | None:
    """What was granted and the budget, in money, where money is what limits it; None where points are."""
    limits = part.get("budget") or {}
    if not budget or limits.get("money") is None or limits.get("points") == budget:
        return None
    whole = money.minor(str(limits["money"]), names.currency)
    return words.amount(whole * used // budget, names.currency), words.amount(whole, names.currency)


def granted(code: str) -> int:
    """Points a campaign has granted so far, less what was taken back."""
    found = SharedCounter.objects.filter(pk=rules.campaign_key(code)).first()
    return found.granted if found else 0


def _drafts() -> list[dict[str, Any]]:
    found = list(Draft.objects.filter(state=Draft.State.OPEN).defer("document")[:DRAFTS_SHOWN])
    people = pages.names_of(one.changed_by for one in found)
    return [
        {
            "id": one.pk,
            "name": one.name,
            "who": people[one.changed_by],
            "at": words.moment(one.changed_at),
            "base": one.based_on,
        }
        for one in found
    ]


@site.page("programme/campaigns/<str:code>/switch/", "campaign_switch")
@guarded("drafts", act="change")
@require_http_methods(["GET", "HEAD", "POST"])
def switch(request: HttpRequest, code: str) -> HttpResponse:
    """Pause a campaign at once, or let it run again: asked for once more, since it is in force from the next sale."""
    document = policies.current().document
    part = parts.find(document, "campaigns", code)
    if part is None:
        raise Http404
    running = part.get("enabled", True) is not False
    if request.method == "POST":
        enabled = request.POST.get("enabled") == "yes"
        try:
            drafts.switch(campaign=code, enabled=enabled, actor=pages.actor(request))
        except DraftRefused as refused:
            messages.error(request, pages.refusal(refused))
        else:
            messages.success(request, _("The campaign runs again.") if enabled else _("The campaign is paused."))
        return redirect(f"{reverse('admin:programme')}#campaign-{code}")
    names = Names(document)
    title = _("Pause “%(name)s”?") if running else _("Let “%(name)s” run again?")
    context = pages.frame(
        request,
        title % {"name": names.of(part)},
        running=running,
        said=sentences.campaign(part, names),
    )
    return TemplateResponse(request, "staff/programme/switch.html", context)
