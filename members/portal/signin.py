"""Sign in and join: an address, a mailed code, and only then who it is."""

from __future__ import annotations

import logging
from smtplib import SMTPException
from typing import Any

from allauth.account.utils import perform_login
from django.conf import settings
from django.contrib.auth import logout
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from loyalty import limits, peers, policies
from loyalty.errors import IdentityTaken, ProgrammeClosed
from members import enrolment, identities, locks, profile, referrals, signin, terms
from members.models import Identity, Member
from members.portal import closings, consents, frame

log = logging.getLogger(__name__)
SESSION = "sign_in"
WHILE = 15 * 60  # seconds in which calls are counted
CODES_PER_CALLER = 30
TRIES_PER_CALLER = 100


@frame.open_page
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponseBase:
    """GET /sign-in/ asks for the address; POST mails a code to it, whoever it belongs to."""
    if frame.member_of(request):
        return redirect(frame.asked_next(request))
    email, error = "", ""
    if request.method == "POST":
        email, error = _address(request)
        error = error or _send(request, email, {})
        if not error:
            return redirect("portal:code")
    context = {"email": email, "error": error, "next": frame.asked_next(request)}
    return frame.show(request, "portal/sign_in.html", context, status=422 if error else 200)


@frame.open_page
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest) -> HttpResponseBase:
    """GET /join/ asks for name and address; POST mails a code, or enrols where the address is proved already."""
    if frame.member_of(request):
        return redirect("portal:home")
    if closings.joining_ended(policies.current()):
        return frame.show(request, "portal/join.html", {"ended": True, "next": frame.asked_next(request)})
    state = request.session.get(SESSION, {})
    proved = bool(state.get("proved"))
    form: dict[str, Any] = {"name": "", "email": state.get("email", "") if proved else "", "chosen": []}
    form["friend"] = request.GET.get("friend", "")[: referrals.LONGEST]
    error = name_error = friend_error = terms_error = ""
    rules = terms.current()
    if request.method == "POST":
        form["name"] = " ".join(request.POST.get("name", "").split())
        form["chosen"] = [choice.code for choice in consents.asked() if request.POST.get(choice.code) == "on"]
        if not form["name"] or len(form["name"]) > 100:
            name_error = _("Please write your name, up to 100 letters.")
        form["agreed"] = request.POST.get("terms") == str(rules.version) if rules else False
        if rules and not form["agreed"]:
            terms_error = _("Please read the terms and accept them: without that nobody can join.")
        if not proved:
            form["email"], error = _address(request)
        form["friend"] = request.POST.get("friend", "").strip()[: referrals.LONGEST]
        friend_error = _friend(form["friend"])
        wrong = error or name_error or friend_error or terms_error
        wish = {
            "name": form["name"], "consents": form["chosen"], "friend": form["friend"],
            "terms": rules.version if rules else None,
        }  # fmt: skip
        if not wrong and proved:
            return _enrol(request, state["email"], wish, state.get("next", "/"))
        if not wrong:
            error = _send(request, form["email"], wish)
        if not (wrong or error):
            return redirect("portal:code")
    context = {
        **form, "proved": proved, "error": error, "name_error": name_error, "friend_error": friend_error,
        "terms_error": terms_error, "rules": rules, "offered": consents.asked(), "next": frame.asked_next(request),
    }  # fmt: skip
    wrong = error or name_error or friend_error or terms_error
    return frame.show(request, "portal/join.html", context, status=422 if wrong else 200)


