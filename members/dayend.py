"""The members' part of a day's end."""

from loyalty import dayend
from members import recount


@dayend.step(dayend.Phase.TIERS)
def follow_programme(_day: dayend.Day) -> int:
    """Levels by the programme in force, where another version came into force by itself."""
    return recount.follow_programme()
