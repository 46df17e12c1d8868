"""The till page calls the API as every till does: same address, same body, same parsing, same stored replies.

The request is made in this process and carries who is admitted instead of a key: the person, bound to the store where
they stand. So what the API refuses to a store's key it refuses here, and a form sent twice is one sale.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest

from loyalty import audit, roles
from loyalty.api import auth, middleware
from loyalty.api.requests import EdgeRequest
from loyalty.errors import OwnAccount
from loyalty.ids import uuid7
from loyalty.models import ApiClient, Programme, Store, User
from members.admin import reach
from members.models import Member

CLIENT = "till page"
SCOPES = frozenset({"sales", "redeem", "members:read"})


@dataclass(frozen=True)
class Reply:
    """What the API answered."""

    status: int
    body: dict[str, Any]

    @property
    def refused(self) -> bool:
        """Whether it is a problem."""
        return self.status >= 400

    @property
    def code(self) -> str:
        """The code of the problem."""
        return str(self.body.get("code", "")) if self.refused else ""


class Clerk:
    """A person at the till page, in one store."""

    def __init__(self, *, request: HttpRequest, user: User, store: Store) -> None:
        self.request, self.user, self.store = request, user, store

    def get(self, path: str) -> Reply:
        """GET /api/v1/…"""
        return self._call("GET", path, None, "")

    def post(self, path: str, body: dict[str, Any], *, token: str = "") -> Reply:
        """POST /api/v1/…; `token` is what the form carries, so that sending it again changes nothing."""
        return self._call("POST", path, body, f"{self.user.pk}:{token}" if token else "")

    def check_not_own(self, member_id: UUID, *, record: bool = True) -> None:
        """Raise OwnAccount where the membership is the person's own; the log keeps that a deed was tried."""
        member = Member.objects.filter(pk=member_id).first()
        if member is not None and reach.is_own(self.user, member):
            if record:
                audit.record(
                    action="till.own_account_refused",
                    actor=roles.actor(self.user),
                    object_type="member",
                    object_id=str(member.pk),
                    store=self.store.code,
                )
            raise OwnAccount

    def _call(self, method: str, path: str, body: dict[str, Any] | None, key: str) -> Reply:
        raw = b"" if body is None else json.dumps(body, sort_keys=True, ensure_ascii=False).encode()
        environ: dict[str, Any] = {
            **{name: value for name, value in self.request.META.items() if name in _KEPT},
            "REQUEST_METHOD": method,
            "PATH_INFO": f"/api/v1/{path}",
            "SCRIPT_NAME": "",
            "QUERY_STRING": "",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(raw)),
            "wsgi.input": io.BytesIO(raw),
        }
        if key:
            environ["HTTP_IDEMPOTENCY_KEY"] = key
        inner = EdgeRequest(environ)
        inner.request_id = str(uuid7())
        inner.admitted = self._identity()
        response = middleware.answer(inner)
        return Reply(response.status_code, json.loads(getattr(response, "content", b"") or b"{}"))

    def _identity(self) -> auth.Identity:
        client, _made = ApiClient.objects.get_or_create(name=CLIENT)
        newest = Programme.objects.order_by("-version").values_list("version", "applied_at").first()
        return auth.Identity(
            key=f"till:{self.user.pk}",
            client=client,
            scopes=SCOPES,
            store=self.store,
            user=self.user.pk,
            programme=newest or (None, None),
        )


_KEPT = frozenset(
    {"SERVER_NAME", "SERVER_PORT", "REMOTE_ADDR", "HTTP_HOST", "wsgi.url_scheme", "wsgi.errors", "wsgi.version"}
)
