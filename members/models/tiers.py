"""Where members stand, and how they came there."""

from django.db import models

from loyalty import clock
from loyalty.ids import uuid7


class TierStanding(models.Model):
    """The stored level of a member in one tier group; `tiers` can work it out again from the sales (I11)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey("members.Member", models.CASCADE, related_name="standings", db_index=False)
    group = models.CharField(max_length=40)
    level = models.CharField(max_length=40, blank=True)  # empty: below the lowest
    since = models.DateTimeField(null=True, blank=True)
    until = models.DateTimeField(null=True, blank=True)  # the first instant it no longer counts

    class Meta:
        constraints = [models.UniqueConstraint("member", "group", name="tier_standing_once")]
        indexes = [models.Index("group", "level", name="tier_standing_level")]

    def __str__(self) -> str:
        return f"{self.group}: {self.level}"


class TierChange(models.Model):
    """One change of level with the decision behind it. Never updated, never deleted."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey("members.Member", models.PROTECT, related_name="tier_changes", db_index=False)
    group = models.CharField(max_length=40)
    before = models.CharField(max_length=40, blank=True)
    after = models.CharField(max_length=40, blank=True)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(default=clock.now)
    decision = models.ForeignKey(
        "loyalty.Decision", models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        indexes = [models.Index(fields=["member", "group", "-at"], name="tier_change_of_member")]

    def __str__(self) -> str:
        return f"{self.before} → {self.after}"
