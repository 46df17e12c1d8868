"""The rewards' part of a day's end: what the new day brings."""

from loyalty import dayend
from rewards import birthdays, occasions, referrals


@dayend.step(dayend.Phase.FOLLOWS)
def answer_occasions(_day: dayend.Day) -> int:
    """Birthdays, friends whose time has come, and everything else that is due to be answered."""
    birthdays.note_all()
    referrals.settle_all()
    return occasions.answer_due()
