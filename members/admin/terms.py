"""The programme's terms on the staff side: versions, writing the next one, publishing it, who accepted."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from loyalty import charts, clock, policies, roles
from loyalty.admin import words
from loyalty.admin.gate import guarded
from loyalty.admin.shell import site
from loyalty.errors import InvalidBody, Refusal
from loyalty.models import User
from members import announcements, markup, terms
from members.models import Member, Terms

NAMES = {"en": gettext_lazy("in English"), "ja": gettext_lazy("in Japanese")}
ERRORS = {
    "texts": gettext_lazy("The text is missing in one of the programme's languages."),
    "changes": gettext_lazy("Say what changes, in every language: members are told just that."),
    "seen": gettext_lazy("The text has changed meanwhile. Please read it once more."),
    "valid_from": gettext_lazy("It cannot hold before its notice has run, nor before the version in force."),
}


class TextForm(forms.Form):
    """Texts, what changes, and the notice, of a draft."""

    def __init__(self, found: Terms, data: Any = None) -> None:
        super().__init__(data)
        for language in policies.current().languages:
            name = NAMES.get(language, language)
            self.fields[f"text_{language}"] = _area(
                _("The terms, %(language)s") % {"language": name}, 18, found.texts.get(language, ""), language
            )
            self.fields[f"changes_{language}"] = _area(
                _("What changes, %(language)s") % {"language": name}, 4, found.changes.get(language, ""), language
            )
        self.fields["notice_days"] = forms.IntegerField(
            label=_("Days of notice"), min_value=0, max_value=365, initial=found.notice_days
        )

    def of(self, name: str) -> dict[str, str]:
        """The texts by language."""
        prefix = f"{name}_"
        return {key.removeprefix(prefix): text for key, text in self.cleaned_data.items() if key.startswith(prefix)}


class PublishForm(forms.Form):
    """From which day it holds: today, or later."""

    day = forms.DateField(
        label=gettext_lazy("Holds from"), widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )

    def clean_day(self) -> date:
        """No day that is past: nobody could have read it then."""
        day: date = self.cleaned_data["day"]
        if day < clock.day_of(clock.now(), policies.current().zone):
            raise forms.ValidationError(_("That day is past. Choose today or a later day."))
        return day


@site.page("terms/", "terms")
@guarded("terms", act="view")
def listing(request: HttpRequest) -> HttpResponse:
    """Every version, newest first; POST opens the draft of the next one."""
    writes = roles.may(request.user, "do", "terms")
    if request.method == "POST":
        if not writes:
            raise PermissionDenied
        return redirect("admin:terms_version", terms.draft(actor=_actor(request)).pk)
    counts, active = terms.counts(), _active()
    context = {
        **site.each_context(request),
        "title": _("Terms"),
        "rows": [_row(one, counts.get(one.pk, 0), active) for one in Terms.objects.order_by("-version")],
        "may_write": writes,
        "has_draft": Terms.objects.filter(published_at=None).exists(),
    }
    return TemplateResponse(request, "staff/terms/list.html", context)


@site.page("terms/<uuid:terms_id>/", "terms_version")
@guarded("terms", act="view")
def version(request: HttpRequest, terms_id: UUID) -> HttpResponse:
    """One version: the draft with its form, or what was published and who accepted it."""
    found = Terms.objects.filter(pk=terms_id).first()
    if found is None:
        raise Http404
    writes = roles.may(request.user, "do", "terms") and found.published_at is None
    form = TextForm(found, request.POST if request.method == "POST" and "publish" not in request.POST else None)
    publishing = PublishForm(request.POST if "publish" in request.POST else None, initial={"day": _earliest(found)})
    if request.method == "POST":
        if not writes:
            raise PermissionDenied
        if "publish" in request.POST and publishing.is_valid() and _may_be_published(request, found, publishing):
            if "sure" not in request.POST:
                return _asked_again(request, found, publishing)
            if _publish(request, found, publishing):
                return redirect("admin:terms_version", found.pk)
        if "publish" not in request.POST and form.is_valid():
            terms.write(
                terms=found.pk, texts=form.of("text"), changes=form.of("changes"),
                notice_days=form.cleaned_data["notice_days"], actor=_actor(request),
            )  # fmt: skip
            messages.success(request, _("Saved. Members see nothing of it yet."))
            return redirect("admin:terms_version", found.pk)
    before = Terms.objects.filter(version__lt=found.version, published_at__isnull=False).order_by("-version").first()
    language = get_language() or "en"
    context = {
        **site.each_context(request),
        "title": _("Terms, version %(version)s") % {"version": found.version},
        "one": found,
        "state": _state(found),
        "facts": _facts(found),
        "writes": writes,
        "form": form,
        "publishing": publishing,
        "seen": terms.fingerprint(found),
        "previews": [(code, markup.html(text)) for code, text in sorted(found.texts.items())],
        "changes": [(code, markup.html(text)) for code, text in sorted(found.changes.items())],
        "before": before,
        "diff": terms.compare(before, found, language) if before else [],
        "active": words.number(_active()),
        **(_accepted(found) if found.published_at else {}),
    }
    return TemplateResponse(request, "staff/terms/version.html", context)


def _may_be_published(request: HttpRequest, found: Terms, form: PublishForm) -> bool:
    """Whether nothing stands against it; what does is said, at the day where it is about the day."""
    try:
        with transaction.atomic():
            _do_publish(request, found, form)
            transaction.set_rollback(True)
    except InvalidBody as refusal:
        _refused(request, form, refusal)
        return False
    except Refusal as refusal:
        messages.error(request, refusal.detail)
        return False
    return True


def _asked_again(request: HttpRequest, found: Terms, form: PublishForm) -> HttpResponse:
    """Published terms never change, so it is asked for once more, with what will happen."""
    before = Terms.objects.filter(published_at__isnull=False).exists()
    context = {
        **site.each_context(request),
        "title": _("Publish version %(version)s of the terms?") % {"version": found.version},
        "one": found,
        "day": request.POST["day"],
        "from": words.day(clock.start_of(form.cleaned_data["day"], policies.current().zone)),
        "seen": request.POST.get("seen", ""),
        "before": before,
        "active": words.number(_active()),
        "changes": [(code, markup.html(text)) for code, text in sorted(found.changes.items())],
        "previews": [(code, markup.html(text)) for code, text in sorted(found.texts.items())],
    }
    return TemplateResponse(request, "staff/terms/publish.html", context)


def _do_publish(request: HttpRequest, found: Terms, form: PublishForm) -> None:
    terms.publish(
        terms=found.pk,
        valid_from=clock.start_of(form.cleaned_data["day"], policies.current().zone),
        seen=request.POST.get("seen", ""),
        actor=_actor(request),
    )


def _refused(request: HttpRequest, form: PublishForm, refusal: InvalidBody) -> None:
    for name in dict.fromkeys(error.field.partition(".")[0] for error in refusal.errors):
        text = str(ERRORS.get(name, refusal.detail))
        if name == "valid_from":
            form.add_error("day", text)
        else:
            messages.error(request, text)


def _publish(request: HttpRequest, found: Terms, form: PublishForm) -> bool:
    try:
        _do_publish(request, found, form)
    except InvalidBody as refusal:
        _refused(request, form, refusal)
        return False
    except Refusal as refusal:
        messages.error(request, refusal.detail)
        return False
    messages.success(request, _("Published. Members are being told."))
    return True


def _earliest(found: Terms) -> Any:
    """The first day on which the draft can hold."""
    zone = policies.current().zone
    today = clock.day_of(clock.now(), zone)
    if not Terms.objects.filter(published_at__isnull=False).exists():
        return today
    return today + timedelta(days=found.notice_days + 1)


def _accepted(found: Terms) -> dict[str, Any]:
    """How many accepted, day by day, and how many were told."""
    days = terms.by_day(found.pk)
    count, active = terms.counts().get(found.pk, 0), _active()
    told = announcements.told(code="terms-changed", key=f"terms:{found.pk}")
    return {
        "accepted": words.number(count),
        "share": f"{100 * count // active if active else 0} %",
        "told": words.number(told),
        "chart": charts.bars([charts.Bar(f"{day:%-m/%-d}", n) for day, n in days], titled_by="h-acc", height=190),
        "days": [(f"{day:%Y-%m-%d}", n) for day, n in days if n],
    }


def _row(one: Terms, accepted: int, active: int) -> dict[str, Any]:
    return {
        "link": reverse("admin:terms_version", args=[one.pk]),
        "version": one.version,
        "state": _state(one),
        "from": words.day(one.valid_from) if one.valid_from else "—",
        "accepted": words.number(accepted) if one.published_at else "",
        "share": f"{100 * accepted // active} %" if active and one.published_at else "",
        "by": words.actor_name(one.published_by or one.created_by, words.people([one.published_by, one.created_by])),
    }


def _facts(one: Terms) -> list[tuple[str, str]]:
    people = words.people([one.published_by, one.created_by])
    facts = [(_("Begun"), f"{words.moment(one.created_at)}, {words.actor_name(one.created_by, people)}")]
    facts.append((_("Days of notice"), str(one.notice_days)))
    if one.published_at:
        facts.append(
            (_("Published"), f"{words.moment(one.published_at)}, {words.actor_name(one.published_by, people)}")
        )
        facts.append((_("Holds from"), words.moment(one.valid_from)))
        facts.append((_("Fingerprint"), one.fingerprint[:16]))
    return facts


def _state(one: Terms) -> str:
    if one.published_at is None:
        return words.state("wait", _("draft"))
    now = clock.now()
    if one.valid_from and one.valid_from > now:
        return words.state("wait", _("published, not in force yet"))
    present = terms.current(now)
    if present is not None and present.pk == one.pk:
        return words.state("on", _("in force"))
    return words.state("off", _("replaced"))


def _area(label: str, lines: int, initial: str, language: str) -> forms.CharField:
    return forms.CharField(
        label=label, required=False, max_length=terms.LONGEST, initial=initial, strip=True,
        widget=forms.Textarea(attrs={"rows": lines, "lang": language}),
    )  # fmt: skip


def _active() -> int:
    return Member.objects.filter(status=Member.Status.ACTIVE).count()


def _actor(request: HttpRequest) -> str:
    if not isinstance(request.user, User):
        raise PermissionDenied
    return roles.actor(request.user)
