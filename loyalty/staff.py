"""Members of staff: added, given roles, given a first password."""

from __future__ import annotations

import secrets

from django.db import transaction

from loyalty import audit, factors
from loyalty.errors import StoreNotFound
from loyalty.models import StaffRole, Store, User


def create(*, email: str, role: str, actor: str, name: str = "", store: str = "", password: str | None = None) -> User:
    """A person who may sign in at /staff/ with `role`, in `store` (a code) or everywhere.

    Asked again it changes nothing but adds the role; `password` is set only where it is given. Returns the user; raises
    StoreNotFound for an unknown store.
    """
    place = None
    if store:
        place = Store.objects.filter(code=store, retired_at__isnull=True).first()
        if place is None:
            raise StoreNotFound(f"There is no store {store}.")
    with transaction.atomic():
        user = User.objects.filter(email__iexact=email.strip()).first()
        if user is None:
            user = User.objects.create_user(email, password, name=name, is_staff=True)
            _record("staff.created", actor, user)
        elif not user.is_staff or password is not None:
            user.is_staff = True
            if password is not None:
                user.set_password(password)
                _record("staff.password_set", actor, user)
            user.save()
        _row, fresh = StaffRole.objects.get_or_create(user=user, role=role, store=place)
        if fresh:
            _record("role.granted", actor, user, store=store, data={"role": role})
    return user


def renew(*, user: User, actor: str, reason: str) -> str:
    """Forget a person's password and second factor, which ends their sessions. Returns a first password, shown once."""
    password = new_password()
    with transaction.atomic():
        factors.remove(user)
        user.set_password(password)
        user.save(update_fields=["password"])
        _record("staff.factor_reset", actor, user, reason=reason)
    return password


def new_password() -> str:
    """96 random bits as text that can be read out."""
    return secrets.token_urlsafe(12)


def _record(
    action: str, actor: str, user: User, *, store: str = "", reason: str = "", data: dict[str, str] | None = None
) -> None:
    audit.record(
        action=action,
        actor=actor,
        object_type="user",
        object_id=str(user.pk),
        store=store,
        reason=reason,
        data=data,
    )
