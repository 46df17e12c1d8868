"""Who members are. Everything personal stands in Profile and Identity, so that it can be erased."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from loyalty import clock
from loyalty.ids import uuid7


class Member(models.Model):
    """A membership under a random public id, with the counters that a sale moves.

    The row is locked together with its account by `members.locks.lock` and in no other way.
    """

    class Status(models.TextChoices):
        ACTIVE = "active", _("active")
        CLOSED = "closed", _("closed")
        MERGED = "merged", _("merged")
        ERASED = "erased", _("erased")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.OneToOneField("loyalty.Account", models.PROTECT, related_name="+")
    status = models.CharField(_("status"), max_length=8, choices=Status.choices, default=Status.ACTIVE)
    store = models.ForeignKey("loyalty.Store", models.PROTECT, null=True, blank=True, related_name="+")
    enrolled_at = models.DateTimeField(_("enrolled"), default=clock.now)
    created_at = models.DateTimeField(default=clock.now)
    attributes = models.JSONField(default=dict, blank=True)
    # Counters of what was bought, less what was returned.
    spend_minor = models.BigIntegerField(_("spend"), default=0)
    purchases = models.IntegerField(_("purchases"), default=0)
    first_sale_at = models.DateTimeField(null=True, blank=True)
    last_sale_at = models.DateTimeField(_("last purchase"), null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["-enrolled_at"], name="member_enrolled")]

    def __str__(self) -> str:
        return str(self.id)


class Profile(models.Model):
    """All personal data of a member that is not an identity. Erasing a member deletes this row."""

    member = models.OneToOneField(Member, models.CASCADE, primary_key=True, related_name="profile")
    name = models.CharField(_("name"), max_length=200, blank=True)
    birthday = models.DateField(_("birthday"), null=True, blank=True)
    language = models.CharField(_("language"), max_length=12, blank=True)  # BCP 47; empty = programme's
    user = models.OneToOneField(
        "loyalty.User", models.SET_NULL, null=True, blank=True, related_name="+"
    )  # made at the first sign-in

    def __str__(self) -> str:
        return self.name or str(self.member_id)


class Identity(models.Model):
    """Something a member is found by. `value` is the folded form, and one member's at a time."""

    class Kind(models.TextChoices):
        CARD = "card", _("card")
        EMAIL = "email", _("e-mail")
        PHONE = "phone", _("phone")
        EXTERNAL = "external_id", _("external id")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey(Member, models.CASCADE, related_name="identities", db_index=False)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    value = models.CharField(max_length=254)
    created_at = models.DateTimeField(default=clock.now)
    retired_at = models.DateTimeField(null=True, blank=True)  # a lost card is never given out again

    class Meta:
        verbose_name_plural = "identities"
        constraints = [
            models.UniqueConstraint(
                "kind",
                "value",
                name="identity_once",
                condition=models.Q(retired_at__isnull=True) | models.Q(kind="card"),
            )
        ]
        indexes = [models.Index("member", name="identity_of_member")]

    def __str__(self) -> str:
        return self.kind


class Consent(models.Model):
    """One choice of a member, never changed: the newest for a purpose and channel is in force."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey(Member, models.CASCADE, related_name="consents")
    purpose = models.CharField(max_length=40)  # marketing, service, …
    channel = models.CharField(max_length=40)  # email, sms, push, post, …
    given = models.BooleanField()
    at = models.DateTimeField(default=clock.now)
    source = models.CharField(max_length=120)  # key:…, member, staff:…

    class Meta:
        indexes = [models.Index(fields=["member", "purpose", "channel", "-at"], name="consent_newest")]

    def __str__(self) -> str:
        return f"{self.purpose}/{self.channel}: {self.given}"
