"""What staff moved by hand: what the limits of a person's day count."""

from django.db import models
from django.db.models import Q

from loyalty import clock
from loyalty.ids import uuid7


class StaffAct(models.Model):
    """One act by which a person set points in motion: a correction, its undo, an adjustment. Never changed.

    Written under the person's lock (`loyalty.staff_limits`), in the transaction of the act itself.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    actor = models.CharField(max_length=120)
    day = models.DateField()  # of the programme's zone
    points = models.BigIntegerField()  # how many were given, taken or left, whatever the direction
    alone = models.BooleanField()  # no second person approved it
    act = models.CharField(max_length=40)
    object_id = models.CharField(max_length=64)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint("act", "object_id", name="staff_act_once"),
            models.CheckConstraint(name="staff_act_positive", condition=Q(points__gt=0)),
        ]
        indexes = [models.Index("actor", "day", name="staff_act_of_day")]

    def __str__(self) -> str:
        return f"{self.act} {self.points}"
