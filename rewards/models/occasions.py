"""Things besides sales that rules may answer, each at its time."""

from django.db import models
from django.db.models import Q

from loyalty import clock
from loyalty.ids import uuid7


class Occasion(models.Model):
    """One thing to answer when it is due: a new member, a birthday, a referral. One for each trigger and reference."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey("members.Member", models.CASCADE, related_name="+", db_index=False)
    trigger = models.CharField(max_length=60)  # member.enrolled, birthday, referral.friend, …
    reference = models.CharField(max_length=100)  # what happened only once: the member, the member and the year, …
    occurred_at = models.DateTimeField()
    store = models.ForeignKey("loyalty.Store", models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    data = models.JSONField(default=dict, blank=True)  # ids, codes and numbers
    due_at = models.DateTimeField(default=clock.now)
    done_at = models.DateTimeField(null=True, blank=True)
    attempts = models.SmallIntegerField(default=0)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint("trigger", "reference", name="occasion_once")]
        indexes = [models.Index("due_at", name="occasion_due", condition=Q(done_at__isnull=True))]

    def __str__(self) -> str:
        return self.trigger
