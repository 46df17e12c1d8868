"""The member's own data: who I am, cards, sign-in, what may be sent."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from loyalty import clock, policies
from loyalty.errors import InvalidBody
from members import consent, identities, locks, terms
from members import profile as profiles
from members.models import Identity, Member
from members.portal import consents, formats, frame, signin

ACTOR = "member"


@require_http_methods(["GET", "HEAD", "POST"])
@frame.members_only
def view(request: HttpRequest, member: Member) -> HttpResponse:
    """GET /profile/ shows it; POST `choice` and `given` switches one consent, at once."""
    if request.method == "POST":
        return _switch(request, member)
    programme = policies.current()
    today = formats.today(programme.zone)
    own = identities.of(member.pk)
    cards = Identity.objects.filter(member=member, kind=Identity.Kind.CARD).order_by("-created_at")
    context = {
        "email": _value(own, Identity.Kind.EMAIL),
        "phone": _masked(_value(own, Identity.Kind.PHONE)),
        "birthday": _birthday(member),
        "own_language": frame.OWN_NAMES.get(translation.get_language() or "en", ""),
        "cards": [
            {
                "number": formats.card(card.value),
                "since": formats.day_long(clock.day_of(card.created_at, programme.zone)),
                "retired": formats.day_long(clock.day_of(card.retired_at, programme.zone)) if card.retired_at else "",
            }
            for card in cards
        ],
        "standings": consents.standing(member.pk, programme.zone, today),
        "terms": [
            {"version": row.terms.version, "day": formats.day_long(clock.day_of(row.at, programme.zone))}
            for row in terms.accepted(member.pk)
        ],
        "terms_now": terms.current(),
        "enrolled": formats.day_long(clock.day_of(member.enrolled_at, programme.zone)),
    }
    return frame.show(request, "portal/profile.html", context, member=member, tab="profile")


@require_http_methods(["GET", "HEAD", "POST"])
@frame.members_only
def edit(request: HttpRequest, member: Member) -> HttpResponse:
    """GET /profile/edit/ is the form; POST changes name and language."""
    name, error = member.profile.name, ""
    language = member.profile.language or translation.get_language() or "en"
    offered = [code for code in policies.current().languages if code in dict(settings.LANGUAGES)]
    if request.method == "POST":
        name = " ".join(request.POST.get("name", "").split())
        language = request.POST.get("language", "")
        if not name or len(name) > 100 or language not in offered:
            error = _("Please write your name, up to 100 letters.")
        else:
            error = _change(member, name, language)
        if not error:
            with translation.override(language):
                messages.success(request, _("Saved."))
            return signin.remember(redirect("portal:profile"), language)
    context = {
        "name": name,
        "error": error,
        "own": language,
        "languages": [(code, frame.OWN_NAMES.get(code, code)) for code in offered],
    }
    return frame.show(
        request, "portal/profile_edit.html", context, member=member, tab="profile", status=422 if error else 200
    )


@require_safe
@frame.members_only
def choices(request: HttpRequest, member: Member) -> HttpResponse:
    """GET /profile/choices/: every choice, with date and place, newest first."""
    zone = policies.current().zone
    rows = [consents.described(row, zone) for row in reversed(consent.history(member.pk))]
    return frame.show(request, "portal/choices.html", {"rows": rows}, member=member, tab="profile")


def _switch(request: HttpRequest, member: Member) -> HttpResponse:
    choice = consents.offered(request.POST.get("choice", ""))
    given = request.POST.get("given") == "1"
    if choice is not None:
        with transaction.atomic():
            consent.change(
                member=locks.lock(id=member.pk, closed=True).member,
                choices=[consent.Choice(choice.purpose, choice.channel, given=given)],
                source=ACTOR,
            )
        words = _("%(choice)s: on.") if given else _("%(choice)s: off.")
        messages.success(request, words % {"choice": choice.title})
    return redirect("portal:profile")


def _change(member: Member, name: str, language: str) -> str:
    try:
        with transaction.atomic():
            profiles.change(
                member=locks.lock(id=member.pk, closed=True).member, actor=ACTOR, name=name, language=language
            )
    except InvalidBody:
        return _("Please write your name, up to 100 letters.")
    return ""


def _value(own: dict[str, Identity], kind: str) -> str:
    return own[kind].value if kind in own else ""


def _masked(phone: str) -> str:
    """`+8190••••4417`: enough to recognise."""
    return f"{phone[:5]}••••{phone[-4:]}" if len(phone) > 8 else ""


def _birthday(member: Member) -> str:
    day = member.profile.birthday
    if day is None:
        return ""
    return f"{day.month}月{day.day}日" if formats.japanese() else f"{day.day} {formats.LONG_MONTHS[day.month - 1]}"
