"""How a body names a member: exactly one of id, card, phone, email, token (CONTRACT 1.1)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec

from loyalty.api import fields
from loyalty.errors import MemberNotFound
from members import locks
from members.models import Member

Value = Annotated[str, msgspec.Meta(min_length=1, max_length=254)]


class MemberRef(msgspec.Struct, forbid_unknown_fields=True):
    """One member, by exactly one of these. `token` (a member's own short-lived code) is not given out yet."""

    id: UUID | None = None
    card: Value | None = None
    phone: Value | None = None
    email: Value | None = None
    token: Value | None = None

    def lock(self, *, closed: bool = False, field: str = "member") -> locks.Locked:
        """The member and its account, locked (`members.locks.lock`).

        Raises InvalidBody unless exactly one is given, MemberNotFound, MemberErased, and MemberClosed unless
        `closed`.
        """
        self._check(field)
        return locks.lock(id=self.id, card=self.card, phone=self.phone, email=self.email, closed=closed)

    def find(self, *, closed: bool = False, field: str = "member") -> Member:
        """The member, not locked: for answers that write nothing. Raises as `lock` does."""
        self._check(field)
        return locks.find(id=self.id, card=self.card, phone=self.phone, email=self.email, closed=closed)

    def _check(self, field: str) -> None:
        given = sum(getattr(self, name) is not None for name in self.__struct_fields__)
        if given != 1:
            code = "exactly_one" if given else "required"
            raise fields.wrong(field, code, "A member is named by exactly one of id, card, phone, email, token.")
        if self.token is not None:
            raise MemberNotFound
