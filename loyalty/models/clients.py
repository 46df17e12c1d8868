"""Who may call the API, and what was answered."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from loyalty import clock
from loyalty.ids import uuid7


class ApiClient(models.Model):
    """One calling system. Its keys share a namespace of idempotency keys, so a key can be rotated."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=100, unique=True)
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.name


class ApiKey(models.Model):
    """A bearer key `lk_<live|test>_<id>_<secret>`. Only a hash of the secret is kept."""

    id = models.CharField(primary_key=True, max_length=24)  # the public part
    client = models.ForeignKey(ApiClient, models.PROTECT, related_name="keys")
    secret_hash = models.BinaryField(max_length=32)
    scopes = ArrayField(models.CharField(max_length=40))
    store = models.ForeignKey("loyalty.Store", models.PROTECT, null=True, blank=True, related_name="+")
    user = models.ForeignKey("loyalty.User", models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=clock.now)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.client} {self.id}"


class StoredReply(models.Model):
    """The reply to an idempotency key, written in the transaction of the work it answers."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey(ApiClient, models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=255)
    fingerprint = models.BinaryField(max_length=32)
    status = models.SmallIntegerField()
    content_type = models.CharField(max_length=60)
    body = models.BinaryField()
    member = models.UUIDField(null=True, blank=True)  # so that erasure finds it
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name_plural = "stored replies"
        constraints = [models.UniqueConstraint("client", "key", name="stored_reply_once")]
        indexes = [
            models.Index("created_at", name="stored_reply_age"),
            models.Index("member", name="stored_reply_member", condition=models.Q(member__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.key
