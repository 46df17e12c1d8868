"""What was typed into a form outlives the session it was typed in."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.views.decorators.csrf import csrf_protect

from loyalty.admin import gate

SECONDS = 3600
MOST_BYTES = 100_000
PARAMETER = "kept"


def keeping(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Decorate a guarded view: what is posted after the session ended waits for an hour, under a name nobody can
    guess, and the sign-in leads back to it. Only with the page's own token, so strangers keep nothing here."""

    @csrf_protect
    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "POST" and not gate.open_for(request):
            typed = request.POST.copy()
            typed.pop("csrfmiddlewaretoken", None)
            text = typed.urlencode()
            target = request.path
            if len(text) <= MOST_BYTES:
                token = secrets.token_urlsafe(24)
                cache.set(f"kept:{token}", {"path": request.path, "text": text}, SECONDS)
                target = f"{request.path}?{PARAMETER}={token}"
            return redirect_to_login(target, reverse("admin:login"))
        return view(request, *args, **kwargs)

    return inner


def kept(request: HttpRequest) -> QueryDict | None:
    """What was typed before the sign-in, if the address asks for it and it is still there."""
    token = request.GET.get(PARAMETER, "")
    found = cache.get(f"kept:{token}") if token else None
    return QueryDict(found["text"]) if found and found["path"] == request.path else None
