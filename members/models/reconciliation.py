"""What tills say they sold, beside what was reported to us."""

from django.db import models

from loyalty import clock
from loyalty.ids import uuid7


class Reconciliation(models.Model):
    """One statement of a POS that was compared: a file, or a call of the API. The same content is the same one."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source = models.CharField(max_length=8)  # file | api
    name = models.CharField(max_length=200, blank=True)  # of the file
    content_hash = models.BinaryField(max_length=32, unique=True)
    currency = models.CharField(max_length=3)
    actor = models.CharField(max_length=120)
    created_at = models.DateTimeField(default=clock.now)
    returns = models.IntegerField(default=0)  # lines below zero, which are not compared

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name or str(self.id)


class ReconciledDay(models.Model):
    """One day of one store: what the till says and what we had when it was compared."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reconciliation = models.ForeignKey(Reconciliation, models.CASCADE, related_name="days", db_index=False)
    store = models.ForeignKey("loyalty.Store", models.PROTECT, related_name="+", db_index=False)
    day = models.DateField()
    by_receipt = models.BooleanField()  # else by totals alone
    theirs_count = models.IntegerField(null=True, blank=True)
    theirs_minor = models.BigIntegerField()
    ours_count = models.IntegerField()
    ours_minor = models.BigIntegerField()
    agrees = models.BooleanField()

    class Meta:
        constraints = [models.UniqueConstraint("reconciliation", "store", "day", name="reconciled_day_once")]
        indexes = [models.Index(fields=["-day"], name="reconciled_newest")]

    def __str__(self) -> str:
        return f"{self.day}"


class Difference(models.Model):
    """One receipt on which a till and we do not agree."""

    class What(models.TextChoices):
        MISSING_HERE = "missing_here"
        MISSING_THERE = "missing_there"
        AMOUNT = "amount"
        DAY = "day"  # the same receipt and amount, on another day here
        VOIDED = "voided"  # sold there, voided here

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    day = models.ForeignKey(ReconciledDay, models.CASCADE, related_name="differences", db_index=False)
    what = models.CharField(max_length=16, choices=What.choices)
    receipt = models.CharField(max_length=100)
    theirs_minor = models.BigIntegerField(null=True, blank=True)
    ours_minor = models.BigIntegerField(null=True, blank=True)
    sale = models.ForeignKey("members.Sale", models.PROTECT, null=True, blank=True, related_name="+", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint("day", "receipt", "what", name="difference_once")]

    def __str__(self) -> str:
        return f"{self.receipt} {self.what}"
