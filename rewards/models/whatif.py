"""What other rules would have given: one run over the stored sales, and the parts it is worked out in."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from loyalty import clock
from loyalty.ids import uuid7


class WhatIf(models.Model):
    """One comparison of a programme with the rules in force. It moves no points and no tier.

    `document` is the programme that was asked about, `base_version` the version it is compared with. `result` is
    what the page shows (docs/what-if.md), once the run is done.
    """

    class Status(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=200)
    document = models.JSONField()
    draft = models.UUIDField(null=True, blank=True)  # where it came from, if from a draft
    base_version = models.IntegerField()
    since = models.DateTimeField(null=True, blank=True)  # None: from the first sale
    until = models.DateTimeField(null=True, blank=True)  # the first instant that is left out; None: to the last
    as_dated = models.BooleanField(default=False)  # the dates of rules and campaigns count as they are written
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.QUEUED)
    actor = models.CharField(max_length=120)
    created_at = models.DateTimeField(default=clock.now)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    sales = models.BigIntegerField(default=0)  # to be replayed
    sales_left_out = models.JSONField(default=dict, blank=True)  # by reason: how many in the period are not replayed
    pass_number = models.IntegerField(default=1)  # budgets that run out need a second look (rewards.whatif.limits)
    limits = models.JSONField(default=dict, blank=True)  # what the passes before found out about budgets
    problem = models.CharField(max_length=20, blank=True)  # why it failed, as a code; words are the page's
    detail = models.TextField(blank=True)
    result = models.JSONField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["-created_at"], name="what_if_newest"),
            models.Index("created_at", name="what_if_open", condition=Q(status__in=["queued", "running"])),
        ]

    def __str__(self) -> str:
        return self.name


class WhatIfChunk(models.Model):
    """Members whose sales one task replays in order. Locked while it is worked on, done in one transaction."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    run = models.ForeignKey(WhatIf, models.CASCADE, related_name="chunks", db_index=False)
    number = models.IntegerField()
    first_member = models.UUIDField()
    last_member = models.UUIDField()  # included
    sales = models.IntegerField()
    tries = models.IntegerField(default=0)  # how often somebody began with it in this pass
    done_pass = models.IntegerField(default=0)  # the last pass it was worked out in; 0: none yet
    seconds = models.FloatField(default=0)
    figures = models.JSONField(null=True, blank=True)
    series = models.BinaryField(null=True, blank=True)  # what each sale took from shared limits (rewards.whatif.limits)

    class Meta:
        constraints = [models.UniqueConstraint("run", "number", name="what_if_chunk_once")]

    def __str__(self) -> str:
        return f"{self.number}"
