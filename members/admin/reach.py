"""Which members a role bound to stores reaches: those who enrolled there, and those who have bought there."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from loyalty import roles
from members.models import Member, Sale


def of_stores(places: Collection[UUID]) -> QuerySet[Member]:
    """The members that belong to one of some stores."""
    bought = Sale.objects.filter(member=OuterRef("pk"), store__in=places)
    return Member.objects.filter(Q(store__in=places) | Exists(bought))


def accounts(places: Collection[UUID]) -> QuerySet[Any]:
    """Their accounts, as a subquery of ids."""
    return of_stores(places).values("account_id")


def may_reach(user: Any, member: Member, act: str = "view", thing: str = "members") -> bool:
    """Whether `user` may do this to this member."""
    places = roles.reach(user, act, thing)
    return places is None or of_stores(places).filter(pk=member.pk).exists()


def is_own(user: Any, member: Member) -> bool:
    """Whether the membership is the person's own: it has their e-mail address (FAULTS L1)."""
    address = str(getattr(user, "email", "")).strip().lower()
    return bool(address) and member.identities.filter(kind="email", value=address, retired_at=None).exists()
