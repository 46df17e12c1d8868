"""Points that one member sent to another."""

from django.db import models
from django.db.models import F, Q

from loyalty import clock
from loyalty.ids import uuid7


class Transfer(models.Model):
    """One sending: both entries, in one row. Never changed; a mistake is sent back as a transfer of its own."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    sender = models.ForeignKey("members.Member", models.PROTECT, related_name="+")
    receiver = models.ForeignKey("members.Member", models.PROTECT, related_name="+")
    points = models.BigIntegerField()
    note = models.CharField(max_length=200, blank=True)  # free text: erased with either member
    out = models.OneToOneField("loyalty.Entry", models.PROTECT, related_name="+")
    into = models.OneToOneField("loyalty.Entry", models.PROTECT, related_name="+")
    actor = models.CharField(max_length=120)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.CheckConstraint(name="transfer_to_another", condition=Q(points__gt=0) & ~Q(sender=F("receiver"))),
        ]

    def __str__(self) -> str:
        return f"{self.points} {self.sender_id} to {self.receiver_id}"
