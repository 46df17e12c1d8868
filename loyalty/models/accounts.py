"""A personal account: who owns it is none of the ledger's business."""

from django.db import models
from django.db.models import F, Q

from loyalty import clock
from loyalty.ids import uuid7


class Account(models.Model):
    """The running balance of one owner, kept under a row lock.

    `total = available + pending + held − debt`; only `total` can be negative (CONTRACT 1.1). `pending` is what lots
    with a later `available_at` hold as of `as_of`; `next_change_at` is when a lot next becomes available or expires or
    a hold times out, so that until then the row alone answers every question about the balance.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    opened_at = models.DateTimeField(default=clock.now)
    total = models.BigIntegerField(default=0)
    pending = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)
    debt = models.BigIntegerField(default=0)
    sequence = models.BigIntegerField(default=0)
    lifetime_earned = models.BigIntegerField(default=0)
    as_of = models.DateTimeField(default=clock.now)
    next_change_at = models.DateTimeField(null=True, blank=True)
    renews = models.BooleanField(default=False, db_default=False)  # some lot of it ends through inactivity

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="account_parts_not_negative",
                condition=Q(pending__gte=0, held__gte=0, debt__gte=0, sequence__gte=0),
            ),
            models.CheckConstraint(
                name="account_available_not_negative",
                condition=Q(total__gte=F("pending") + F("held") - F("debt")),
            ),
            models.CheckConstraint(
                name="account_debt_leaves_nothing_available",
                condition=Q(debt=0) | Q(total=F("pending") + F("held") - F("debt")),
            ),
        ]
        indexes = [
            models.Index("next_change_at", name="account_due", condition=Q(next_change_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def available(self) -> int:
        """Points that can be spent, as of `as_of`."""
        return self.total - self.pending - self.held + self.debt
