"""Who brought whom."""

from django.db import models
from django.db.models import F, Q

from loyalty import clock


class ReferralCode(models.Model):
    """The code a member gives to friends. Random: it says nothing about the member."""

    member = models.OneToOneField("members.Member", models.CASCADE, primary_key=True, related_name="+")
    code = models.CharField(max_length=12, unique=True)
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.code


class Referral(models.Model):
    """A friend joined with a member's code: once for each friend. What it gives is decided after the first sale."""

    friend = models.OneToOneField("members.Member", models.CASCADE, primary_key=True, related_name="+")
    referrer = models.ForeignKey("members.Member", models.CASCADE, related_name="referrals")
    created_at = models.DateTimeField(default=clock.now)
    settled_at = models.DateTimeField(null=True, blank=True)  # both sides were noted for the rules to answer

    class Meta:
        constraints = [
            models.CheckConstraint(name="referral_of_another", condition=~Q(friend=F("referrer"))),
        ]
        indexes = [models.Index("created_at", name="referral_open", condition=Q(settled_at__isnull=True))]

    def __str__(self) -> str:
        return str(self.friend_id)
