"""What moved (entries) and where the points lie (lots)."""

from django.db import models
from django.db.models import F, Q

from loyalty import clock
from loyalty.ids import uuid7


class Kind(models.TextChoices):
    """Why points moved (CONTRACT 1.2)."""

    EARN = "earn"
    REDEEM = "redeem"
    GIVE_BACK = "give_back"
    RETURN = "return"
    WRITE_OFF = "write_off"
    EXPIRE = "expire"
    REINSTATE = "reinstate"
    ADJUST = "adjust"
    TRANSFER_OUT = "transfer_out"
    TRANSFER_IN = "transfer_in"
    FORFEIT = "forfeit"
    REVERSE = "reverse"


class Entry(models.Model):
    """One movement of points between a personal account and a house account. Never updated, never deleted.

    `points` is signed from the owner's side. `debt_change` is how this movement changed the owner's debt, so that
    `points = lots granted + lot movements − debt_change` can be checked by the database itself at commit.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey("loyalty.Account", models.PROTECT, related_name="entries", db_index=False)
    sequence = models.BigIntegerField()
    kind = models.CharField(max_length=16, choices=Kind.choices)
    house = models.CharField(max_length=40)  # issued, redeemed, expired, …: summed, never locked
    points = models.BigIntegerField()
    balance_after = models.BigIntegerField()
    debt_change = models.BigIntegerField(default=0)
    reference = models.CharField(max_length=160)  # the caller's name for this fact (CONTRACT 3.1)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(default=clock.now)
    actor = models.CharField(max_length=120)  # staff:…, key:…, member, system:expiry
    store = models.ForeignKey("loyalty.Store", models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    reverses = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    decision = models.ForeignKey(
        "loyalty.Decision", models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        verbose_name_plural = "entries"
        constraints = [
            models.CheckConstraint(name="entry_moves", condition=~Q(points=0)),
            models.UniqueConstraint("account", "reference", name="entry_once"),
            models.UniqueConstraint("account", "sequence", name="entry_in_sequence"),
            models.UniqueConstraint(
                "account",
                "reverses",
                name="entry_reversed_once",
                condition=Q(reverses__isnull=False),
            ),
        ]
        indexes = [models.Index("recorded_at", name="entry_recorded")]

    def __str__(self) -> str:
        return f"{self.points:+d} {self.reference}"


class Lot(models.Model):
    """What one entry granted and what is left of it. Points held are in `held`, no longer in `remaining`."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey("loyalty.Account", models.PROTECT, related_name="lots", db_index=False)
    entry = models.ForeignKey("loyalty.Entry", models.PROTECT, related_name="lots", db_index=False)
    sequence = models.BigIntegerField()  # the entry's, for the spending order
    part = models.SmallIntegerField(default=0)  # one entry may grant several lots
    granted = models.BigIntegerField()
    remaining = models.BigIntegerField()
    held = models.BigIntegerField(default=0)
    available_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    undoes = models.ForeignKey(  # points given back after their date had passed: the taking they come from
        "loyalty.LotMovement", models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    # Of lots that end through inactivity: the terms they were granted under, the date they were granted with, and why
    # `expires_at` is a later one.
    idle = models.TextField(default="", db_default="", blank=True)  # `ledger.Idle` as text; empty: the date is fixed
    granted_until = models.DateTimeField(null=True, blank=True)
    renewal = models.ForeignKey(
        "loyalty.Renewal", models.PROTECT, null=True, blank=True, related_name="lots", db_index=False
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="lot_within_grant",
                condition=Q(granted__gt=0, remaining__gte=0, held__gte=0) & Q(granted__gte=F("remaining") + F("held")),
            ),
            models.UniqueConstraint("account", "sequence", "part", name="lot_once"),
        ]
        indexes = [
            models.Index(
                "account",
                "expires_at",
                "available_at",
                name="lot_open",
                condition=Q(remaining__gt=0) | Q(held__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.remaining} of {self.granted}"


class Renewal(models.Model):
    """What a member did that kept points from ending through inactivity. Never updated, never deleted.

    The lots that were open then and granted under the terms `idle` end at `until` from here on, and name this row.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey("loyalty.Account", models.PROTECT, related_name="renewals", db_index=False)
    idle = models.TextField()
    reference = models.CharField(max_length=160)  # what was done: sale:ID, redemption:ID, activity:ID
    at = models.DateTimeField()  # when it was done
    until = models.DateTimeField()
    sequence = models.BigIntegerField()  # of the account's last entry then: lots of later ones were not yet there
    recorded_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint("account", "reference", "idle", name="renewal_once")]

    def __str__(self) -> str:
        return f"{self.reference} until {self.until:%Y-%m-%d}"


class LotMovement(models.Model):
    """What an entry took from a lot (negative) or gave back to it (positive). Never updated, never deleted.

    Without an entry it is a payment of debt made when the lot became available.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey("loyalty.Account", models.PROTECT, related_name="+", db_index=False)
    lot = models.ForeignKey("loyalty.Lot", models.PROTECT, related_name="movements", db_index=False)
    entry = models.ForeignKey(
        "loyalty.Entry",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="movements",
        db_index=False,
    )
    undoes = models.ForeignKey(  # of a give-back: the taking it undoes
        "self", models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    points = models.BigIntegerField()
    recorded_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.CheckConstraint(name="lot_movement_moves", condition=~Q(points=0))]
        indexes = [
            models.Index("account", "lot", name="lot_movement_of_lot"),
            models.Index("account", "entry", name="lot_movement_of_entry"),
        ]

    def __str__(self) -> str:
        return f"{self.points:+d}"
