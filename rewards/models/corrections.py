"""A rule that granted points in error: who got what, and what was decided about it."""

from django.db import models
from django.db.models import Q, Value
from django.utils.translation import gettext_lazy as _

from loyalty import clock
from loyalty.ids import uuid7


class Correction(models.Model):
    """One decision about everything a rule granted in a period. Its content is fixed when it is prepared.

    It begins as a question: a worker counts who got what (`counting`, then `counted`); nothing is decided before it
    is `prepared`, and a question that leads to nothing is forgotten after a day.

    `content_hash` is SHA-256 over rule, period, deed, words, and every member with the points of every decision: what
    a second person approves is exactly what will be done.
    """

    class Deed(models.TextChoices):
        TAKE_BACK = "take_back", _("take back")
        FORGIVE = "forgive", _("let members keep them")

    class State(models.TextChoices):
        COUNTING = "counting", _("being counted")
        COUNTED = "counted", _("counted")
        PREPARED = "prepared", _("prepared")
        RUNNING = "running", _("at work")
        DONE = "done", _("done")
        WITHDRAWN = "withdrawn", _("withdrawn")
        UNDOING = "undoing", _("being undone")
        UNDONE = "undone", _("undone")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    rule = models.CharField(max_length=40)
    versions = models.JSONField(default=list, blank=True)  # of the rule; empty: every one
    since = models.DateTimeField()
    until = models.DateTimeField()  # the first instant that is not meant
    store = models.ForeignKey("loyalty.Store", models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    deed = models.CharField(max_length=10, choices=Deed.choices, blank=True)
    below_zero = models.CharField(max_length=6)  # refuse | clamp | debt, as the programme said when it was prepared
    reason = models.CharField(max_length=300, blank=True)
    left_out = models.JSONField(
        default=list, blank=True, db_default=Value([], models.JSONField())
    )  # ids of members: the own membership of who asked
    totals = models.JSONField(
        default=dict, blank=True, db_default=Value({}, models.JSONField())
    )  # what was counted, for the page (granting.Counted)
    words = models.JSONField(default=dict, blank=True)  # what members are told besides, by language
    members = models.IntegerField(default=0)
    points = models.BigIntegerField(default=0)  # due in all
    content_hash = models.CharField(max_length=64, blank=True)
    needs_second = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PREPARED)
    prepared_by = models.CharField(max_length=120)
    prepared_at = models.DateTimeField(default=clock.now)
    started_by = models.CharField(max_length=120, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    undo_asked_by = models.CharField(
        max_length=120, blank=True, db_default=""
    )  # over the limit: waits for a second person
    undone_by = models.CharField(max_length=120, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    undo_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(name="correction_has_a_period", condition=Q(since__lt=models.F("until")))]
        indexes = [
            models.Index("rule", name="correction_of_rule"),
            models.Index("id", name="correction_at_work", condition=Q(state__in=["counting", "running", "undoing"])),
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.deed}"


class CorrectionPart(models.Model):
    """What a correction means for one member; worked off one by one, each in a transaction of its own.

    `grants` are the points due by decision when it was prepared, `settled` those that were taken or left for good.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DONE = "done", _("done")
        NOTHING = "nothing", _("nothing was left")
        REFUSED = "refused", _("too few points")
        OWN = "own", _("own membership")
        GONE = "gone", _("membership ended")
        FAILED = "failed", _("failed")
        UNDONE = "undone", _("undone")

    # Made by the database in one statement for all members, so these are random: uuidv7() needs PostgreSQL 18, and 15
    # is served, too. Workers take parts in the order of these ids, so several seldom ask for the same row.
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    correction = models.ForeignKey(Correction, models.CASCADE, related_name="parts", db_index=False)
    member = models.ForeignKey("members.Member", models.PROTECT, related_name="+")
    sales = models.IntegerField()  # decisions in which the rule granted something
    granted = models.BigIntegerField()
    due = models.BigIntegerField()
    spent = models.BigIntegerField()  # of what is due: no longer in the lots it came in, when it was prepared
    waiting = models.BigIntegerField(default=0, db_default=0)  # of what is due: pending when it was counted
    grants = models.JSONField()
    settled = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    taken = models.BigIntegerField(default=0)
    debt = models.BigIntegerField(default=0)  # of what was taken
    missing = models.BigIntegerField(default=0)  # due, but not there
    entry = models.ForeignKey("loyalty.Entry", models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    undo_entry = models.ForeignKey(
        "loyalty.Entry", models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    attempts = models.SmallIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("correction", "member", name="correction_part_once"),
            models.CheckConstraint(
                name="correction_part_within_due", condition=Q(taken__lte=models.F("due"), due__gt=0)
            ),
        ]
        indexes = [models.Index("correction", "state", "attempts", "id", name="correction_part_next")]

    def __str__(self) -> str:
        return f"{self.due} {self.state}"
