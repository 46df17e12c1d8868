"""Stamp cards, streaks and the invitation of friends, as the home page shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from loyalty.policies import Policies
from members import referrals as codes
from members.models import Member
from members.portal import formats, rulers
from rewards import progress, rules
from rewards.programme import ruleset
from rewards.referrals import FRIEND, REFERRER

ROW = 5  # circles beside each other; from eleven on twice as many
MOST_CIRCLES = 30
STEP = 40


@dataclass(frozen=True)
class Circle:
    """One place of a stamp card."""

    x: int
    y: int
    on: bool


@dataclass(frozen=True)
class Shown:
    """One card: as circles, or as a ruler where it is a streak or has too many places."""

    name: str
    says: str
    gives: str
    circles: tuple[Circle, ...] = ()
    width: int = 0
    height: int = 0
    ruler: rulers.Ruler | None = None


@dataclass(frozen=True)
class Invitation:
    """The member's code for friends, the address to pass on, and what it brings."""

    code: str
    address: str
    gives: str


def of(member: Member, programme: Policies, language: str, at: datetime) -> list[Shown]:
    """All of them, in the order of the rules."""
    return [_shown(card) for card in progress.of(member, programme, language, at)]


def invitation(member: Member, programme: Policies, address: str) -> Invitation | None:
    """What to tell friends; None where the programme gives nothing for it. `address` is that of this site."""
    triggered = ruleset(programme).triggered
    points = {
        side: sum(rule.points for rule in triggered.get(side, ()) if isinstance(rule, rules.Referral))
        for side in (FRIEND, REFERRER)
    }
    if not any(points.values()):
        return None
    code = codes.code_of(member)
    return Invitation(code, f"{address}{reverse('portal:join')}?{urlencode({'friend': code})}", _brings(points))


def _brings(points: dict[str, int]) -> str:
    mine, theirs = formats.points(points[REFERRER]), formats.points(points[FRIEND])
    if not points[FRIEND]:
        return _("You get %(mine)s points after your friend's first purchase.") % {"mine": mine}
    if not points[REFERRER]:
        return _("Your friend gets %(theirs)s points after the first purchase.") % {"theirs": theirs}
    return _("After your friend's first purchase you get %(mine)s points, and your friend %(theirs)s.") % {
        "mine": mine,
        "theirs": theirs,
    }


def _shown(card: progress.Card) -> Shown:
    says = _("%(count)s of %(of)s") % {"count": card.count, "of": card.of}
    gives = _gives(card)
    if isinstance(card.rule, rules.Stamps) and card.of <= MOST_CIRCLES:
        across = ROW if card.of <= 2 * ROW else 2 * ROW
        circles = tuple(
            Circle(place % across * STEP + STEP // 2, place // across * STEP + STEP // 2, place < card.whole)
            for place in range(card.of)
        )
        rows = -(-card.of // across)
        return Shown(card.name, says, gives, circles, min(across, card.of) * STEP, rows * STEP)
    drawn = rulers.draw(value=card.whole, marks=[(card.of, str(card.of), False)], say=f"{card.name}: {says}")
    return Shown(card.name, says, gives, ruler=drawn)


def _gives(card: progress.Card) -> str:
    """What comes when it is full, and until when."""
    points = formats.points(card.points)
    if card.reward:
        text = _("When it is full: %(reward)s") % {"reward": card.reward}
    elif isinstance(card.rule, rules.Stamps):
        full = ngettext("When it is full: %(points)s point", "When it is full: %(points)s points", card.points)
        text = full % {"points": points}
    else:
        made = ngettext("When you make it: %(points)s point", "When you make it: %(points)s points", card.points)
        text = made % {"points": points}
    if card.until is None:
        return text
    return _("%(what)s. Until %(day)s") % {"what": text, "day": formats.day_long(card.until)}
