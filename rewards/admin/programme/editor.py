"""The editor of one rule or campaign of a draft. It works without script: every button posts the whole form."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from loyalty.admin import words
from loyalty.admin.gate import guarded
from loyalty.admin.shell import site
from rewards import drafts
from rewards.drafts import parts, trial
from rewards.drafts import posted as posting
from rewards.drafts.posted import Part, Posted, clean
from rewards.drafts.refusals import DraftRefused, NotText, PartChanged
from rewards.models import Draft

from . import forms, labels, pages, rows, sentences, trying
from .keeping import keeping, kept
from .naming import Names

SAVING = ("save", "review", "remove")
_UNDRAWN = {"code", "enabled", "stackable", "whole_steps", "before_multipliers"}  # boxes that say no error
_OF_THE_CAMPAIGN = ("priority", "group", "from", "until")  # its rules carry them along unseen


class Editor:
    """One opened part: what the draft has, what the person typed, and what to say about it."""

    def __init__(self, request: HttpRequest, draft: Draft, section: str, code: str) -> None:
        self.request = request
        self.draft = draft
        self.section = section
        self.code = code
        self.names = Names(draft.document)
        self.saved: Part = parts.find(draft.document, section, code) or {}
        self.part: Part = self.saved
        self.seen = parts.fingerprint(self.saved or None)
        self.data: QueryDict = QueryDict()
        self.notice = ""
        self.conflict: dict[str, Any] | None = None
        self.dirty = False

    def take(self, data: QueryDict) -> None:
        """Read the form; what was typed replaces what was saved, on this page only."""
        self.data = data
        self.seen = data.get("seen", "")
        self.dirty = True
        taken = pages.codes(self.draft.document) - {
            str(one.get("code")) for one in [self.saved, *self.saved.get("rules", [])]
        }
        if self.section == "campaigns":
            self.part = forms.read_campaign(data, self.saved, self.names, taken)
        else:
            self.part = forms.read_rule(Posted(data, self.names.zone), "", self.saved, self.names, taken)
        if self.saved:
            self.part["code"] = self.code

    @property
    def document(self) -> Part:
        """The draft as it would be with what was typed."""
        if not self.part:
            return dict(self.draft.document)
        try:
            return parts.put(self.draft.document, self.section, self.code if self.saved else "", self.part)
        except DraftRefused:
            return dict(self.draft.document)

    def save(self, *, remove: bool = False) -> bool:
        """Put it into the draft. False with a notice where it is refused; what was typed stays on the page."""
        try:
            drafts.change(
                draft_id=self.draft.pk,
                section=self.section,
                code=self.code,
                part=None if remove else self.part,
                seen=self.seen,
                actor=pages.actor(self.request),
            )
        except PartChanged as changed:
            who = pages.names_of([changed.by])[changed.by]
            names = [self._named(one) if one else "" for one in (changed.now, self.part)]
            differ = bool(changed.now) and names[0] != names[1]
            self.conflict = {
                "who": who,
                "at": words.moment(changed.at),
                "theirs": [*names[:1] * differ, *self._said(changed.now)] if changed.now else [],
                "mine": [*names[1:] * differ, *self._said(self.part)],
            }
            self.seen = parts.fingerprint(changed.now)
            return False
        except DraftRefused as refused:
            self.notice = pages.refusal(refused)
            return False
        return True

    def _said(self, part: Part) -> list[str]:
        said = sentences.campaign if self.section == "campaigns" else sentences.rule
        return said(part, self.names)

    @staticmethod
    def _named(part: Part) -> str:
        """Its name, in every language that it has."""
        name = part.get("name", "")
        texts = name.values() if isinstance(name, dict) else [name]
        return _("Name: %(name)s") % {"name": " / ".join(str(one) for one in texts if one) or "—"}

    def shown(self, status: int = 200) -> HttpResponse:
        """The page."""
        document = self.document
        errors = pages.errors_of(document, self.section, parts.name_of(self.part)) if self.part else {}
        made = forms.CampaignForm if self.section == "campaigns" else forms.RuleForm
        form = made(self.part, self.names, errors)
        controls = _drawn_names(form)
        names = Names(document)
        context = pages.frame(
            self.request,
            names.of(self.part) or _("Not named yet"),
            draft=self.draft,
            section=self.section,
            code=self.code,
            form=form,
            seen=self.seen,
            dirty=self.dirty,
            said=self._said(self.part),
            problems_here=[(name, labels.label(name) or names.of(self.part), text) for name, text in errors.items()],
            elsewhere=[text for name, text in errors.items() if name not in controls],
            has_errors=bool(errors),
            fields=rows.grouped_fields("member" if self.section == "campaigns" else ""),
            all_fields=rows.grouped_fields(""),
            notice=self.notice,
            conflict=self.conflict,
            known=trial.seen(),
            zone=str(self.names.zone),
            panel=trying.panel(
                request=self.request,
                data=self.data,
                document=document,
                names=names,
                section=self.section,
                part=self.part,
            ),
        )
        return TemplateResponse(self.request, "staff/programme/editor.html", context, status=status)


def _drawn_names(form: Any) -> set[str]:
    """Names of controls at which an error is shown."""
    shown = {*posting.RULE, *posting.CAMPAIGN, "window.hours.0", "window.hours.1"} - _UNDRAWN
    found = set()
    for name in form.errors:
        own = labels.plain(name)
        unseen = own != name and own in _OF_THE_CAMPAIGN
        if (own in shown and not unseen) or own.split(".")[0] in ("audience", "when"):
            found.add(name)
    return found


@site.page("programme/drafts/<uuid:draft_id>/<slug:section>/<str:code>/", "draft_part")
@keeping
@guarded("drafts", act="view")
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, draft_id: UUID, section: str, code: str) -> HttpResponse:
    """Look at a part, change it, save it."""
    draft = pages.draft(draft_id)
    if section not in pages.EDITABLE:
        raise Http404
    editor = Editor(request, draft, section, code)
    if not editor.saved and request.method != "POST":
        raise Http404
    before = kept(request)
    if request.method != "POST":
        if before is not None:
            editor.take(before)
            editor.notice = _("You were signed out. What you typed is still here, but not saved yet.")
        return editor.shown()
    return _posted(request, editor)


def _posted(request: HttpRequest, editor: Editor) -> HttpResponse:
    deed = request.POST.get("do", "save")
    pages.actor(request)
    typed = clean(request.POST)
    editor.take(typed)
    if typed is not request.POST:
        editor.notice = pages.refusal(NotText())
        return editor.shown(status=400)
    if deed not in SAVING:
        editor.part = forms.act(editor.part, deed)
        return editor.shown()
    if not editor.save(remove=deed == "remove"):
        return editor.shown(status=409)
    if deed == "review":
        return redirect("admin:draft_review", editor.draft.pk)
    messages.success(request, _("Removed.") if deed == "remove" else _("Saved in the draft. Nothing is published yet."))
    if deed == "save" and (wrong := pages.errors_of(editor.document, editor.section, parts.name_of(editor.part))):
        messages.warning(
            request,
            _("Still to mend: %(problems)s")
            % {
                "problems": " ".join(
                    ": ".join(filter(None, [labels.label(name), text])) for name, text in wrong.items()
                )
            },
        )
    return redirect("admin:draft", editor.draft.pk)
