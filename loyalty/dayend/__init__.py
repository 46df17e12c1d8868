"""A day's end: what is worked out once a day, in the programme's zone, as of the day's last instant (CONTRACT 3.10).

    @dayend.step(dayend.Phase.TIERS)
    def recount(day: Day) -> int: …                  in APP/dayend.py; the order of phases is the day's own

Whenever it runs it gives the same: a step asks what was true at `day.last`, not what is true now, and changes nothing
when it runs again. Days that were skipped are closed in order, and a row says that a day is closed.
"""

from . import points as points
from .closing import close, close_due, days_due
from .registry import Day, Phase, step

__all__ = ["Day", "Phase", "close", "close_due", "days_due", "step"]
