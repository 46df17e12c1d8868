"""Expired points that staff give back."""

from django.db import models
from django.db.models import Q

from loyalty import clock
from loyalty.ids import uuid7


class Reinstatement(models.Model):
    """One expiry that somebody undoes, with a reason: at once, or over the limit once a second person agrees."""

    class State(models.TextChoices):
        """Where it stands."""

        WAITING = "waiting"
        DONE = "done"
        REFUSED = "refused"
        LAPSED = "lapsed"  # nobody agreed in time

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey("members.Member", models.PROTECT, related_name="+")
    entry = models.UUIDField()  # the `expire` entry
    points = models.BigIntegerField()
    until = models.DateTimeField()
    reason = models.CharField(max_length=300)
    content_hash = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    asked_by = models.CharField(max_length=120)
    asked_at = models.DateTimeField(default=clock.now)
    approve_until = models.DateTimeField(null=True, blank=True)
    settled_by = models.CharField(max_length=120, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="reinstatement_moves", condition=Q(points__gt=0)),
            models.UniqueConstraint("entry", name="reinstated_once", condition=Q(state__in=["waiting", "done"])),
        ]
        indexes = [models.Index("asked_by", "asked_at", name="reinstatement_of_person")]

    def __str__(self) -> str:
        return f"{self.points} {self.state}"
