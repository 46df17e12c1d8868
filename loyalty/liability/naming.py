"""Which row of the book an entry belongs to. A kind that is not named here shows up as a row of its own, loudly."""

from __future__ import annotations

from django.db.models import Q

from loyalty.ledger import House
from loyalty.models import Kind

ISSUED, TAKEN_BACK = "issued", "taken_back"
REDEEMED, GIVEN_BACK = "redeemed", "given_back"
EXPIRED, REINSTATED = "expired", "reinstated"
ADJUSTED, WRITTEN_OFF, FORFEITED = "adjusted", "written_off", "forfeited"
TRANSFERRED, UNNAMED = "transferred", "unnamed"

# The order of the book. Of all rows, transfers alone must add up to 0, and nothing may stand in the last one.
ROWS = (
    ISSUED,
    TAKEN_BACK,
    REDEEMED,
    GIVEN_BACK,
    EXPIRED,
    REINSTATED,
    ADJUSTED,
    WRITTEN_OFF,
    FORFEITED,
    TRANSFERRED,
    UNNAMED,
)

BY_KIND: dict[str, str] = {
    Kind.EARN: ISSUED,
    Kind.RETURN: TAKEN_BACK,
    Kind.REDEEM: REDEEMED,
    Kind.GIVE_BACK: GIVEN_BACK,
    Kind.EXPIRE: EXPIRED,
    Kind.ADJUST: ADJUSTED,
    Kind.WRITE_OFF: WRITTEN_OFF,
    Kind.FORFEIT: FORFEITED,
    Kind.TRANSFER_OUT: TRANSFERRED,
    Kind.TRANSFER_IN: TRANSFERRED,
}
# What undoes something belongs beside what it undoes, which its house account tells.
UNDOING = frozenset({Kind.REVERSE, Kind.REINSTATE})
BY_HOUSE: dict[str, str] = {
    House.ISSUED: TAKEN_BACK,
    House.REDEEMED: GIVEN_BACK,
    House.EXPIRED: REINSTATED,
    House.ADJUSTED: ADJUSTED,
    House.WRITTEN_OFF: WRITTEN_OFF,
    House.IN_TRANSIT: TRANSFERRED,
}


def row_of(house: str, kind: str) -> str:
    """The row of an entry, `unnamed` for what nobody has named yet."""
    if kind in UNDOING:
        return BY_HOUSE.get(house, UNNAMED)
    return BY_KIND.get(kind, UNNAMED)


def entries_of(row: str) -> Q:
    """The entries of a row; for `unnamed` those of no other."""
    if row == UNNAMED:
        named = Q()
        for other in ROWS[:-1]:
            named |= entries_of(other)
        return ~named
    kinds = [kind for kind, named_row in BY_KIND.items() if named_row == row]
    houses = [house for house, named_row in BY_HOUSE.items() if named_row == row]
    return Q(kind__in=kinds) | Q(kind__in=UNDOING, house__in=houses)
