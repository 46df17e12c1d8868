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
from .in_force import Period, ever, periods
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
    weeks = calendar.Calendar().monthdatescalendar(month.year, month.month)
    start = max(month, today - timedelta(days=today.weekday())) if month <= today else month
    shown = _between(weeks[0][0], weeks[-1][-1], names)
    ahead = _between(start, start + timedelta(days=SPAN_DAYS - 1), names)
    marks = {code: i % SERIES for i, code in enumerate(ever([*shown, *ahead]))}
    context = {
        **site.each_context(request),
        "title": _("Calendar of campaigns"),
        "month": _month_name(month),
        "campaigns": bool(marks or document.get("campaigns")),
        "before": _step(month, -1),
        "after": _step(month, 1),
        "weekdays": list(vocabulary.WEEKDAYS.values()),
        "weeks": [[_day(day, month, today, shown, marks, names) for day in week] for week in weeks],
        "rows": [_row(code, marks[code], start, ahead, names) for code in ever(ahead)],
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


def _between(first: date, last: date, names: Names) -> list[Period]:
    return periods(clock.start_of(first, names.zone), clock.end_of(last, names.zone))


def _day(
    day: date, month: date, today: date, shown: list[Period], marks: Mapping[str, int], names: Names
) -> dict[str, Any]:
    """A day with what runs on it, by the versions that hold on that day."""
    opens, closes = clock.start_of(day, names.zone), clock.end_of(day, names.zone)
    running: dict[str, dict[str, Any]] = {}
    for period in shown:
        if period.starts_at < closes and period.ends_at > opens:
            for code, part in period.campaigns.items():
                if runs_on(part, day, period.names):
                    running[code] = {"name": period.names.of(part), "mark": marks[code], "link": _link(part)}
    return {
        "number": day.day,
        "iso": day.isoformat(),
        "outside": day.month != month.month,
        "today": day == today,
        "running": [running[code] for code in marks if code in running],
        "several": len(running) > 1,
    }


def _row(code: str, mark: int, start: date, ahead: list[Period], names: Names) -> dict[str, Any]:
    """A campaign in the weeks ahead."""
    part, own = ever(ahead)[code]
    opens = clock.start_of(start, names.zone)
    whole = (clock.start_of(start + timedelta(days=SPAN_DAYS), names.zone) - opens).total_seconds()
    stretches: list[tuple[datetime, datetime]] = []
    for period in ahead:
        for begin, end in _stretches(period, code):
            before = stretches.pop() if stretches and stretches[-1][1] == begin else (begin, end)
            stretches.append((before[0], end))
    word, said = STATES[_state(code, part, ahead)]
    return {
        "name": own.of(part),
        "mark": mark,
        "state": words.state(word, said),
        "bars": [
            _bar((begin - opens).total_seconds(), (end - opens).total_seconds(), whole) for begin, end in stretches
        ],
        "dates": " ".join(sentences.recurrence(part.get("window") or {}, own)) or _("Every day, without an end."),
        "link": _link(part),
    }


def _state(code: str, part: Part, ahead: list[Period]) -> str:
    """Of a campaign that a version brings later, or has taken away, that is what is said."""
    now = clock.now()
    present = next((one for one in ahead if one.starts_at <= now < one.ends_at), ahead[0])
    if code in present.campaigns:
        return state(part, now)
    return "soon" if any(code in one.campaigns for one in ahead if one.starts_at > now) else "ended"


def _bar(begin: float, end: float, whole: float) -> Bar:
    return Bar(f"{100 * begin / whole:.2f}%", f"{max(0.6, 100 * (end - begin) / whole):.2f}%")


def _stretches(period: Period, code: str) -> list[tuple[datetime, datetime]]:
    """The whole time in which a campaign runs during a period, or each stretch of days on which it comes back."""
    part = period.campaigns.get(code)
    if part is None or part.get("enabled") is False:
        return []
    first, last = span(part)
    left, right = max(first or period.starts_at, period.starts_at), min(last or period.ends_at, period.ends_at)
    if left >= right:
        return []
    if not (part.get("window") or {}).get("weekdays"):
        return [(left, right)]
    zone, found = period.names.zone, []
    day = clock.day_of(left, zone)
    while clock.start_of(day, zone) < right:
        if runs_on(part, day, period.names):
            found.append((max(left, clock.start_of(day, zone)), min(right, clock.end_of(day, zone))))
        day += timedelta(days=1)
    return found


def _link(part: Part) -> str:
    return f"{reverse('admin:programme')}#campaign-{part.get('code')}"
