"""The end of the programme as members see it: how long, and what they can still do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from loyalty import clock, policies
from members.portal import formats, rulers


@dataclass(frozen=True)
class Shown:
    """The banner: a title with the days left, a sentence, the shop's own words, and the time as a ruler."""

    title: str
    text: str
    words: str
    ruler: rulers.Ruler | None


def shown(programme: policies.Policies) -> Shown | None:
    """What the banner says now; None while the programme does not close."""
    closing = programme.closing
    if closing is None:
        return None
    now, zone = clock.now(), programme.zone
    earning, redeeming = clock.last_day(closing.earning_until, zone), clock.last_day(closing.redeeming_until, zone)
    words = policies.localised(closing.text, get_language() or "en")
    if now >= closing.redeeming_until:
        text = _("You can still read your activity and your receipts. Points can no longer be used.")
        return Shown(_("This programme has ended"), text, words, None)
    days = (redeeming - formats.today(zone)).days + 1
    title = ngettext(
        "This programme ends: %(days)d day left to use your points",
        "This programme ends: %(days)d days left to use your points",
        days,
    ) % {"days": days}
    if now < closing.earning_until:
        text = _("You earn points until %(earning)s and can use them until %(redeeming)s. Then what is left expires.")
    else:
        text = _("Nothing is earned any more. You can use your points until %(redeeming)s. Then what is left expires.")
    said = text % {"earning": formats.day_long(earning), "redeeming": formats.day_long(redeeming)}
    return Shown(title, said, words, _ruler(programme, earning, redeeming, now))


def joining_ended(programme: policies.Policies) -> bool:
    """Whether nobody can join any more."""
    return programme.closing is not None and clock.now() >= programme.closing.earning_until


def _ruler(programme: policies.Policies, earning: date, redeeming: date, now: datetime) -> rulers.Ruler:
    """From the announcement (or a month before the end of earning) to the last day of redeeming."""
    today = clock.day_of(now, programme.zone)
    start = min(today, date.fromordinal(earning.toordinal() - 30))
    marks = [((earning - start).days, formats.day_short(earning, today), False)]
    if redeeming != earning:
        marks.append(((redeeming - start).days, formats.day_short(redeeming, today), False))
    say = _("Earning ends on %(earning)s, using points ends on %(redeeming)s.") % {
        "earning": formats.day_long(earning),
        "redeeming": formats.day_long(redeeming),
    }
    return rulers.draw(value=(today - start).days, marks=marks, say=say)
