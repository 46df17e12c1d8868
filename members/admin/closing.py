"""Closing the programme: announce both dates, see how far it is, call it off while that can be done."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from loyalty import clock, policies, roles
from loyalty.admin import words
from loyalty.admin.gate import guarded
from loyalty.admin.navigation import programme_name
from loyalty.admin.shell import site
from loyalty.errors import InvalidBody, Refusal
from loyalty.models import Account, User
from members import announcements, closing, notifications
from members.handlers import ClosingWords
from members.models import Member

_DAY = {"type": "date"}
FIELDS = {"earning_until": "earning", "redeeming_until": "redeeming", "reason": "reason", "text": "text_en"}
ERRORS = {
    "earning_until": gettext_lazy("The last day of earning must be today or later."),
    "redeeming_until": gettext_lazy("Points must count for 30 days from now, and until earning ends."),
    "reason": gettext_lazy("Please say why, in up to 300 letters."),
    "text": gettext_lazy("The words to members are too long."),
}


class AnnounceForm(forms.Form):
    """Both last days, the words to members, the reason, and the programme's name as a confirmation."""

    earning = forms.DateField(
        label=gettext_lazy("Last day of earning"), widget=forms.DateInput(format="%Y-%m-%d", attrs=_DAY)
    )
    redeeming = forms.DateField(
        label=gettext_lazy("Last day of using points"), widget=forms.DateInput(format="%Y-%m-%d", attrs=_DAY)
    )
    text_en = forms.CharField(
        label=gettext_lazy("What else members should know, in English"), required=False,
        max_length=closing.TEXT_LENGTH, widget=forms.Textarea(attrs={"rows": 3, "lang": "en"}),
    )  # fmt: skip
    text_ja = forms.CharField(
        label=gettext_lazy("What else members should know, in Japanese"), required=False,
        max_length=closing.TEXT_LENGTH, widget=forms.Textarea(attrs={"rows": 3, "lang": "ja"}),
    )  # fmt: skip
    reason = forms.CharField(label=gettext_lazy("Reason, for the audit log"), max_length=300)
    name = forms.CharField(label=gettext_lazy("Type the programme's name to confirm"), max_length=400)

    def clean_name(self) -> str:
        """Exactly the programme's name."""
        name: str = self.cleaned_data["name"].strip()
        if name != programme_name():
            raise forms.ValidationError(_("That is not the programme's name."))
        return name


@site.page("closing/", "closing")
@guarded("terms", act="view")
def page(request: HttpRequest) -> HttpResponse:
    """GET shows where the programme stands; POST announces its end or calls it off."""
    closes = roles.may(request.user, "do", "closing")
    form = AnnounceForm(request.POST if request.POST.get("act") == "announce" else None)
    if request.method == "POST":
        if not closes:
            raise PermissionDenied
        if request.POST.get("act") == "call_off":
            _do(request, lambda: closing.call_off(reason=request.POST.get("reason", ""), actor=_actor(request)))
            return redirect("admin:closing")
        if form.is_valid() and _do(request, lambda: _announce(request, form), form):
            return redirect("admin:closing")
    programme = policies.current()
    announced = programme.closing
    context = {
        **site.each_context(request),
        "title": _("Closing the programme"),
        "announced": announced,
        "facts": _facts(programme) if announced else [],
        "samples": [
            (language, notifications.sample("programme-closing", language, ClosingWords(announced)))
            for language in sorted(notifications.LANGUAGES, key=lambda one: one != (get_language() or "en")[:2])
        ]
        if announced
        else [],
        "form": form,
        "name": programme_name(),
        "closes": closes,
        "may_call_off": closes and announced is not None and clock.now() < announced.earning_until,
        "members": words.number(Member.objects.filter(status=Member.Status.ACTIVE).count()),
        **_outstanding(),
    }
    return TemplateResponse(request, "staff/closing.html", context)


def _announce(request: HttpRequest, form: AnnounceForm) -> Any:
    zone, given = policies.current().zone, form.cleaned_data
    return closing.announce(
        earning_until=clock.end_of(given["earning"], zone),
        redeeming_until=clock.end_of(given["redeeming"], zone),
        text={"en": given["text_en"], "ja": given["text_ja"]},
        reason=given["reason"],
        actor=_actor(request),
    )


def _do(request: HttpRequest, act: Any, form: forms.Form | None = None) -> bool:
    """Do it in a transaction; say what was wrong where it was refused, at its field where there is one."""
    try:
        with transaction.atomic():
            act()
    except InvalidBody as refusal:
        for error in refusal.errors:
            text = str(ERRORS.get(error.field, error.detail))
            if form is not None and error.field in FIELDS:
                form.add_error(FIELDS[error.field], text)
            else:
                messages.error(request, text)
        return False
    except Refusal:
        messages.error(request, _("This cannot be done any more."))
        return False
    messages.success(request, _("Done. Members are being told."))
    return True


def _facts(programme: policies.Policies) -> list[tuple[str, str]]:
    announced, now = programme.closing, clock.now()
    if announced is None:
        return []
    last = timedelta(microseconds=1)
    if now < announced.earning_until:
        stands = _("announced; members earn and use points as before")
    elif now < announced.redeeming_until:
        stands = _("nothing is earned any more; points can be used")
    else:
        stands = _("ended; what was left has expired")
    told = announcements.told(code="programme-closing", key=f"closing:{programme.version}")
    return [
        (_("Where it stands"), stands),
        (_("Last day of earning"), words.day(announced.earning_until - last)),
        (_("Last day of using points"), words.day(announced.redeeming_until - last)),
        (_("Members told"), words.number(told)),
    ]


def _outstanding() -> dict[str, str]:
    found = Account.objects.filter(total__gt=0).aggregate(points=Sum("total"), accounts=Count("pk"))
    return {"points": words.number(found["points"] or 0), "holders": words.number(found["accounts"])}


def _actor(request: HttpRequest) -> str:
    if not isinstance(request.user, User):
        raise PermissionDenied
    return roles.actor(request.user)
