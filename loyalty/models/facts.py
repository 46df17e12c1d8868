"""The outbox: facts that were committed and that somebody above may want to act on."""

from django.db import models
from django.db.models import Q

from loyalty import clock
from loyalty.ids import uuid7


class Fact(models.Model):
    """One committed fact, handled at least once, in order for each account."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.UUIDField(null=True, blank=True)  # not a key: facts outlive nothing and lock nothing
    name = models.CharField(max_length=60)  # points.earned, tier.changed, member.enrolled, …
    payload = models.JSONField(default=dict)  # ids, numbers and codes; never personal data
    shard = models.SmallIntegerField()  # one relay at a time works on a shard, so order is kept
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(default=clock.now)
    due_at = models.DateTimeField(default=clock.now)
    attempts = models.SmallIntegerField(default=0)
    handled_at = models.DateTimeField(null=True, blank=True)
    parked_at = models.DateTimeField(null=True, blank=True)  # gave up: a person must look
    error = models.TextField(blank=True)

    class Meta:
        indexes = [
            models.Index(
                "shard",
                "id",
                name="fact_waiting",
                condition=Q(handled_at__isnull=True, parked_at__isnull=True),
            ),
            # Hardly ever has an entry: the few accounts whose later facts wait for a failed one.
            models.Index(
                "shard",
                "account",
                name="fact_retrying",
                condition=Q(handled_at__isnull=True, parked_at__isnull=True, attempts__gt=0),
            ),
            models.Index(
                "parked_at", name="fact_parked", condition=Q(handled_at__isnull=True, parked_at__isnull=False)
            ),
            models.Index("account", "id", name="fact_of_account"),
        ]

    def __str__(self) -> str:
        return self.name
