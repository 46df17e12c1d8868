"""The first page: are the books right, how is the programme doing, what waits (UI.md §9)."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Count, Min, Q
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from loyalty import charts, clock, money, outbox, policies, roles
from loyalty.admin import checks, words
from loyalty.admin.shell import site
from loyalty.figures import compact
from loyalty.models import User
from members.admin import numbers
from members.models import Message

PERIODS = [
    ("4w", gettext_lazy("28 days")),
    ("13w", gettext_lazy("13 weeks")),
    ("52w", gettext_lazy("52 weeks")),
]
LATE_SECONDS = 3600
MOST_PERCENT = 999


def home(request: HttpRequest) -> HttpResponse:
    """The dashboard of whoever asks: everywhere, or the stores their roles are bound to."""
    if not roles.may(request.user, "do", "home"):
        raise PermissionDenied
    places = roles.reach(request.user, "do", "home")
    chosen = request.GET.get("period", "4w")
    chosen = chosen if chosen in numbers.PERIODS else "4w"
    figures = numbers.of(chosen, None if places is None else list(places))
    language = get_language() or "en"
    report = checks.latest()
    context = {
        **site.each_context(request),
        "title": _("Home"),
        "report": report,
        "at": words.moment(report.as_of),
        "seconds": f"{report.seconds:.1f}",
        "may_check": roles.may(request.user, "do", "check"),
        "may_read_books": roles.may(request.user, "do", "books"),
        "periods": [{"code": code, "name": name, "current": code == chosen} for code, name in PERIODS],
        "span": _span(figures, language),
        "past": not figures.today,
        "kpis": _kpis(figures, request),
        "weeks": figures.weeks,
        "flow": charts.bars([_bar(week, language) for week in figures.weeks], titled_by="h-flow"),
        "flow_rows": [
            (
                _short(week.starts, language),
                words.number(week.issued),
                words.number(-week.redeemed),
                words.number(-week.expired),
            )
            for week in figures.weeks
        ],
        "tasks": _tasks(request),
        "stock": _stock(figures, language),
        "levels": _levels(figures, language),
        "empty": figures.members == 0,
    }
    return TemplateResponse(request, "staff/home.html", context)


site.home = home


def _span(figures: numbers.Figures, language: str) -> str:
    return _("%(first)s to %(last)s") % {
        "first": _long(clock.day_of(figures.starts, policies.current().zone), language),
        "last": _long(figures.last_day, language),
    }


def _long(day: date, language: str) -> str:
    return date_format(day, "Y年n月j日" if language.startswith("ja") else "j M Y")


def _short(day: date, language: str) -> str:
    return date_format(day, "n/j" if language.startswith("ja") else "j M")


def _bar(week: numbers.Week, language: str) -> charts.Bar:
    return charts.Bar(_short(week.starts, language), week.issued, (week.redeemed, week.expired))


def _kpis(figures: numbers.Figures, request: HttpRequest) -> list[dict[str, Any]]:
    """Five numbers with their change; up is green only where up is good."""
    members = "admin:members_member_changelist" if roles.may(request.user, "view", "members") else ""
    sales = "admin:members_sale_changelist"
    entries = "admin:loyalty_entry_changelist" if roles.may(request.user, "view", "ledger") else ""

    def spent(value: int) -> str:
        return words.short_amount(value, figures.currency)

    rows = [
        _kpi(_("Members who bought"), figures.active, compact, members, good=True),
        _kpi(_("Their purchases"), figures.sales, spent, sales, good=True),
        _kpi(_("Points issued"), figures.issued, compact, entries),
        _kpi(_("Points redeemed"), figures.redeemed, compact, entries, good=True),
    ]
    if figures.outstanding is not None:
        rows.append(_kpi(_("Points outstanding"), figures.outstanding, compact, entries))
    else:
        rows.append(_kpi(_("New members"), figures.joined, compact, members, good=True))
    return rows


def _kpi(name: str, number: numbers.Number, shown: Any, link: str, *, good: bool = False) -> dict[str, Any]:
    change = _change(number.now, number.before)
    up = number.now >= number.before
    return {
        "name": name,
        "value": shown(number.now),
        "before": shown(number.before),
        "change": change,
        "mark": ("good" if up else "worse") if good and change else "",
        "spark": charts.spark(number.line, number.line_before),
        "link": reverse(link) if link else "",
    }


def _change(now: int, before: int) -> str:
    """Against the period before: +12.5%, −3.0%; from eleven times on ×11. "" without anything to compare with."""
    if before <= 0:
        return ""
    percent = Fraction(100 * (now - before), before)
    if percent > MOST_PERCENT:
        return f"×{compact(Fraction(now, before))}"
    return f"{'+' if percent > 0 else chr(0x2212) if percent < 0 else '±'}{abs(float(percent)):.1f}%"


def _tasks(request: HttpRequest) -> list[dict[str, Any]]:
    """Work that waits on a person, each with a link; late where it is old."""
    tasks = []
    if roles.may(request.user, "view", "facts"):
        waiting = outbox.waiting()
        facts = reverse("admin:loyalty_fact_changelist")
        tasks.append(_task(waiting["parked"], _("facts that were given up"), f"{facts}?state=parked", "", late=True))
        late = waiting["oldest_seconds"] > LATE_SECONDS
        age = _("oldest %(age)s") % {"age": _age(waiting["oldest_seconds"])}
        tasks.append(_task(waiting["waiting"], _("facts to be passed on"), f"{facts}?state=waiting", age, late=late))
    if roles.may(request.user, "view", "messages") and roles.reach(request.user, "view", "messages") is None:
        now = clock.now()
        found = Message.objects.aggregate(
            failed=Count("pk", filter=Q(status=Message.Status.FAILED)),
            queued=Count("pk", filter=Q(status__in=["queued", "sending"], due_at__lte=now)),
            oldest=Min("due_at", filter=Q(status__in=["queued", "sending"], due_at__lte=now)),
        )
        messages = reverse("admin:members_message_changelist")
        tasks.append(
            _task(found["failed"], _("messages that failed"), f"{messages}?status__exact=failed", "", late=True)
        )
        seconds = (now - found["oldest"]).total_seconds() if found["oldest"] else 0
        age = _("oldest %(age)s") % {"age": _age(seconds)}
        link = f"{messages}?status__exact=queued"
        tasks.append(_task(found["queued"], _("messages to be sent"), link, age, late=seconds > LATE_SECONDS))
    if roles.may(request.user, "change", "staff"):
        without = User.objects.filter(is_staff=True, is_active=True).exclude(authenticator__type="totp").count()
        people = reverse("admin:loyalty_user_changelist")
        tasks.append(_task(without, _("staff without a second factor"), people, "", late=False))
    return [task for task in tasks if task["count"]]


def _task(count: int, name: str, link: str, note: str, *, late: bool) -> dict[str, Any]:
    return {"count": count, "shown": words.number(count), "name": name, "link": link, "note": note, "late": late}


def _age(seconds: float) -> str:
    if seconds >= 2 * 86400:
        days = int(seconds // 86400)
        return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}
    if seconds >= 2 * 3600:
        hours = int(seconds // 3600)
        return ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}
    minutes = int(seconds // 60)
    return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}


def worth(points: int) -> tuple[int, bool]:
    """Minor units that `points` are worth, and whether the programme itself says so.

    The best pay-with-points reward sets the value; where there is none, a point counts as one minor unit.
    """
    programme = policies.current()
    best = Fraction(0)
    for reward in programme.document.get("rewards", []):
        if reward.get("kind") == "pay_with_points" and reward.get("block"):
            value = money.minor(str(reward.get("value", "0")), programme.currency)
            best = max(best, Fraction(value, int(reward["block"])))
    return (int(points * best), True) if best else (points, False)


def _stock(figures: numbers.Figures, language: str) -> dict[str, Any] | None:
    """Points outstanding over the last year, and what they are worth."""
    if figures.outstanding is None:
        return None
    value, said = worth(figures.outstanding.now)
    named = [(_month(day, language), total) for day, total in figures.months]
    return {
        "chart": charts.area(named, titled_by="h-stock"),
        "rows": [(name, words.number(total)) for name, total in named],
        "points": compact(figures.outstanding.now),
        "value": words.short_amount(value, figures.currency),
        "said": said,
        "unit": words.amount(1, figures.currency),
    }


def _month(day: date, language: str) -> str:
    return date_format(day, "Y/n" if language.startswith("ja") else "M Y")


def _levels(figures: numbers.Figures, language: str) -> list[dict[str, Any]]:
    link = reverse("admin:members_member_changelist")
    return [
        {
            "name": policies.localised(level.name, language),
            "ticks": [place < level.rank for place in range(min(level.of, 4))],
            "members": words.number(level.members),
            "up": words.number(level.up) if level.up else "—",
            "down": words.number(level.down) if level.down else "—",
            "link": f"{link}?tier={level.code}",
        }
        for level in figures.levels
    ]