@frame.open_page
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest) -> HttpResponseBase:
    """GET /sign-in/code/ asks for the code; POST judges one try, or sends another code."""
    state = request.session.get(SESSION)
    if not state or state.get("proved"):
        return redirect("portal:join" if state else "portal:sign-in")
    error, notice = "", ""
    if request.method == "POST" and "again" in request.POST:
        error = _send(request, state["email"], state["wish"], state["next"])
        notice = "" if error else _("A new code is on its way. The one before no longer works.")
    elif request.method == "POST":
        answer = _judge(request, state)
        if answer is None:
            error = _("Too many tries from here. Please wait 15 minutes.")
        elif answer.right:
            return _proved(request, state)
        else:
            error = _wrong(answer)
    context = {
        "email": state["email"], "error": error, "notice": notice, "digits": signin.DIGITS,
        "minutes": int(signin.LIFE.total_seconds() // 60), "joining": bool(state["wish"]),
    }  # fmt: skip
    return frame.show(request, "portal/code.html", context, status=422 if error else 200)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """POST /sign-out/ ends the session at the server."""
    language = translation.get_language()
    logout(request)
    return remember(redirect("portal:sign-in"), language)


@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """POST /language/ changes the language of the pages, and of the member's messages."""
    language = request.POST.get("language", "")
    response = HttpResponseRedirect(frame.asked_next(request))
    if language not in dict(settings.LANGUAGES):
        return response
    member = frame.member_of(request)
    if member:
        with transaction.atomic():
            locked = locks.lock(id=member.pk, closed=True).member
            profile.change(member=locked, actor="member", language=language)
    return remember(response, language)


def remember(response: HttpResponse, language: str | None) -> HttpResponse:
    """Keep the language in its cookie."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language or settings.LANGUAGE_CODE,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite="Lax",
    )
    return response


def _address(request: HttpRequest) -> tuple[str, str]:
    """The address as typed, and what is wrong with it."""
    email = request.POST.get("email", "").strip()
    try:
        identities.fold(Identity.Kind.EMAIL, email)
    except identities.NotAnIdentityError:
        return email, _("Please write an e-mail address such as name@example.com.")
    return email, ""


def _friend(code: str) -> str:
    """What is wrong with a friend's code; "" for none and for one that is somebody's."""
    if not code:
        return ""
    try:
        referrals.referrer(code)
    except referrals.ReferralNotFound:
        return _("This code is not known. Please check it, or leave the field empty.")
    return ""


def _send(request: HttpRequest, email: str, wish: dict[str, Any], following: str | None = None) -> str:
    """Mail a new code and remember in the session what it is for; returns what to say where it was not sent.

    The work does not depend on whether the address is a member's (FAULTS G3).
    """
    if limits.count(_caller(request, "code"), limit=CODES_PER_CALLER, seconds=WHILE):
        return _("Too many codes were asked for from here. Please wait 15 minutes.")
    flow = signin.new_flow()
    try:
        secret = signin.issue(address=email, flow=flow)
        _mail(email, secret)
    except signin.TooManyCodes as refusal:
        minutes = int(str(refusal.extra["minutes"]))
        return ngettext(
            "Several codes were sent to this address already. Please use the newest, or wait %(minutes)d minute.",
            "Several codes were sent to this address already. Please use the newest, or wait %(minutes)d minutes.",
            minutes,
        ) % {"minutes": minutes}
    except (OSError, SMTPException):
        log.exception("a sign-in code could not be mailed")
        return _("The e-mail could not be sent just now. Please try again in a few minutes.")
    request.session[SESSION] = {
        "flow": flow, "email": email, "wish": wish, "next": following or frame.asked_next(request),
    }  # fmt: skip
    return ""


def _caller(request: HttpRequest, what: str) -> str:
    return salted_hmac("members.portal.signin.caller", f"{what} {peers.block(request)}").hexdigest()


def _mail(email: str, secret: str) -> None:
    language = translation.get_language() or settings.LANGUAGE_CODE
    context = {
        "code": secret,
        "programme_name": policies.localised(policies.current().name, language),
        "minutes": int(signin.LIFE.total_seconds() // 60),
        "language": language,
    }
    subject = _("%(code)s is your code for %(programme)s") % {
        "code": secret, "programme": context["programme_name"],
    }  # fmt: skip
    EmailMultiAlternatives(subject, render_to_string("portal/mail/code.txt", context), to=[email]).send()


def _judge(request: HttpRequest, state: dict[str, Any]) -> signin.Answer | None:
    if limits.count(_caller(request, "try"), limit=TRIES_PER_CALLER, seconds=WHILE):
        return None
    typed = "".join(request.POST.get("code", "").split())[:20]
    return signin.attempt(address=state["email"], flow=state["flow"], code=typed)


def _wrong(answer: signin.Answer) -> str:
    if answer.tries_left == 0:
        return _("This code no longer works. Please have a new one sent.")
    return ngettext(
        "That is not the code. You can try %(left)d more time.",
        "That is not the code. You can try %(left)d more times.",
        answer.tries_left,
    ) % {"left": answer.tries_left}


def _proved(request: HttpRequest, state: dict[str, Any]) -> HttpResponseBase:
    """The address is theirs: let the member in, enrol who asked to join, else offer to join."""
    member = identities.find(email=state["email"])
    if member is not None:
        return _open(request, member, state["next"])
    if state["wish"]:
        return _enrol(request, state["email"], state["wish"], state["next"])
    request.session[SESSION] = {**state, "proved": True}
    return redirect("portal:join")


def _enrol(request: HttpRequest, email: str, wish: dict[str, Any], following: str) -> HttpResponseBase:
    """Make the member behind a proved address, or find the one made a moment ago, and let them in.

    A friend's code that is worth nothing (any more, or one's own) keeps nobody out.
    """
    language = translation.get_language() or settings.LANGUAGE_CODE
    given: dict[str, Any] = {
        "name": wish["name"],
        "email": email,
        "language": language,
        "consents": consents.at_joining(wish["consents"]),
        "terms_version": wish.get("terms"),
        "place": "portal",
        "actor": "member",
    }
    try:
        try:
            member = enrolment.enrol(**given, referral_code=wish.get("friend") or None)
        except (referrals.ReferralNotFound, referrals.OwnReferral):
            member = enrolment.enrol(**given)
    except ProgrammeClosed:
        return redirect("portal:join")
    except IdentityTaken:
        found = identities.find(email=email)
        if found is None:
            raise
        member = found
    return _open(request, member, following)


def _open(request: HttpRequest, member: Member, following: str) -> HttpResponseBase:
    request.session.pop(SESSION, None)
    user = signin.user_of(member=member)
    response: HttpResponse = perform_login(request, user, redirect_url=frame.safe_next(request, following))
    return remember(response, member.profile.language or translation.get_language())
