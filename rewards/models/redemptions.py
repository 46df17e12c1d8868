"""Points spent for something, or set aside for it."""

from django.db import models
from django.db.models import Q

from loyalty import clock
from loyalty.ids import uuid7


class Redemption(models.Model):
    """One spending of points. What became of it is the ledger's to say: see its hold."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey("members.Member", models.PROTECT, related_name="+", db_index=False)
    hold = models.OneToOneField("loyalty.Hold", models.PROTECT, related_name="+")
    reward = models.CharField(max_length=40, blank=True)  # empty: a plain spending
    points = models.BigIntegerField()
    store = models.ForeignKey("loyalty.Store", models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    sale = models.ForeignKey("members.Sale", models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    actor = models.CharField(max_length=120)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.CheckConstraint(name="redemption_moves", condition=Q(points__gt=0))]
        indexes = [models.Index(fields=["member", "-created_at"], name="redemption_of_member")]

    def __str__(self) -> str:
        return f"{self.points}"
