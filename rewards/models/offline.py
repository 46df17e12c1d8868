"""Tills that sell without a network: how far each has sent, and what of it was refused."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from loyalty import clock
from loyalty.ids import uuid7


class OfflineDevice(models.Model):
    """One till of one calling system, by the name it gives itself."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey("loyalty.ApiClient", models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(max_length=60)
    last_sequence = models.BigIntegerField(null=True, blank=True)  # the highest that was ever sent
    first_upload_at = models.DateTimeField(default=clock.now)
    last_upload_at = models.DateTimeField(default=clock.now)
    uploads = models.BigIntegerField(default=0)
    applied = models.BigIntegerField(default=0)
    replayed = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint("client", "name", name="offline_device_once")]

    def __str__(self) -> str:
        return self.name


class OfflineConflict(models.Model):
    """An item that was refused: a person must look, for the sale has happened all the same."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        APPLIED = "applied", _("applied later")  # sent again, and taken
        SETTLED = "settled", _("settled")  # by a person, with a reason

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    device = models.ForeignKey(OfflineDevice, models.PROTECT, related_name="conflicts", db_index=False)
    key = models.CharField(max_length=255)  # the item's
    sequence = models.BigIntegerField(null=True, blank=True)
    store = models.CharField(max_length=60, blank=True)  # as the till named it
    receipt = models.CharField(max_length=100, blank=True)
    amount = models.CharField(max_length=40, blank=True)  # as the till wrote it
    occurred_at = models.CharField(max_length=40, blank=True)  # as the till wrote it
    code = models.CharField(max_length=60)  # of the problem
    detail = models.CharField(max_length=300, blank=True)
    times = models.IntegerField(default=1)
    first_at = models.DateTimeField(default=clock.now)
    last_at = models.DateTimeField(default=clock.now)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    settled_by = models.CharField(max_length=120, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint("device", "key", name="offline_conflict_once")]
        indexes = [models.Index("last_at", name="offline_conflict_open", condition=Q(state="open"))]

    def __str__(self) -> str:
        return f"{self.code} {self.receipt}"
