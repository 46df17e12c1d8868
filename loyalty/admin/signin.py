"""Signing in to /staff/: e-mail and password, then a code; whoever has no second factor sets one up first."""

from __future__ import annotations

import math
import time
from typing import Any

from django import forms
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from loyalty import audit, factors, roles
from loyalty.admin import gate, limits
from loyalty.models import User

BACKEND = "loyalty.roles.StaffBackend"
PENDING = "staff_pending"
PENDING_SECONDS = 600
SESSION_SECONDS = 12 * 3600


class PasswordForm(forms.Form):
    """The first step."""

    email = forms.CharField(
        label=_("E-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class CodeForm(forms.Form):
    """The second step, and the proof that an app was set up."""

    code = forms.CharField(
        label=_("Code"),
        max_length=20,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True, "class": "pin"}
        ),
    )


def safe_next(request: HttpRequest, wanted: str) -> str:
    """`wanted` if it is a page of this host under /staff/, else the first page."""
    home = reverse("admin:index")
    fits = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if fits and wanted.startswith(home) and not wanted.startswith(reverse("admin:login")) else home


@sensitive_post_parameters()
@never_cache
@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def password_step(request: HttpRequest) -> HttpResponse:
    """E-mail and password. Says only whether both fit, and takes equally long for unknown addresses."""
    target = safe_next(request, request.POST.get("next") or request.GET.get("next", ""))
    if gate.open_for(request):
        return redirect(target)
    form = PasswordForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"].strip().lower()
        drawn = limits.budgets(request, email, step="password", limit=limits.PER_ACCOUNT)
        wait = limits.take(drawn)
        if wait:
            form.add_error(None, too_many(wait))
            status = 429
        else:
            user = judge(request, email, form.cleaned_data["password"])
            if isinstance(user, User):
                limits.clear(drawn)
                return _second(request, user, target)
            _failed(request, email, "password")
            form.add_error(None, _("The e-mail address or the password is wrong. Check both and try again."))
    return render(request, "staff/signin.html", {"form": form, "next": target}, status=status)


def judge(request: HttpRequest, email: str, password: str) -> Any:
    """The member of staff whom address and password name, or None. Only our own backend: no other one knows roles."""
    return roles.StaffBackend().authenticate(request, username=email, password=password)


def _second(request: HttpRequest, user: User, target: str) -> HttpResponse:
    """Remember who passed the first step, in a session that still belongs to nobody."""
    logout(request)
    request.session[PENDING] = {
        "user": str(user.pk),
        "hash": user.get_session_auth_hash(),
        "at": int(time.time()),
        "next": target,
    }
    return redirect("admin:login_code" if factors.totp_of(user) else "admin:login_setup")


def _pending(request: HttpRequest) -> tuple[User, dict[str, Any]] | None:
    """Who passed the first step at most ten minutes ago and may still sign in."""
    pending = request.session.get(PENDING)
    if not pending or time.time() - pending["at"] > PENDING_SECONDS:
        return None
    user = User.objects.filter(pk=pending["user"], is_active=True).first()
    if user is None or user.get_session_auth_hash() != pending["hash"] or not roles.held(user):
        return None
    return user, pending


@never_cache
@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def code_step(request: HttpRequest) -> HttpResponse:
    """The code of the app, or a recovery code. Five tries in a quarter of an hour."""
    found = _pending(request)
    if found is None:
        return redirect("admin:login")
    user, pending = found
    if factors.totp_of(user) is None:
        return redirect("admin:login_setup")
    form = CodeForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        drawn = limits.budgets(request, user.email, step="code", limit=limits.CODES_PER_ACCOUNT)
        wait = limits.take(drawn)
        if wait:
            form.add_error("code", too_many(wait))
            status = 429
        elif factor := factors.check(user, form.cleaned_data["code"]):
            limits.clear(drawn)
            return _enter(request, user, pending["next"], factor)
        else:
            _failed(request, user.email, "code")
            form.add_error("code", _("This code is wrong or was used already. Wait for the next one."))
    return render(request, "staff/code.html", {"form": form}, status=status)


@never_cache
@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def setup_step(request: HttpRequest) -> HttpResponse:
    """Set up an app: scan, prove with a code, then read the recovery codes once."""
    found = _pending(request)
    if found is None:
        return redirect("admin:login")
    user, pending = found
    if factors.totp_of(user) is not None:
        return redirect("admin:login_code")
    secret = pending.get("secret")
    if secret is None:
        secret = pending["secret"] = factors.new_secret()
        request.session[PENDING] = pending
    form = CodeForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        wait = limits.take(limits.budgets(request, user.email, step="setup", limit=limits.PER_ACCOUNT))
        if wait:
            form.add_error("code", too_many(wait))
            status = 429
        elif factors.fits(secret, form.cleaned_data["code"]):
            codes = factors.set_up(user, secret)
            audit.record(
                action="staff.factor_set_up",
                actor=roles.actor(user),
                object_type="user",
                object_id=str(user.pk),
            )
            response = _enter(request, user, pending["next"], "totp")
            shown = render(request, "staff/recovery.html", {"codes": codes, "next": pending["next"]})
            shown.cookies.update(response.cookies)
            return shown
        else:
            form.add_error("code", _("This code does not fit. Check that the app shows the new entry."))
    context = {"form": form, "secret": secret, "picture": factors.picture(user, secret)}
    return render(request, "staff/setup.html", context, status=status)


def _enter(request: HttpRequest, user: User, target: str, factor: str) -> HttpResponseRedirect:
    """Start the session of somebody who proved both factors."""
    request.session.pop(PENDING, None)
    login(request, user, backend=BACKEND)
    authenticator = factors.totp_of(user)
    request.session[gate.FACTOR] = authenticator.pk if authenticator else None
    request.session.set_expiry(SESSION_SECONDS)
    audit.record(
        action="staff.signed_in",
        actor=roles.actor(user),
        object_type="user",
        object_id=str(user.pk),
        data={"factor": factor, "source": limits.source(request)},
    )
    response = HttpResponseRedirect(target)
    limits.remember_browser(request, response, user.email)
    return response


@require_POST
@csrf_protect
@never_cache
def leave(request: HttpRequest) -> HttpResponse:
    """Sign out."""
    if isinstance(request.user, User) and request.user.is_staff:
        audit.record(
            action="staff.signed_out",
            actor=roles.actor(request.user),
            object_type="user",
            object_id=str(request.user.pk),
        )
    logout(request)
    return redirect("admin:login")


def _failed(request: HttpRequest, email: str, step: str) -> None:
    """Record a failed try: whom it was about if they exist, and from where as a digest; never the address typed."""
    user = User.objects.filter(email=email, is_staff=True).first()
    audit.record(
        action="staff.sign_in_failed",
        actor="anonymous",
        object_type="user",
        object_id=str(user.pk) if user else "",
        data={"step": step, "source": limits.source(request)},
    )


def too_many(seconds: int) -> str:
    """What a person reads who has no try left."""
    minutes = math.ceil(seconds / 60)
    return ngettext(
        "Too many tries. Try again in %(minutes)d minute.",
        "Too many tries. Try again in %(minutes)d minutes.",
        minutes,
    ) % {"minutes": minutes}
