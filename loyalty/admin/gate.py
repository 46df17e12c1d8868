"""The gate of everything under /staff/: a role, a password and a second factor, asked again at every request."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from allauth.mfa.models import Authenticator
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect

from loyalty import roles
from loyalty.models import User

FACTOR = "staff_factor"  # session: the id of the second factor that was set up when it was proved


class StaffRequest(HttpRequest):
    """A request that passed the gate: its user is a person of ours."""

    user: User


def of_staff(request: HttpRequest) -> StaffRequest:
    """The same request, where Django's signatures do not say who may come. Raises PermissionDenied for others."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return cast(StaffRequest, request)


def open_for(request: HttpRequest) -> bool:
    """Whether the request comes from staff who proved both factors.

    Roles and the factor are read from the database each time, so that taking one away, disabling the person or
    resetting the factor ends the session at once; a changed password ends it through Django's session hash.
    """
    if not roles.held(request.user):
        return False
    factor = request.session.get(FACTOR)
    if not factor:
        return False
    return bool(Authenticator.objects.filter(pk=factor, user_id=request.user.pk, type=Authenticator.Type.TOTP).exists())


def guarded(thing: str, *, act: str = "do") -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Decorate a view of our own: sign-in first, then 403 unless a role allows `act` on `thing`."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @never_cache
        @csrf_protect
        @wraps(view)
        def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not open_for(request):
                return redirect_to_login(request.get_full_path(), reverse("admin:login"))
            if not roles.may(request.user, act, thing):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        inner.powers = (act, thing)  # type: ignore[attr-defined]
        return inner

    return decorate
