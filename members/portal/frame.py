"""What every page of the portal shares: who is looking, in which language, under whose brand."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from urllib.parse import quote

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme

from loyalty import policies
from members import terms
from members.models import Member, Message, Profile
from members.portal import closings, formats

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, Member, P], HttpResponseBase]
OWN_NAMES = {"en": "English", "ja": "日本語"}


def member_of(request: HttpRequest) -> Member | None:
    """The member whose session this is, with profile and account; nobody for staff and strangers."""
    if not hasattr(request, "member"):
        request.member = _member_of(request)  # type: ignore[attr-defined]
    member: Member | None = request.member  # type: ignore[attr-defined]
    return member


def _member_of(request: HttpRequest) -> Member | None:
    if not request.user.is_authenticated:
        return None
    profile = Profile.objects.select_related("member__account").filter(user_id=request.user.pk).first()
    if profile is None or profile.member.status == Member.Status.ERASED:
        return None
    profile.member.profile = profile
    return profile.member


def speak(request: HttpRequest, member: Member) -> None:
    """From here on the page is in the member's own language, where the house speaks it."""
    language = member.profile.language.split("-")[0]
    if language in dict(settings.LANGUAGES):
        translation.activate(language)
        request.LANGUAGE_CODE = language


def members_only(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """A page of one member, in the member's own language; never kept by any cache. Strangers are led to sign in."""

    @wraps(view)
    def page(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        member = member_of(request)
        if member is None:
            here = request.get_full_path() if request.method in ("GET", "HEAD") else "/"
            response: HttpResponseBase = HttpResponseRedirect(f"{reverse('portal:sign-in')}?next={quote(here)}")
        else:
            speak(request, member)
            response = view(request, member, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return page


def open_page(
    view: Callable[Concatenate[HttpRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """A page for everybody. It holds form tokens, so no cache keeps it either."""

    @wraps(view)
    def page(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return page


def show(
    request: HttpRequest,
    template: str,
    context: dict[str, Any],
    *,
    member: Member | None = None,
    tab: str = "",
    status: int = 200,
) -> HttpResponse:
    """Render a page inside the portal's frame; `tab` is the chosen one of the five."""
    return render(request, template, {**framed(request, member), **context, "tab": tab}, status=status)


def framed(request: HttpRequest, member: Member | None) -> dict[str, Any]:
    """What the frame itself shows: brand, languages, new messages."""
    programme = policies.current()
    language = translation.get_language() or settings.LANGUAGE_CODE
    known = dict(settings.LANGUAGES)
    return {
        "member": member,
        "programme": programme,
        "programme_name": policies.localised(programme.name, language),
        "brand": brand_of(programme),
        "language": language,
        "other_languages": [
            (code, OWN_NAMES.get(code, code)) for code in programme.languages if code != language and code in known
        ],
        "here": request.get_full_path() if request.method in ("GET", "HEAD") else "/",
        "unread": _unread(member) if member else 0,
        "terms_due": terms.due(member.pk) if member else None,
        "closing": closings.shown(programme) if member else None,
        "today": formats.today(programme.zone),
    }


def brand_of(programme: policies.Policies) -> dict[str, Any]:
    """The brand's part of the programme; empty where it has none."""
    brand = programme.document.get("brand", {})
    return dict(brand) if isinstance(brand, dict) else {}


def safe_next(request: HttpRequest, target: str | None) -> str:
    """`target` if it stays on this host, else the home page (FAULTS J4)."""
    target = target or ""
    if target.startswith("/") and url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return target
    return reverse("portal:home")


def asked_next(request: HttpRequest) -> str:
    """The `next` of a form or an address, made safe."""
    return safe_next(request, request.POST.get(REDIRECT_FIELD_NAME) or request.GET.get(REDIRECT_FIELD_NAME))


def _unread(member: Member) -> int:
    return Message.objects.filter(member=member, channel=Message.Channel.INBOX, read_at=None).count()
