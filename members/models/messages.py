"""What the programme told a member, and how it got there."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from loyalty import clock
from loyalty.ids import uuid7


class Message(models.Model):
    """One message to one member through one channel; by `key`, a second handling of a fact changes nothing."""

    class Channel(models.TextChoices):
        INBOX = "inbox", _("inbox")
        EMAIL = "email", _("e-mail")

    class Status(models.TextChoices):
        QUEUED = "queued", _("queued")
        SENDING = "sending", _("sending")
        SENT = "sent", _("sent")
        FAILED = "failed", _("failed")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey("members.Member", models.CASCADE, related_name="messages", db_index=False)
    identity = models.ForeignKey(  # the address it goes to, where that is not the member's present one
        "members.Identity", models.CASCADE, null=True, blank=True, related_name="+", db_index=False
    )
    code = models.CharField(max_length=60)  # the template: welcome, points-earned, tier-reached, …
    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices)
    status = models.CharField(_("status"), max_length=8, choices=Status.choices, default=Status.QUEUED)
    key = models.CharField(max_length=160)  # what it is about: fact:<id>
    language = models.CharField(max_length=12)
    subject = models.CharField(_("subject"), max_length=250)
    text = models.TextField(_("text"))
    html = models.TextField(blank=True)
    occurred_at = models.DateTimeField()  # of the fact
    created_at = models.DateTimeField(default=clock.now)
    due_at = models.DateTimeField(default=clock.now)
    attempts = models.SmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint("member", "key", "code", "channel", name="message_once")]
        indexes = [
            models.Index("due_at", name="message_due", condition=Q(status__in=["queued", "sending"])),
            models.Index("identity", name="message_to_identity", condition=Q(identity__isnull=False)),
            models.Index(fields=["member", "channel", "-occurred_at"], name="message_of_member"),
        ]

    def __str__(self) -> str:
        return self.code
