"""The programme's terms, version by version, and who accepted which."""

from django.db import models
from django.db.models import Q

from loyalty import clock
from loyalty.ids import uuid7


class Terms(models.Model):
    """One version of the terms. A draft may change; once published it never does, nor goes away (a trigger sees to it).

    `texts` is the text by language in simple markup (`members.markup`), `changes` what is different, in plain words.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    version = models.IntegerField(unique=True)
    texts = models.JSONField(default=dict)
    changes = models.JSONField(default=dict, blank=True)
    notice_days = models.SmallIntegerField(default=30)
    valid_from = models.DateTimeField(null=True, blank=True)
    fingerprint = models.CharField(max_length=64, blank=True)  # SHA-256 of the texts as published
    created_by = models.CharField(max_length=120)
    created_at = models.DateTimeField(default=clock.now)
    published_by = models.CharField(max_length=120, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "terms"
        ordering = ["version"]
        constraints = [
            models.CheckConstraint(
                name="terms_published_whole",
                condition=Q(published_at__isnull=True, valid_from__isnull=True)
                | (Q(published_at__isnull=False, valid_from__isnull=False) & ~Q(fingerprint="")),
            ),
        ]

    def __str__(self) -> str:
        return f"version {self.version}"


class TermsAcceptance(models.Model):
    """A member accepted one version, once. Never updated."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey("members.Member", models.CASCADE, related_name="terms", db_index=False)
    terms = models.ForeignKey(Terms, models.PROTECT, related_name="acceptances", db_index=False)
    at = models.DateTimeField(default=clock.now)
    place = models.CharField(max_length=10)  # portal, till, api
    source = models.CharField(max_length=120)  # member, key:…, staff:…

    class Meta:
        constraints = [models.UniqueConstraint("member", "terms", name="terms_accepted_once")]
        indexes = [models.Index("terms", "at", name="terms_accepted_at")]

    def __str__(self) -> str:
        return self.place
