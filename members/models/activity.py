"""What members did."""

from django.db import models
from django.db.models import Q

from loyalty import clock
from loyalty.ids import uuid7


class Sale(models.Model):
    """One receipt of one store, of a member or of nobody yet."""

    class Status(models.TextChoices):
        SOLD = "sold"
        VOIDED = "voided"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey(
        "members.Member",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="sales",
        db_index=False,
    )
    store = models.ForeignKey("loyalty.Store", models.PROTECT, related_name="+", db_index=False)
    receipt = models.CharField(max_length=100)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.SOLD)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(default=clock.now)
    currency = models.CharField(max_length=3)
    total_minor = models.BigIntegerField()
    channel = models.CharField(max_length=20, default="store")
    device = models.CharField(max_length=60, blank=True)
    sequence = models.BigIntegerField(null=True, blank=True)  # the device's own count
    actor = models.CharField(max_length=120)
    content_hash = models.BinaryField(max_length=32)  # of what the till sent, to tell a repeat from a clash
    details = models.JSONField(default=dict, blank=True)  # discounts and tenders as sent
    decision = models.ForeignKey(
        "loyalty.Decision", models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint("store", "receipt", name="sale_once"),
            models.CheckConstraint(name="sale_total_not_negative", condition=Q(total_minor__gte=0)),
        ]
        indexes = [
            models.Index(fields=["member", "-occurred_at"], name="sale_of_member"),
            models.Index(fields=["-occurred_at"], name="sale_newest"),
        ]

    def __str__(self) -> str:
        return self.receipt


class SaleLine(models.Model):
    """One line of a receipt. `points` is what the line earned, for returns."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    sale = models.ForeignKey(Sale, models.PROTECT, related_name="lines", db_index=False)
    number = models.IntegerField()
    sku = models.CharField(max_length=100, blank=True)
    name = models.CharField(max_length=200, blank=True)
    category = models.CharField(max_length=100, blank=True)
    labels = models.JSONField(default=list, blank=True)
    kind = models.CharField(max_length=16, default="item")
    status = models.CharField(max_length=8, default="sold")
    quantity = models.DecimalField(max_digits=13, decimal_places=3, default=1)
    amount_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField(default=0)
    discount_minor = models.BigIntegerField(default=0)
    points = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint("sale", "number", name="sale_line_once"),
            models.CheckConstraint(
                name="sale_line_not_negative",
                condition=Q(amount_minor__gte=0, tax_minor__gte=0, discount_minor__gte=0, quantity__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.sku}"


class Activity(models.Model):
    """Something else a member did: a ride, an answer, a birthday. `decision` says what it earned.

    `client` is who reported it, null for what the programme itself notices; (client, kind, reference) is one fact.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey("members.Member", models.PROTECT, related_name="activities", db_index=False)
    client = models.ForeignKey(
        "loyalty.ApiClient", models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    kind = models.CharField(max_length=60)
    reference = models.CharField(max_length=100)
    store = models.ForeignKey("loyalty.Store", models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    channel = models.CharField(max_length=20, blank=True)
    data = models.JSONField(default=dict, blank=True)  # as sent
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(default=clock.now)
    actor = models.CharField(max_length=120)
    content_hash = models.BinaryField(max_length=32)  # of what was sent, to tell a repeat from a clash
    decision = models.ForeignKey("loyalty.Decision", models.PROTECT, related_name="+", db_index=False)

    class Meta:
        verbose_name_plural = "activities"
        constraints = [
            models.UniqueConstraint(fields=["kind", "reference", "client"], name="activity_once", nulls_distinct=False),
        ]
        indexes = [models.Index(fields=["member", "-occurred_at"], name="activity_of_member")]

    def __str__(self) -> str:
        return self.kind
