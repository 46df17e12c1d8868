"""The day book, which is worked out from entries, and the months that were closed upon it, which never change."""

from django.db import models

from loyalty import clock
from loyalty.ids import uuid7


class DayBook(models.Model):
    """One row: whose days the day book's days are, and when entries were last added to it.

    Everything here can be worked out again from the entries at any time (`loyalty.liability.daybook`).
    """

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    zone = models.CharField(max_length=60)
    summed_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.CheckConstraint(name="day_book_one", condition=models.Q(id=1))]

    def __str__(self) -> str:
        return self.zone


class DaySum(models.Model):
    """What the entries of one day, store, house account and kind add up to, those of `SummedAccount`."""

    day = models.DateField()
    store = models.ForeignKey("loyalty.Store", models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    house = models.CharField(max_length=40)
    kind = models.CharField(max_length=16)
    points = models.BigIntegerField()
    entries = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["day", "store", "house", "kind"], name="day_sum_once", nulls_distinct=False
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.house} {self.points:+d}"


class SummedAccount(models.Model):
    """Up to which sequence the entries of an account are in the day book: its watermark, exact without any clock.

    An account's entries are committed in the order of their sequence, so nothing can turn up below it later.
    """

    account = models.UUIDField(primary_key=True)  # not a key: a million references would only be checked for nothing
    sequence = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.account} to {self.sequence}"


class ClosedMonth(models.Model):
    """The points liability as it was reported for one month. Never updated, never deleted.

    `inputs` is what the person chose, `figures` what came out (docs/liability.md); the sums it stands on are kept in
    `ClosedSum`. `fingerprint` is SHA-256 over all of it, and stands in the audit log as well.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    month = models.DateField(unique=True)  # its first day
    zone = models.CharField(max_length=60)
    currency = models.CharField(max_length=3)
    closed_at = models.DateTimeField(default=clock.now)
    actor = models.CharField(max_length=120)
    inputs = models.JSONField(default=dict)
    figures = models.JSONField(default=dict)
    fingerprint = models.CharField(max_length=64)

    class Meta:
        ordering = ["-month"]
        constraints = [models.CheckConstraint(name="closed_month_first_day", condition=models.Q(month__day=1))]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class ClosedSum(models.Model):
    """A line of the day book as it was when its month was closed; without a day: everything before that month."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    closed = models.ForeignKey(ClosedMonth, models.PROTECT, related_name="sums", db_index=False)
    day = models.DateField(null=True, blank=True)
    store = models.ForeignKey("loyalty.Store", models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    house = models.CharField(max_length=40)
    kind = models.CharField(max_length=16)
    points = models.BigIntegerField()
    entries = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["closed", "day", "store", "house", "kind"], name="closed_sum_once", nulls_distinct=False
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day or 'before'} {self.house} {self.points:+d}"
