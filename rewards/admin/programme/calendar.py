"""When campaigns run: the month, the weeks ahead, and whether one runs at an instant."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from loyalty import clock
from loyalty.admin import words
from loyalty.admin.gate import guarded
from loyalty.admin.shell import site
from rewards.drafts.operations import newest
from rewards.drafts.posted import instant

from . import sentences, vocabulary
from .naming import Names

Part = Mapping[str, Any]
WEEKS = 13
SPAN_DAYS = WEEKS * 7
HOURS_AHEAD = 24 * 400
SERIES = 4  # marks that tell campaigns apart


@dataclass(frozen=True)
class Bar:
    """One campaign on the timeline, in percent of its width."""

    x: str
    width: str


def span(part: Part) -> tuple[datetime | None, datetime | None]:
    """From when and until when (excluded) a campaign may run."""
    window = part.get("window") or {}
    return instant(window.get("from")), instant(window.get("until"))


def state(part: Part, at: datetime, *, used_up: bool = False) -> str:
    """`paused`, `soon`, `ended`, `used_up` or `running`."""
    first, last = span(part)
    if last is not None and last <= at:
        return "ended"
    if part.get("enabled") is False:
        return "paused"
    if first is not None and at < first:
        return "soon"
    return "used_up" if used_up else "running"


STATES: dict[str, tuple[str, Any]] = {
    "running": ("on", gettext_lazy("running")),
    "soon": ("wait", gettext_lazy("soon")),
    "paused": ("wait", gettext_lazy("paused")),
    "used_up": ("bad", gettext_lazy("budget used up")),
    "ended": ("off", gettext_lazy("ended")),
}


def runs_on(part: Part, day: date, names: Names) -> bool:
    """Whether a campaign runs at some time of a local day."""
    first, last = span(part)
    if part.get("enabled") is False:
        return False
    if first is not None and first >= clock.end_of(day, names.zone):
        return False
    if last is not None and last <= clock.start_of(day, names.zone):
        return False
    days = (part.get("window") or {}).get("weekdays") or []
    return not days or day.isoweekday() in days


def next_hour(part: Part, names: Names, at: datetime) -> datetime:
    """The next full hour at which the campaign runs (within some 13 months), else `at`."""
    hours = (part.get("window") or {}).get("hours") or []
    moment = at.astimezone(names.zone).replace(minute=0, second=0, microsecond=0)
    first, _last = span(part)
    if first is not None and first > moment:
        moment = first.astimezone(names.zone)
    for _step in range(HOURS_AHEAD):
        text = f"{moment:%H:%M}"
        usual = moment.hour >= 10 or len(hours) == 2  # nobody tries a sale at midnight
        if usual and runs_on(part, moment.date(), names) and _within(hours, text):
            return moment
        moment = (moment + timedelta(hours=1)).astimezone(names.zone)
    return at


def _within(hours: Any, text: str) -> bool:
    """Whether a time of day lies in some hours, which may go over midnight."""
    if not isinstance(hours, list) or len(hours) != 2:
        return True
    first, last = str(hours[0]), str(hours[1])
    return first <= text < last if first < last else text >= first or text < last


@site.page("programme/calendar/", "programme_calendar")
@guarded("programme", act="view")
def show(request: HttpRequest) -> HttpResponse:
    """A month of campaigns, and the weeks ahead as a timeline; on a phone as a list."""
    _version, document = newest()
    names = Names(document)
    today = clock.day_of(clock.now(), names.zone)
    month = _month(request.GET.get("month", ""), today)
    listed = [one for one in document.get("campaigns") or [] if isinstance(one, Mapping)]
    weeks = calendar.Calendar().monthdatescalendar(month.year, month.month)
    start = max(month, today - timedelta(days=today.weekday())) if month <= today else month
    context = {
        **site.each_context(request),
        "title": _("Calendar of campaigns"),
        "month": _month_name(month),
        "before": _step(month, -1),
        "after": _step(month, 1),
        "weekdays": list(vocabulary.WEEKDAYS.values()),
        "weeks": [[_day(day, month, today, listed, names) for day in week] for week in weeks],
        "rows": [_row(one, i, start, names) for i, one in enumerate(listed)],
        "ticks": [
            {"x": f"{100 * i / WEEKS:.2f}%", "label": _short(start + timedelta(days=7 * i))} for i in range(0, WEEKS, 2)
        ],
        "span": _("%(first)s to %(last)s")
        % {"first": _short(start), "last": _short(start + timedelta(days=SPAN_DAYS - 1))},
    }
    return TemplateResponse(request, "staff/programme/calendar.html", context)


def _month(text: str, today: date) -> date:
    try:
        found = date.fromisoformat(f"{text}-01")
    except ValueError:
        return today.replace(day=1)
    return found if 2000 < found.year < 2100 else today.replace(day=1)


def _step(month: date, by: int) -> str:
    other = (month + timedelta(days=32)) if by > 0 else (month - timedelta(days=1))
    return f"{other:%Y-%m}"


def _month_name(month: date) -> str:
    return date_format(month, "Y年n月" if (get_language() or "").startswith("ja") else "F Y")


def _short(day: date) -> str:
    return date_format(day, "n/j" if (get_language() or "").startswith("ja") else "j M")


def _day(day: date, month: date, today: date, listed: list[Part], names: Names) -> dict[str, Any]:
    running = [
        {"name": names.of(one), "mark": i % SERIES, "link": _link(one)}
        for i, one in enumerate(listed)
        if runs_on(one, day, names)
    ]
    return {
        "number": day.day,
        "iso": day.isoformat(),
        "outside": day.month != month.month,
        "today": day == today,
        "running": running,
        "several": len(running) > 1,
    }


def _row(part: Part, number: int, start: date, names: Names) -> dict[str, Any]:
    first, last = span(part)
    opens = clock.start_of(start, names.zone)
    closes = clock.start_of(start + timedelta(days=SPAN_DAYS), names.zone)
    left, right = max(first or opens, opens), min(last or closes, closes)
    bars = []
    if left < right:
        whole = (closes - opens).total_seconds()
        bars = _bars(part, left, right, opens, whole, names)
    mark, word = STATES[state(part, clock.now())]
    return {
        "name": names.of(part),
        "mark": number % SERIES,
        "state": words.state(mark, word),
        "bars": bars,
        "dates": " ".join(sentences.recurrence(part.get("window") or {}, names)) or _("Every day, without an end."),
        "link": _link(part),
    }


def _bars(part: Part, left: datetime, right: datetime, opens: datetime, whole: float, names: Names) -> list[Bar]:
    """One bar for the whole time, or one for each stretch of days on which it comes back."""
    stretches: list[tuple[datetime, datetime]] = []
    if not (part.get("window") or {}).get("weekdays"):
        stretches = [(left, right)]
    else:
        day = clock.day_of(left, names.zone)
        while clock.start_of(day, names.zone) < right:
            if runs_on({**part, "enabled": True}, day, names):
                edge = (max(left, clock.start_of(day, names.zone)), min(right, clock.end_of(day, names.zone)))
                if stretches and stretches[-1][1] == edge[0]:
                    edge = (stretches.pop()[0], edge[1])
                stretches.append(edge)
            day += timedelta(days=1)
    return [
        Bar(
            f"{100 * (a - opens).total_seconds() / whole:.2f}%",
            f"{max(0.6, 100 * (b - a).total_seconds() / whole):.2f}%",
        )
        for a, b in stretches
    ]


def _link(part: Part) -> str:
    return f"{reverse('admin:programme')}#campaign-{part.get('code')}"
