"""Asking who got what from a rule: the form, the page while a worker counts, and what it found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from loyalty import charts, ids, policies, roles, staff_limits
from loyalty.admin import words
from loyalty.admin.gate import guarded, of_staff
from loyalty.admin.shell import site
from loyalty.errors import Refusal
from loyalty.policies import localised
from rewards import corrections
from rewards.admin import correction_files, correction_forms, correction_words
from rewards.corrections import naming
from rewards.models import Correction

NEW, ONE = "admin:corrections_new", "admin:correction"
COUNTING_SECONDS = 2  # the page renews itself that often while a worker counts


@site.page("corrections/new/", "corrections_new")
@guarded("correct")
def new(request: HttpRequest) -> Any:
    """GET asks which grants are meant, perhaps filled in by a link; POST lets a worker count them."""
    choices = rule_choices()
    if request.method == "POST":
        asked = correction_forms.ScopeForm(request.POST, rules=choices)
        if asked.is_valid():
            once = asked.cleaned_data["once"] or ids.uuid7()
            made = corrections.look(correction=once, scope=asked.scope(), user=of_staff(request).user)
            return redirect(ONE, made.pk)
    else:
        given = {
            name: request.GET[name] for name in ("rule", "version", "since", "through", "store") if name in request.GET
        }
        asked = correction_forms.ScopeForm(initial={**given, "once": str(ids.uuid7())}, rules=choices)
    context = {**site.each_context(request), "title": _("Correct a rule…"), "asked": asked}
    return TemplateResponse(request, "staff/corrections/new.html", context)


def shown(request: HttpRequest, found: Correction) -> HttpResponse:
    """The page of a question: that it is being counted, or what was found; POST prepares a correction."""
    if not roles.may(request.user, "do", "correct"):
        raise PermissionDenied
    deed = correction_forms.DeedForm(request.POST or None)
    if request.method == "POST" and deed.is_valid() and _prepared(request, found, deed):
        return redirect(ONE, found.pk)
    counting = found.state == Correction.State.COUNTING
    context = {
        **site.each_context(request),
        "title": _("Who got what: %(rule)s") % {"rule": correction_words.name(found.rule)},
        "one": found,
        "counting": counting,
        "problem": found.totals.get("error", "") if counting else "",
        "asked": correction_words.asked(found),
        "again": _again(found),
        "mine": found.prepared_by == roles.actor(of_staff(request).user),
        "deed": deed,
        **({} if counting else _figures(request, found)),
    }
    response = TemplateResponse(request, "staff/corrections/counted.html", context)
    if counting:
        response["Refresh"] = str(COUNTING_SECONDS)  # progress without script
    return response


def rule_choices() -> list[tuple[str, Any]]:
    """Every rule by its name: those in force, those of campaigns, and those that only former versions have."""
    language, programme = get_language() or "en", policies.current()
    plain: list[tuple[str, str]] = []
    former: list[tuple[str, str]] = []
    campaigns: list[tuple[str, str]] = []
    for rule in naming.known(programme).values():
        own = localised(rule.name, language) or rule.code
        if rule.version != programme.version:
            former.append((rule.code, naming.for_staff(rule.code, programme, language)))
        elif rule.campaign:
            campaign = localised(rule.campaign_name, language) or rule.campaign
            campaigns.append((rule.code, campaign if not rule.name else f"{campaign}: {own}"))
        else:
            plain.append((rule.code, own))
    groups = [(_("Rules"), plain), (_("Campaigns"), campaigns), (_("Of former versions only"), former)]
    return [
        ("", _("Choose a rule")),
        *((str(title), sorted(listed, key=lambda row: row[1].casefold())) for title, listed in groups if listed),
    ]


def _again(found: Correction) -> str:
    """The form with the same question filled in."""
    return f"{reverse(NEW)}?{correction_words.query(found)}"


def _prepared(request: HttpRequest, found: Correction, form: correction_forms.DeedForm) -> bool:
    given = form.cleaned_data
    try:
        corrections.prepare(
            correction=found.pk,
            deed=given["deed"],
            reason=given["reason"],
            words={"en": given["words_en"], "ja": given["words_ja"]},
            user=of_staff(request).user,
        )
    except Refusal as refusal:
        messages.error(request, correction_words.refused(refusal))
        return False
    return True


def _figures(request: HttpRequest, found: Correction) -> dict[str, Any]:
    totals: dict[str, Any] = found.totals
    allowed = staff_limits.today(roles.actor(of_staff(request).user))
    parts = found.parts.select_related("member__profile", "member__account").order_by("-due", "id")
    page = Paginator(parts, 50).get_page(request.GET.get("page"))
    steps: list[tuple[int, int, int]] = [tuple(step) for step in totals.get("histogram", ())]
    return {
        "totals": correction_words.totals(totals),
        "granted": totals["members"],
        "due": totals["due"],
        "allowance": correction_words.allowance(allowed, totals["due"], but=of_staff(request).user),
        "too_many": allowed.daily is not None and totals["due"] > allowed.daily,
        "chart": charts.bars([charts.Bar(words.number(step[0]), step[2]) for step in steps], titled_by="h-hist"),
        "steps": [(_span(low, high), words.number(members)) for low, high, members in steps],
        "page": page,
        "rows": [
            {**correction_words.member_row(part), **correction_words.named(request, part.member)} for part in page
        ],
        "own": bool(found.left_out),
        "may_export": roles.may(request.user, "do", "export"),
    }


def _span(low: int, high: int) -> str:
    if high >= 10**12:
        return f"{words.number(low)}+"
    return words.number(low) if low == high else f"{words.number(low)}–{words.number(high)}"


def file(request: HttpRequest, found: Correction) -> StreamingHttpResponse:
    """Everybody who got something, as CSV; balances are those of now."""
    if not roles.may(request.user, "do", "correct"):
        raise PermissionDenied
    head = [
        _("member"), _("sales"), _("granted"), _("returned"), _("settled before"), _("due"), _("spent already"),
        _("of it pending"), _("available"), _("pending"), _("missing"),
    ]  # fmt: skip

    def rows() -> Iterator[tuple[Any, ...]]:
        yield from corrections.each(corrections.scope_of(found), without=[UUID(one) for one in found.left_out])

    return correction_files.csv_of(request, head, rows(), "correction-preview")
