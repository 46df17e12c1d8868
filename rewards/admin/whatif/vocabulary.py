"""Words of what-if: states, periods, refusals, failures."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _

from loyalty import clock, policies
from loyalty.admin import words
from rewards import whatif
from rewards.models import WhatIf

_VERSION = "version:"
_MARKS = {
    WhatIf.Status.QUEUED: "wait",
    WhatIf.Status.RUNNING: "wait",
    WhatIf.Status.DONE: "on",
    WhatIf.Status.FAILED: "bad",
    WhatIf.Status.CANCELLED: "off",
}


def state(run: WhatIf) -> str:
    """A run's state."""
    return words.state(_MARKS[WhatIf.Status(run.status)], run.get_status_display())


def preset(code: str) -> str:
    """A period that is offered."""
    return {
        "month": _("the last month with sales"),
        "quarter": _("the last quarter with sales"),
        "year": _("the last year with sales"),
    }.get(code, _("all sales"))


def days(first: date, last: date) -> str:
    """A period by its first and last day."""
    zone = policies.current().zone
    begin, end = (words.day(clock.start_of(day, zone)) for day in (first, last))
    return begin if first == last else f"{begin} – {end}"


def span(run: WhatIf) -> str:
    """The period of a run."""
    zone = policies.current().zone
    if run.since is None or run.until is None:
        return _("all sales")
    return days(clock.day_of(run.since, zone), clock.last_day(run.until, zone))


def version(number: int) -> str:
    """A version of the programme."""
    return _("Version %(number)d") % {"number": number} if number else _("The empty programme")


def kept_name(number: int) -> str:
    """The name of a what-if of a version, as it is kept: it is said in the language of whoever reads it."""
    return f"{_VERSION}{number}"


def name(run: WhatIf) -> str:
    """What a run is called: its draft or file, or the version."""
    number = run.name.removeprefix(_VERSION)
    if run.draft is None and run.name.startswith(_VERSION) and number.isdecimal():
        return version(int(number))
    return run.name


def refusal(wrong: whatif.WhatIfRefused) -> str:
    """Why nothing was started, and what to do."""
    if wrong.code == "too_many":
        return _("Nothing was started: %(number)s what-ifs are open. Wait for one to end, or stop one.") % {
            "number": wrong.detail
        }
    if wrong.code == "currency":
        return _("Nothing was started: this programme counts in another currency than the stored sales (%(both)s).") % {
            "both": wrong.detail
        }
    if wrong.code == "period":
        return _("The period ends before it begins.")
    return _("Nothing was started: the programme has problems to solve first. The review of the draft names them.")


def failure(run: WhatIf) -> str:
    """Why a run failed; no points were moved in any case."""
    if run.problem == "rules":
        return _("The rules could not be used: %(detail)s") % {"detail": run.detail}
    if run.problem == "part":
        return _("Part %(part)s of the sales could not be replayed: whoever worked on it was stopped each time.") % {
            "part": run.detail
        }
    return _("Something unexpected happened: %(detail)s. Whoever runs the system finds more in the worker's log.") % {
        "detail": run.detail
    }
