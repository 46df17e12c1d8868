"""When scheduled jobs last ran."""

from django.db import models


class Job(models.Model):
    """The newest slot of a scheduled job that somebody took on (`loyalty.schedule`)."""

    name = models.CharField(primary_key=True, max_length=60)
    slot = models.BigIntegerField()
    started_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
