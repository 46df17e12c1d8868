"""Days that were closed, notices that were given, and the test clock of a sandbox."""

from django.db import models
from django.db.models import Q

from loyalty import clock
from loyalty.ids import uuid7


class ClosedDay(models.Model):
    """A day of the programme's zone whose end was worked through (`loyalty.dayend`)."""

    day = models.DateField(primary_key=True)
    ended_at = models.DateTimeField()  # the first instant after the day
    closed_at = models.DateTimeField()
    counts = models.JSONField(default=dict)  # what each step wrote

    class Meta:
        ordering = ["day"]

    def __str__(self) -> str:
        return self.day.isoformat()


class Reminder(models.Model):
    """That an account was told of a date: once for each date and threshold, whatever job runs how often."""

    class Kind(models.TextChoices):
        """What happens on the date."""

        EXPIRING = "expiring"
        AVAILABLE = "available"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey("loyalty.Account", models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    at = models.DateTimeField()  # the first instant at which the points no longer count, or begin to
    days = models.SmallIntegerField(default=0)  # how many days before
    told_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint("account", "kind", "at", "days", name="reminded_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d}, {self.days} days before"


class SandboxClock(models.Model):
    """How far the test clock is ahead of the real one; one row at most, only in a sandbox."""

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    ahead = models.DurationField()  # negative: behind
    target = models.DateTimeField(null=True, blank=True)  # while it is being moved
    days = models.IntegerField(default=0)  # ends of day on the way
    done = models.IntegerField(default=0)
    problem = models.TextField(blank=True, default="")  # why the last move stopped
    moved_by = models.CharField(max_length=120, blank=True, default="")

    class Meta:
        constraints = [models.CheckConstraint(name="one_sandbox_clock", condition=Q(id=1))]

    def __str__(self) -> str:
        return str(self.ahead)
