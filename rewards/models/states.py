"""What rules remember: of each member for caps, carry, stamps and streaks; of all members for totals and budgets."""

from django.db import models
from django.db.models import Q

from loyalty.ids import uuid7


class RuleState(models.Model):
    """What one rule or campaign (`campaign:CODE`) granted one member, and how far the member is with it.

    Changed only under the member's lock. `granted` is what decisions gave less what was taken back; `version` is the
    newest programme version under which it was kept without a gap (see `earning.states`).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey("members.Member", models.CASCADE, related_name="+", db_index=False)
    key = models.TextField()
    day = models.DateField()  # of the programme's zone: the newest on which something happened
    granted_today = models.BigIntegerField(default=0)  # on `day`
    granted = models.BigIntegerField(default=0)
    taken_back = models.BigIntegerField(default=0)
    carried_minor = models.BigIntegerField(default=0)  # money below one step
    progress = models.JSONField(default=dict, blank=True)  # rules.Progress
    version = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint("member", "key", name="rule_state_once"),
            models.CheckConstraint(
                name="rule_state_not_negative",
                condition=Q(granted__gte=0, granted_today__gte=0, taken_back__gte=0, carried_minor__gte=0),
            ),
        ]

    def __str__(self) -> str:
        return self.key


class SharedCounter(models.Model):
    """What one rule or campaign granted all members together, less what was taken back.

    Locked by key, after the member (CONTRACT 3.9), by whoever grants under its cap or budget.
    """

    key = models.TextField(primary_key=True)
    granted = models.BigIntegerField(default=0)
    taken_back = models.BigIntegerField(default=0)
    version = models.IntegerField(default=0)  # as of RuleState

    class Meta:
        constraints = [
            models.CheckConstraint(name="shared_counter_not_negative", condition=Q(granted__gte=0, taken_back__gte=0)),
        ]

    def __str__(self) -> str:
        return self.key
