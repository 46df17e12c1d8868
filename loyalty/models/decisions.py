"""Why: the receipt of every decision about points and tiers."""

from django.db import models

from loyalty import clock
from loyalty.ids import uuid7


class Decision(models.Model):
    """Rule versions, inputs, per-line attribution, rounding, what did not apply and why. Never updated, never deleted.

    `body` is the JSON of CONTRACT 1.3 without `id`, `kind`, `points` and `programme_version`, which are columns. It
    holds derived facts only, never values of a profile.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey(
        "loyalty.Account",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="decisions",
        db_index=False,
    )
    kind = models.CharField(max_length=20)  # sale, return, tier, redemption, …
    subject = models.UUIDField(null=True, blank=True)  # the sale, return, … that was decided about
    programme_version = models.IntegerField()
    points = models.BigIntegerField(default=0)
    body = models.JSONField(default=dict)
    decided_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [models.Index("account", "decided_at", name="decision_of_account")]

    def __str__(self) -> str:
        return f"{self.kind} {self.points:+d}"
