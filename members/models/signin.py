"""Codes that were mailed to prove an address. No address and no code stands here, only their digests."""

from django.db import models
from django.db.models import Q

from loyalty import clock


class SignInCode(models.Model):
    """The one live code of an address: asking again replaces it, and every try is counted under the row's lock."""

    address = models.CharField(primary_key=True, max_length=64)  # keyed digest of the folded address
    flow = models.CharField(max_length=64)  # the browser session that asked; no other may try
    code_hash = models.CharField(max_length=64, blank=True)
    tries_left = models.SmallIntegerField(default=0)
    expires_at = models.DateTimeField()
    sent = models.SmallIntegerField(default=0)  # codes since `counted_from`
    counted_from = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.CheckConstraint(name="sign_in_tries_not_negative", condition=Q(tries_left__gte=0)),
        ]
        indexes = [models.Index("expires_at", name="sign_in_code_age")]

    def __str__(self) -> str:
        return self.address[:8]
