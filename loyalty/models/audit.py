"""Who did what: an append-only log in which each record seals the one before."""

from django.db import models

from loyalty import clock


class AuditRecord(models.Model):
    """One act of a person or a key that staff may be asked about. Never updated, never deleted.

    `hash` is SHA-256 over the canonical JSON of all other columns, `previous_hash` included.
    """

    sequence = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField(default=clock.now)
    actor = models.CharField(max_length=120)
    action = models.CharField(max_length=60)  # staff.signed_in, member.viewed, key.created, …
    object_type = models.CharField(max_length=60, blank=True)
    object_id = models.CharField(max_length=60, blank=True)
    store = models.CharField(max_length=40, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    data = models.JSONField(default=dict)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ["-sequence"]
        indexes = [models.Index("object_type", "object_id", name="audit_of_object")]

    def __str__(self) -> str:
        return f"{self.sequence} {self.action}"
