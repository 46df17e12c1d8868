"""A rule granted in error: the list, the preview of who got what, and the page of one correction."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Sum
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from loyalty import audit, charts, clock, ids, policies, roles
from loyalty.admin import words
from loyalty.admin.gate import guarded
from loyalty.admin.shell import Echo, plain_cell, site
from loyalty.errors import InvalidBody, Refusal
from loyalty.models import Programme, User
from members import masking
from members.models import Member
from rewards import corrections
from rewards.admin import correction_forms, correction_words
from rewards.corrections import telling
from rewards.models import Correction, CorrectionPart

LIST, NEW, ONE = "admin:corrections", "admin:corrections_new", "admin:correction"
REFUSALS = {
    "nothing_to_correct": gettext_lazy("There is nothing to correct: no points of this rule are due in this period."),
    "second_person_needed": gettext_lazy("Somebody else, who may approve corrections, must do this."),
    "content_changed": gettext_lazy("This is not what was prepared. Please read it once more."),
    "not_now": gettext_lazy("This cannot be done any more."),
    "own_account": gettext_lazy("Your own membership is among them. Somebody else must do this."),
}


@site.page("corrections/", "corrections")
@guarded("corrections", act="view")
def listing(request: HttpRequest) -> HttpResponse:
    """Every correction, newest first."""
    found = Paginator(Correction.objects.select_related("store").order_by("-prepared_at"), 50)
    page = found.get_page(request.GET.get("page"))
    people = words.people(one.prepared_by for one in page)
    context = {
        **site.each_context(request),
        "title": _("Corrections"),
        "page": page,
        "rows": [correction_words.row(one, people) for one in page],
        "may_prepare": roles.may(request.user, "do", "correct"),
    }
    return TemplateResponse(request, "staff/corrections/list.html", context)


@site.page("corrections/new/", "corrections_new")
@guarded("correct")
def new(request: HttpRequest) -> Any:
    """GET asks which grants are meant and shows who got what; POST prepares what shall be done about it."""
    asked = correction_forms.ScopeForm(request.GET or None)
    scope = asked.scope() if request.GET and asked.is_valid() else None
    user = _person(request)
    deed = correction_forms.DeedForm(request.POST or None, initial={"once": str(ids.uuid7())})
    if scope is not None and request.GET.get("export") == "csv":
        return _file_of_preview(request, scope, user)
    if request.method == "POST" and scope is not None and deed.is_valid():
        made = _prepared(request, scope, deed, user)
        if made is not None:
            return redirect(ONE, made.pk)
    context = {
        **site.each_context(request),
        "title": _("Correct a rule…"),
        "asked": asked,
        "rules": _rule_codes(),
        "deed": deed,
        "scope": scope,
        **(_preview(request, scope, user) if scope is not None else {}),
    }
    return TemplateResponse(request, "staff/corrections/new.html", context)


@site.page("corrections/<uuid:correction_id>/", "correction")
@guarded("corrections", act="view")
def one(request: HttpRequest, correction_id: UUID) -> Any:
    """One correction: what it does, how far it is, whom it concerns. POST starts, withdraws, retries or undoes it."""
    found = Correction.objects.select_related("store").filter(pk=correction_id).first()
    if found is None:
        raise Http404
    if request.method == "POST":
        return _act(request, found)
    if request.GET.get("export") == "csv":
        return _file_of_parts(request, found)
    summary = corrections.summary(found.pk)
    parts = found.parts.select_related("member__profile").order_by("-due", "id")
    page = Paginator(parts, 50).get_page(request.GET.get("page"))
    at_work = found.state in (Correction.State.RUNNING, Correction.State.UNDOING)
    told = correction_words.told(found)
    context = {
        **site.each_context(request),
        "title": correction_words.title(found),
        "one": found,
        "facts": correction_words.facts(found),
        "state": correction_words.state(found),
        "outcome": correction_words.outcome(found, summary) if found.started_at else [],
        "before": _before(found) if found.state == Correction.State.PREPARED else None,
        "progress": correction_words.progress(found, summary) if at_work else "",
        "samples": [(language, telling.sample(found, language)) for language in ("en", "ja")],
        "told": told,
        "page": page,
        "rows": [_part(part, request) for part in page],
        **_powers(request, found, summary),
    }
    response = TemplateResponse(request, "staff/corrections/one.html", context)
    if at_work:
        response["Refresh"] = "5"  # progress without script
    return response


def _before(found: Correction) -> dict[str, str]:
    """What the members have in all now, and what they will have at the least."""
    total = found.parts.aggregate(sum=Sum("member__account__total"))["sum"] or 0
    taken = found.points if found.deed == Correction.Deed.TAKE_BACK else 0
    return {"now": words.number(total), "after": words.number(total - taken)}


def _powers(request: HttpRequest, found: Correction, summary: dict[str, int]) -> dict[str, Any]:
    """What the person may do with it now."""
    prepared = found.state == Correction.State.PREPARED
    corrects, approves = (roles.may(request.user, "do", power) for power in ("correct", "approve"))
    own = found.prepared_by == roles.actor(_person(request))
    alone = corrects or approves
    return {
        "may_start": prepared and ((approves and not own) if found.needs_second else alone),
        "waits_for_other": prepared and found.needs_second and (own or not approves),
        "may_withdraw": prepared and alone,
        "may_undo": found.state == Correction.State.DONE
        and found.deed == Correction.Deed.TAKE_BACK
        and summary["taken"] > 0
        and (approves if found.needs_second else alone),
        "may_retry": found.state == Correction.State.DONE and bool(summary.get("failed")) and alone,
        "may_export": roles.may(request.user, "do", "export"),
    }


def _act(request: HttpRequest, found: Correction) -> HttpResponse:
    if not (roles.may(request.user, "do", "correct") or roles.may(request.user, "do", "approve")):
        raise PermissionDenied
    user, act = _person(request), request.POST.get("act", "")
    try:
        if act == "start":
            corrections.start(correction=found.pk, content_hash=request.POST.get("content_hash", ""), user=user)
            messages.success(request, _("It has begun. You may leave this page."))
        elif act == "withdraw":
            corrections.withdraw(correction=found.pk, user=user)
            messages.success(request, _("Withdrawn. No points were moved."))
        elif act == "undo":
            corrections.undo(correction=found.pk, reason=request.POST.get("reason", ""), user=user)
            messages.success(request, _("The points are being given back."))
        elif act == "retry":
            corrections.retry(correction=found.pk, user=user)
    except InvalidBody:
        messages.error(request, _("Please say why, in up to 300 letters."))
    except Refusal as refusal:
        messages.error(request, str(REFUSALS.get(refusal.code, refusal.detail)))
    return redirect(ONE, found.pk)


def _prepared(
    request: HttpRequest, scope: corrections.Scope, form: correction_forms.DeedForm, user: User
) -> Correction | None:
    given = form.cleaned_data
    try:
        return corrections.prepare(
            correction=given["once"],
            scope=scope,
            deed=given["deed"],
            reason=given["reason"],
            words={"en": given["words_en"], "ja": given["words_ja"]},
            user=user,
        )
    except Refusal as refusal:
        messages.error(request, str(REFUSALS.get(refusal.code, refusal.detail)))
        return None


def _preview(request: HttpRequest, scope: corrections.Scope, user: User) -> dict[str, Any]:
    number = request.GET.get("page", "1")
    page = max(int(number), 1) if number.isdecimal() and len(number) < 6 else 1
    without = corrections.own_memberships(user)
    found = corrections.preview(scope, without=without, page=page)
    named = {
        member.pk: member
        for member in Member.objects.filter(pk__in=[row["id"] for row in found.rows]).select_related("profile")
    }
    rest = {name: value for name, value in request.GET.items() if name != "page"}
    return {
        "totals": correction_words.totals(found.totals),
        "due": found.totals["due"],
        "owing": found.totals["owing"],
        "adjustments": policies.current().adjustments,
        "second": found.totals["due"] > policies.current().adjustments.second_person_over,
        "chart": charts.bars(
            [charts.Bar(words.number(step[0]), step[2]) for step in found.histogram], titled_by="h-hist"
        ),
        "steps": [(_span(low, high), words.number(members)) for low, high, members in found.histogram],
        "rows": [correction_words.member_row(row, _named(request, named.get(UUID(row["id"])))) for row in found.rows],
        "before": f"?{urlencode({**rest, 'page': page - 1})}" if page > 1 else "",
        "after": f"?{urlencode({**rest, 'page': page + 1})}" if len(found.rows) == 50 else "",  # a page is full
        "own": bool(without),
        "may_export": roles.may(request.user, "do", "export"),
        "file": f"?{urlencode({**rest, 'export': 'csv'})}",
    }


def _span(low: int, high: int) -> str:
    if high >= 10**12:
        return f"{words.number(low)}+"
    return words.number(low) if low == high else f"{words.number(low)}–{words.number(high)}"


def _named(request: HttpRequest, member: Member | None) -> dict[str, str]:
    """A member's name as the person may read it, with a link where there is a page for them."""
    if member is None:
        return {"name": "—", "link": ""}
    profile = getattr(member, "profile", None)
    name = profile.name if profile else ""
    if not roles.may(request.user, "do", "contact"):
        name = masking.name(name)
    sees = roles.may(request.user, "view", "members")
    link = reverse("admin:members_member_change", args=[member.pk]) if sees else ""
    return {"name": name or _("no name"), "link": link}


