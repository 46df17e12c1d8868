"""People who sign in, and what staff may do where."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from loyalty import clock
from loyalty.ids import uuid7


class UserManager(BaseUserManager["User"]):
    """Creates users by e-mail address; a member's user has no password and signs in by code."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A user with a normalised address; without `password` no password can match."""
        user = self.model(email=email.strip().lower(), **fields)
        if password is None:
            user.set_unusable_password()
        else:
            user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A member of staff who may do everything, for `createsuperuser`."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """Somebody who signs in: staff at /staff/, members at the portal."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(_("e-mail address"), unique=True)
    name = models.CharField(_("name"), max_length=150, blank=True)
    is_staff = models.BooleanField(_("staff"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    date_joined = models.DateTimeField(_("since"), default=clock.now)

    objects: ClassVar[UserManager] = UserManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_once")]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        """The name, for the admin theme; empty where there is none."""
        return self.name


class Role(models.TextChoices):
    """What a member of staff does; `loyalty.roles` says what each may do."""

    CASHIER = "cashier", _("cashier")
    MANAGER = "manager", _("store manager")
    SUPPORT = "support", _("support")
    MARKETER = "marketer", _("marketer")
    FINANCE = "finance", _("finance")
    AUDITOR = "auditor", _("auditor")
    ADMINISTRATOR = "administrator", _("administrator")


class StaffRole(models.Model):
    """A role of one person, in one store or (store empty) in all."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="roles")
    role = models.CharField(max_length=16, choices=Role.choices)
    store = models.ForeignKey("loyalty.Store", models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint("user", "role", "store", name="staff_role_once", nulls_distinct=False)]

    def __str__(self) -> str:
        return f"{self.user} {self.role}"
