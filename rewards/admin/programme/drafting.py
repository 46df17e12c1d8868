"""Drafts: where to start, what is in one, and what was edited."""

from __future__ import annotations

import copy
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from loyalty import clock, policies
from loyalty.admin import words
from loyalty.admin.gate import guarded
from loyalty.admin.shell import site
from rewards import drafts
from rewards.drafts import parts
from rewards.drafts.operations import newest
from rewards.drafts.refusals import DraftRefused
from rewards.models import Draft, DraftChange

from . import differences, pages, sentences, vocabulary
from .naming import Names
from .patterns import BY_CODE, PATTERNS, Pattern, code_from

EDITS_SHOWN = 30


@site.page("programme/new/", "programme_new")
@guarded("drafts", act="change")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Choose where to start: a pattern becomes a campaign of a new draft, or of the draft named by `draft`."""
    chosen = BY_CODE.get(request.POST.get("pattern", ""))
    into = request.POST.get("draft") or request.GET.get("draft", "")
    if request.method == "POST" and chosen is not None:
        title = chosen.ja if (get_language() or "").startswith("ja") else chosen.en
        target = _open(into) or drafts.start(name=title, actor=pages.actor(request))
        try:
            part = _campaign(chosen, target)
            drafts.change(
                draft_id=target.pk, section="campaigns", code="", part=part, seen="", actor=pages.actor(request)
            )
        except DraftRefused as refused:
            messages.error(request, pages.refusal(refused))
            return redirect("admin:draft", target.pk)
        return redirect("admin:draft_part", target.pk, "campaigns", part["code"])
    context = pages.frame(request, _("New campaign"), patterns=_shown(), into=into)
    return TemplateResponse(request, "staff/programme/new.html", context)


def _shown() -> list[dict[str, Any]]:
    language = get_language() or "en"
    return [
        {"code": one.code, "name": one.ja if language.startswith("ja") else one.en, "says": one.says}
        for one in PATTERNS
    ]


def _open(draft_id: str) -> Draft | None:
    try:
        return Draft.objects.filter(pk=UUID(draft_id), state=Draft.State.OPEN).first()
    except ValueError:
        return None


def _campaign(pattern: Pattern, draft: Draft) -> dict[str, Any]:
    document = draft.document
    languages = policies.current().languages
    part = copy.deepcopy(pattern.part)
    part["name"] = {
        one: pattern.ja if one == "ja" else pattern.en for one in languages if one in ("en", "ja")
    } or pattern.en
    part["code"] = pages.fresh_code(pattern.en, document)
    taken = pages.codes(document) | {part["code"]}
    for rule in part["rules"]:
        rule["code"] = code_from(f"{part['code']} rule", taken, "rule")
        taken.add(rule["code"])
    return part


@site.page("programme/drafts/start/", "draft_start")
@guarded("drafts", act="change")
@require_http_methods(["POST"])
def start(request: HttpRequest) -> HttpResponse:
    """A draft equal to the programme, to change its rules."""
    name = request.POST.get("name") or _("Changes of %(day)s") % {"day": words.day(clock.now())}
    made = drafts.start(name=name, actor=pages.actor(request))
    return redirect("admin:draft", made.pk)


@site.page("programme/drafts/<uuid:draft_id>/", "draft")
@guarded("drafts", act="view")
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """What is in a draft, what is wrong with it, what was edited; its name, and throwing it away."""
    draft = pages.draft(draft_id)
    if request.method == "POST":
        return _deed(request, draft)
    document, names = draft.document, Names(draft.document)
    changed = {
        (one["section"], one["name"])
        for one in differences.in_words(policies.version(draft.based_on).document, document)
    }
    edits = list(draft.changes.exclude(section="")[:EDITS_SHOWN])
    people = pages.names_of([draft.author, draft.changed_by, *(one.actor for one in edits)])
    context = pages.frame(
        request,
        draft.name,
        draft=draft,
        state=pages.state_of(draft),
        open=draft.state == Draft.State.OPEN,
        author=people[draft.author],
        changed_by=people[draft.changed_by],
        changed_at=words.moment(draft.changed_at),
        stale=newest()[0] != draft.based_on and draft.state == Draft.State.OPEN,
        problems=pages.problems_of(document, draft.pk),
        sections=[
            {
                "key": key,
                "title": vocabulary.SECTIONS[key],
                "parts": [
                    {
                        "code": parts.name_of(one),
                        "name": names.of(one),
                        "said": say(one, names),
                        "changed": (str(vocabulary.SECTIONS[key]), names.of(one)) in changed,
                    }
                    for one in document.get(key) or []
                ],
            }
            for key, say in (("campaigns", sentences.campaign), ("rules", sentences.rule))
        ],
        edits=[_edit(one, people) for one in edits],
    )
    return TemplateResponse(request, "staff/programme/draft.html", context)


def _edit(one: DraftChange, people: dict[str, str]) -> dict[str, Any]:
    if one.before is None:
        word = _("added")
    elif one.after is None:
        word = _("removed")
    else:
        word = _("changed")
    part = one.after or one.before or {}
    names = Names({})
    return {
        "id": one.pk,
        "at": words.moment(one.at),
        "who": people[one.actor],
        "what": names.of(part) or one.code,
        "word": word,
    }


def _deed(request: HttpRequest, draft: Draft) -> HttpResponse:
    who, deed = pages.actor(request), request.POST.get("do", "")
    try:
        if deed == "rename":
            drafts.rename(draft_id=draft.pk, name=request.POST.get("name", ""), actor=who)
        elif deed == "discard":
            drafts.discard(draft_id=draft.pk, actor=who)
            messages.success(request, _("The draft is thrown away. It can still be read."))
            return redirect("admin:programme")
        elif deed == "rule":
            return _new_rule(request, draft, who)
        elif deed.startswith("undo:"):
            edit = draft.changes.filter(pk=UUID(deed.removeprefix("undo:"))).first()
            if edit is not None:
                drafts.restore(change_id=edit.pk, actor=who)
                messages.success(request, _("It is again as it was before this edit."))
    except DraftRefused as refused:
        messages.error(request, pages.refusal(refused))
    except ValueError:
        pass
    return redirect("admin:draft", draft.pk)


def _new_rule(request: HttpRequest, draft: Draft, who: str) -> HttpResponse:
    code = code_from("rule", pages.codes(draft.document), "rule")
    part = {"code": code, "kind": "fixed", "points": 100, "each": "sale"}
    drafts.change(draft_id=draft.pk, section="rules", code="", part=part, seen="", actor=who)
    return redirect("admin:draft_part", draft.pk, "rules", code)
