"""Points set aside until a purchase is complete."""

from django.db import models
from django.db.models import Q

from loyalty import clock
from loyalty.ids import uuid7


class Hold(models.Model):
    """Named lots set aside: held → settled | cancelled | expired, once (CONTRACT 3.3)."""

    class Status(models.TextChoices):
        HELD = "held"
        SETTLED = "settled"
        CANCELLED = "cancelled"
        EXPIRED = "expired"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey("loyalty.Account", models.PROTECT, related_name="holds", db_index=False)
    reference = models.CharField(max_length=160)
    points = models.BigIntegerField()
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.HELD)
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)
    entry = models.ForeignKey("loyalty.Entry", models.PROTECT, null=True, blank=True, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.CheckConstraint(name="hold_moves", condition=Q(points__gt=0)),
            models.UniqueConstraint("account", "reference", name="hold_once"),
            models.CheckConstraint(
                name="hold_resolved_once",
                condition=Q(status="held", resolved_at__isnull=True)
                | (~Q(status="held") & Q(resolved_at__isnull=False)),
            ),
        ]
        indexes = [models.Index("account", "expires_at", name="hold_open", condition=Q(status="held"))]

    def __str__(self) -> str:
        return f"{self.points} {self.status}"


class HoldPart(models.Model):
    """How many points of which lot a hold set aside. Never updated, never deleted."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey("loyalty.Account", models.PROTECT, related_name="+", db_index=False)
    hold = models.ForeignKey("loyalty.Hold", models.PROTECT, related_name="parts", db_index=False)
    lot = models.ForeignKey("loyalty.Lot", models.PROTECT, related_name="+", db_index=False)
    points = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="hold_part_moves", condition=Q(points__gt=0)),
            models.UniqueConstraint("account", "hold", "lot", name="hold_part_once"),
        ]

    def __str__(self) -> str:
        return f"{self.points}"
