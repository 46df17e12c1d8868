"""A programme in the making: what will be published one day, and every edit on the way."""

from django.db import models

from loyalty import clock
from loyalty.ids import uuid7


class Draft(models.Model):
    """A copy of the programme that staff edit, until it is published as a version or thrown away."""

    class State(models.TextChoices):
        OPEN = "open"
        PUBLISHED = "published"
        DISCARDED = "discarded"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=120)
    document = models.JSONField()
    based_on = models.IntegerField()  # the version it was copied from, 0 for the empty programme
    author = models.CharField(max_length=120)
    created_at = models.DateTimeField(default=clock.now)
    changed_by = models.CharField(max_length=120)
    changed_at = models.DateTimeField(default=clock.now)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    published_version = models.IntegerField(null=True, blank=True)

    class Meta:
        ordering = ["-changed_at"]
        indexes = [models.Index(fields=["state", "-changed_at"], name="draft_by_state")]

    def __str__(self) -> str:
        return self.name


class DraftChange(models.Model):
    """One edit of one part of a draft, before and after. Kept, so that no edit is ever lost."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    draft = models.ForeignKey(Draft, models.PROTECT, related_name="changes")
    at = models.DateTimeField(default=clock.now)
    actor = models.CharField(max_length=120)
    section = models.CharField(max_length=40)  # rules, campaigns; empty: the draft as a whole
    code = models.CharField(max_length=100, blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.section} {self.code}"
