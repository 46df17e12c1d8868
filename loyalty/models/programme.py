"""The programme as applied, version by version, and the stores it runs in."""

from django.db import models

from loyalty import clock
from loyalty.ids import uuid7


class Programme(models.Model):
    """One applied version of the whole programme. Never updated, never deleted.

    `document` is the programme file as JSON (docs/programme.md). Each floor of the house compiles its own part
    of it: settings in `loyalty.policies`, tiers in `members`, rules in `rewards`.
    """

    version = models.IntegerField(primary_key=True)
    valid_from = models.DateTimeField()
    document = models.JSONField()
    text = models.TextField(blank=True)  # the file as it was applied, given back verbatim by export
    versions = models.JSONField(default=dict, db_default={})  # of each rule so far, by code
    applied_at = models.DateTimeField(default=clock.now)
    actor = models.CharField(max_length=120)

    class Meta:
        ordering = ["version"]

    def __str__(self) -> str:
        return f"version {self.version}"


class Store(models.Model):
    """A place that sells. Codes are what tills send; a retired store keeps its history."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    code = models.CharField(max_length=40, unique=True)
    name = models.JSONField(default=dict)  # {"en": …, "ja": …}
    group = models.CharField(max_length=40, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code