def _part(part: CorrectionPart, request: HttpRequest) -> dict[str, Any]:
    return {**correction_words.part_row(part), **_named(request, part.member)}


def _file_of_preview(request: HttpRequest, scope: corrections.Scope, user: User) -> StreamingHttpResponse:
    head = [
        _("member"), _("sales"), _("granted"), _("returned"), _("settled before"), _("due"), _("spent already"),
        _("of it pending"), _("available"), _("pending"), _("missing"),
    ]  # fmt: skip
    rows = corrections.each(scope, without=corrections.own_memberships(user))
    return _file(request, head, rows, "correction-preview")


def _file_of_parts(request: HttpRequest, found: Correction) -> StreamingHttpResponse:
    head = [_("member"), _("sales"), _("granted"), _("due"), _("state"), _("taken"), _("owed"), _("missing")]
    columns = ("member_id", "sales", "granted", "due", "state", "taken", "debt", "missing")
    rows = found.parts.order_by("-due", "id").values_list(*columns).iterator(chunk_size=500)
    return _file(request, head, rows, "correction")


def _file(request: HttpRequest, head: list[str], rows: Iterable[tuple[Any, ...]], name: str) -> StreamingHttpResponse:
    """Rows as CSV, formulas made harmless; recorded in the audit log."""
    if not roles.may(request.user, "do", "export"):
        raise PermissionDenied
    audit.record(action="list.exported", actor=roles.actor(_person(request)), object_type="correction")
    lines = csv.writer(Echo())

    def text() -> Iterator[str]:
        yield "\ufeff" + lines.writerow([plain_cell(cell) for cell in head])
        for row in rows:
            yield lines.writerow([value if isinstance(value, int) else plain_cell(str(value)) for value in row])

    response = StreamingHttpResponse(text(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}-{clock.now():%Y%m%d}.csv"'
    return response


def _rule_codes() -> list[tuple[str, str]]:
    """Codes with names: of the programme in force, then those of the versions before it."""
    language = get_language() or "en"
    known: dict[str, str] = {}
    for document in Programme.objects.order_by("-version").values_list("document", flat=True)[:20]:
        listed = [*document.get("rules", ())]
        for campaign in document.get("campaigns", ()):
            listed += campaign.get("rules", ())
        for rule in listed:
            known.setdefault(rule["code"], policies.localised(rule.get("name") or rule["code"], language))
    return sorted(known.items())


def _person(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user
