"""The rows one verb of the ledger is about to write, and the arithmetic they share."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from loyalty import rows
from loyalty.models import Account, Entry, Hold, HoldPart, Lot, LotMovement

ACCOUNT_FIELDS = (
    "total",
    "pending",
    "held",
    "debt",
    "sequence",
    "lifetime_earned",
    "as_of",
    "renews",
    "next_change_at",
)


@dataclass
class Changes:
    """What one verb does to one account, collected and then written together.

    Keeps the account's running balance as it goes; `account` must be locked.
    """

    account: Account
    now: datetime
    entries: list[Entry] = field(default_factory=list)
    movements: list[LotMovement] = field(default_factory=list)
    new_lots: list[Lot] = field(default_factory=list)
    changed_lots: dict[int, Lot] = field(default_factory=dict)
    new_holds: list[Hold | HoldPart] = field(default_factory=list)
    changed_holds: list[Hold] = field(default_factory=list)

    def enter(self, entry: Entry) -> Entry:
        """Give an entry its sequence and running balance; its `account`, `points` and the rest are set already."""
        account = self.account
        account.sequence += 1
        account.total += entry.points
        entry.sequence = account.sequence
        entry.balance_after = account.total
        entry.recorded_at = self.now
        self.entries.append(entry)
        return entry

    def open(self, lot: Lot) -> Lot:
        """Add a fresh lot of an entry that was entered before."""
        self.new_lots.append(lot)
        if lot.available_at > self.now:
            self.account.pending += lot.remaining
        self.expect(lot.available_at)
        self.expect(lot.expires_at)
        return lot

    def move(self, lot: Lot, points: int, entry: Entry | None, undoes: LotMovement | None = None) -> LotMovement:
        """Take from a lot (negative) or give back to it (positive) and keep the record."""
        lot.remaining += points
        return self.note(lot, points, entry, undoes)

    def note(self, lot: Lot, points: int, entry: Entry | None, undoes: LotMovement | None = None) -> LotMovement:
        """Keep the record of a movement whose points the lot's columns show already."""
        movement = LotMovement(
            account_id=self.account.pk, lot=lot, entry=entry, points=points, undoes=undoes, recorded_at=self.now
        )
        self.movements.append(movement)
        self.touch(lot)
        return movement

    def touch(self, lot: Lot) -> None:
        """The lot's columns changed."""
        self.changed_lots[id(lot)] = lot

    def pay_debt(self, lot: Lot, entry: Entry | None) -> None:
        """Let the available points of a lot pay what is owed (CONTRACT 3.4)."""
        paid = min(self.account.debt, lot.remaining)
        if paid > 0:
            self.move(lot, -paid, entry)
            self.account.debt -= paid
            if entry is not None:
                entry.debt_change -= paid

    def expect(self, instant: datetime | None) -> None:
        """Something will change at `instant`, if that is still to come."""
        account = self.account
        if instant is not None and instant > self.now:
            account.next_change_at = min(instant, account.next_change_at or instant)

    def write(self) -> None:
        """Write everything in one statement (or leave it to the surrounding `rows.together`)."""
        self.account.as_of = max(self.account.as_of, self.now)
        fresh = {id(lot) for lot in self.new_lots}
        rows.write(
            self.entries,
            self.new_lots,
            self.movements,
            self.new_holds,
            change=[
                *((lot, ("remaining", "held")) for key, lot in self.changed_lots.items() if key not in fresh),
                *((hold, ("status", "resolved_at", "entry_id")) for hold in self.changed_holds),
                (self.account, ACCOUNT_FIELDS),
            ],
        )
