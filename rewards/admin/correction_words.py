"""A correction in words and numbers, as its pages show it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from loyalty import charts, clock, ledger, policies, roles, staff_limits
from loyalty.admin import words
from loyalty.errors import Refusal
from loyalty.models import User
from members import masking
from members.models import Member
from rewards.corrections import naming
from rewards.models import Correction, CorrectionPart

REFUSALS = {
    "nothing_to_correct": gettext_lazy("There is nothing to correct: no points of this rule are due in this period."),
    "second_person_needed": gettext_lazy(
        "With what you started today this is over the limit for one person: somebody else, who may approve, must do it."
    ),
    "content_changed": gettext_lazy("This is not what was prepared. Please read it once more."),
    "not_now": gettext_lazy("This cannot be done any more."),
    "own_account": gettext_lazy("Your own membership is among them. Somebody else must do this."),
}
STATES = {
    Correction.State.COUNTING: ("wait", gettext_lazy("being counted")),
    Correction.State.COUNTED: ("off", gettext_lazy("counted")),
    Correction.State.PREPARED: ("wait", gettext_lazy("prepared")),
    Correction.State.RUNNING: ("wait", gettext_lazy("at work")),
    Correction.State.DONE: ("on", gettext_lazy("done")),
    Correction.State.WITHDRAWN: ("off", gettext_lazy("withdrawn")),
    Correction.State.UNDOING: ("wait", gettext_lazy("being undone")),
    Correction.State.UNDONE: ("off", gettext_lazy("undone")),
}
PARTS = {
    CorrectionPart.State.WAITING: ("wait", gettext_lazy("waiting")),
    CorrectionPart.State.DONE: ("on", gettext_lazy("done")),
    CorrectionPart.State.NOTHING: ("off", gettext_lazy("nothing was left")),
    CorrectionPart.State.REFUSED: ("bad", gettext_lazy("too few points: nothing taken")),
    CorrectionPart.State.OWN: ("off", gettext_lazy("own membership of who approved")),
    CorrectionPart.State.GONE: ("off", gettext_lazy("membership ended")),
    CorrectionPart.State.FAILED: ("bad", gettext_lazy("failed")),
    CorrectionPart.State.UNDONE: ("off", gettext_lazy("undone")),
}
NAMED = 5  # how many who may approve are named
DEEDS = {
    Correction.Deed.TAKE_BACK: gettext_lazy("Take back"),
    Correction.Deed.FORGIVE: gettext_lazy("Let members keep them"),
}
BELOW_ZERO = {
    "refuse": gettext_lazy("Members who have too few points left lose nothing (below zero: refused)."),
    "clamp": gettext_lazy("Members who have too few points left lose what they have (below zero: clamped)."),
    "debt": gettext_lazy("Members who have too few points left owe the rest (below zero: a debt)."),
}


def name(rule: str) -> str:
    """The rule's name with its code."""
    return naming.for_staff(rule, policies.current(), get_language() or "en")


def title(one: Correction) -> str:
    """What the page of one is called."""
    return _("Correction: %(rule)s") % {"rule": name(one.rule)}


def period(one: Correction) -> str:
    """The days it is about."""
    first, last = words.day(one.since), words.day(one.until - timedelta(microseconds=1))
    return first if first == last else _("%(first)s to %(last)s") % {"first": first, "last": last}


def query(one: Correction) -> str:
    """What was asked, for the address of the form."""
    zone = policies.current().zone
    last = clock.day_of(one.until - timedelta(microseconds=1), zone)
    given = {
        "rule": one.rule,
        "version": ", ".join(map(str, one.versions)),
        "since": clock.day_of(one.since, zone).isoformat(),
        "through": last.isoformat(),
        "store": one.store.code if one.store else "",
    }
    return urlencode({name: value for name, value in given.items() if value})


def asked(one: Correction) -> list[str]:
    """The question in words: days, store, versions."""
    versions = ", ".join(map(str, one.versions))
    return [
        period(one),
        words.store_name(one.store) or _("every store"),
        *([_("Versions of the rule: %(versions)s") % {"versions": versions}] if versions else []),
    ]


def refused(refusal: Refusal) -> str:
    """Why something was not done, in words."""
    if isinstance(refusal, staff_limits.DailyLimit):
        return _daily(int(str(refusal.extra["limit"])), int(str(refusal.extra["left"])))
    return str(REFUSALS.get(refusal.code, refusal.detail))


def _daily(limit: int, left: int) -> str:
    return _(
        "One person may move %(limit)s points a day by hand; %(left)s of them are left. "
        "Choose fewer days or one store, or go on tomorrow: what was prepared can wait."
    ) % {"limit": words.number(limit), "left": words.number(left)}


def allowance(allowed: staff_limits.Today, points: int, *, but: User, asked: bool = False) -> list[str]:
    """What the person may still do alone today, and who else must agree to so many points more."""
    if allowed.daily is not None and points > (allowed.left or 0):
        return [_daily(allowed.daily, allowed.left or 0)]
    said = []
    if allowed.left_alone is not None:
        said.append(
            _("Today you may still move %(left)s points alone; you moved %(moved)s.")
            % {"left": words.number(allowed.left_alone), "moved": words.number(allowed.alone)}
        )
    if asked or allowed.needs_second(points):
        said.append(_("With these %(points)s a second person must approve.") % {"points": words.number(points)})
        said.append(_approvers(but))
    return said


def _approvers(but: User) -> str:
    able = [role for role in roles.TABLE if "approve" in roles.TABLE[role].do]
    found = User.objects.filter(is_active=True, is_staff=True, roles__role__in=able, roles__store=None)
    names = sorted({user.name or user.email for user in found.exclude(pk=but.pk)[:20]})
    if not names:
        return _("Nobody else may approve yet: an administrator gives somebody the role of finance.")
    shown, more = names[:NAMED], len(names) - NAMED
    listed = ("、" if (get_language() or "en").startswith("ja") else ", ").join(shown)
    text = _("%(names)s and others") % {"names": listed} if more > 0 else listed
    return _("Who may approve: %(names)s.") % {"names": text}


def named(request: HttpRequest, member: Member | None) -> dict[str, str]:
    """A member's name as the person may read it, with a link where there is a page for them."""
    if member is None:
        return {"name": "—", "link": ""}
    profile = getattr(member, "profile", None)
    shown = profile.name if profile else ""
    if not roles.may(request.user, "do", "contact"):
        shown = masking.name(shown)
    sees = roles.may(request.user, "view", "members")
    link = reverse("admin:members_member_change", args=[member.pk]) if sees else ""
    return {"name": shown or _("no name"), "link": link}


def state(one: Correction) -> str:
    """As a word with a dot."""
    mark, word = STATES[Correction.State(one.state)]
    if one.state == Correction.State.PREPARED and one.needs_second:
        word = gettext_lazy("waits for a second person")
    elif one.state == Correction.State.DONE and one.undo_asked_by:
        word = gettext_lazy("undo waits for a second person")
    return words.state(mark, word)


def row(one: Correction, people: dict[str, str]) -> dict[str, Any]:
    """One line of the list."""
    return {
        "link": reverse("admin:correction", args=[one.pk]),
        "rule": name(one.rule),
        "period": period(one),
        "deed": DEEDS[Correction.Deed(one.deed)],
        "members": words.number(one.members),
        "points": words.number(one.points),
        "state": state(one),
        "by": words.actor_name(one.prepared_by, people),
        "at": words.moment(one.prepared_at),
    }


def facts(one: Correction) -> list[tuple[str, str]]:
    """Who decided what, about what."""
    people = words.people([one.prepared_by, one.started_by, one.undo_asked_by, one.undone_by])
    named = [
        (_("Rule"), name(one.rule)),
        (_("Versions of the rule"), ", ".join(map(str, one.versions)) or _("every version")),
        (_("Period"), period(one)),
        (_("Store"), words.store_name(one.store) or _("every store")),
        (_("Reason"), one.reason),
        (_("Prepared"), _by(one.prepared_at, one.prepared_by, people)),
    ]
    if one.started_at:
        label = _("Approved") if one.needs_second else _("Started")
        named.append((label, _by(one.started_at, one.started_by, people)))
    if one.finished_at:
        named.append((_("Finished"), words.moment(one.finished_at)))
    if one.undo_asked_by:
        asker = words.actor_name(one.undo_asked_by, people)
        named.append((_("Undo asked for"), f"{one.undo_reason} ({asker})"))
    if one.undone_by:
        named.append((_("Undone because"), f"{one.undo_reason} ({words.actor_name(one.undone_by, people)})"))
    return named


def told(one: Correction) -> str:
    """What is going to happen, in one sentence."""
    counts = {"points": words.number(one.points), "members": words.number(one.members)}
    if one.deed == Correction.Deed.FORGIVE:
        return (
            ngettext(
                "%(members)s member keeps %(points)s points and is told so. No points move.",
                "%(members)s members keep %(points)s points and are told so. No points move.",
                one.members,
            )
            % counts
        )
    lead = (
        ngettext(
            "Up to %(points)s points are taken back from %(members)s member, who is told so.",
            "Up to %(points)s points are taken back from %(members)s members, who are told so.",
            one.members,
        )
        % counts
    )
    return f"{lead} {BELOW_ZERO[one.below_zero]}"


def outcome(one: Correction, summary: dict[str, int]) -> list[tuple[str, str, str]]:
    """Members by what became of them, with the points."""
    rows = [
        (str(word), words.number(summary[state]), "") for state, (_mark, word) in PARTS.items() if summary.get(state)
    ]
    if one.deed == Correction.Deed.TAKE_BACK and one.state != Correction.State.PREPARED:
        rows += [
            (_("Points taken back"), "", words.number(summary["taken"])),
            (_("of them owed"), "", words.number(summary["debt"])),
            (_("Points that were not there"), "", words.number(summary["missing"])),
        ]
    return rows


def progress(one: Correction, summary: dict[str, int]) -> Any:
    """How far it is, as a ruler."""
    undoing = one.state == Correction.State.UNDOING
    open_ = summary.get("done" if undoing else "waiting", 0)
    total = (open_ + summary.get("undone", 0)) if undoing else summary["members"]
    done = total - open_
    say = _("%(done)s of %(total)s members") % {"done": words.number(done), "total": words.number(total)}
    return charts.ruler(done / total if total else 1, [charts.Mark(1, words.number(total))], say=say)


def totals(found: dict[str, int]) -> list[tuple[str, str, str]]:
    """The sums of a preview: name, value, what it means."""
    n = words.number
    return [
        (_("members"), n(found["members"]), _("in %(sales)s sales and activities") % {"sales": n(found["sales"])}),
        (_("granted"), n(found["granted"]), _("points of this rule")),
        (_("settled before"), n(found["returned"] + found["settled"]), _("returned, or corrected before")),
        (_("still due"), n(found["due"]), _("from %(members)s members") % {"members": n(found["owing"])}),
        (_("spent already"), n(found["spent"]), _("no longer in the lots they came in")),
        (
            _("missing"),
            n(found["missing"]),
            _("%(members)s members have too few left") % {"members": n(found["short"])},
        ),
    ]


def member_row(part: CorrectionPart) -> dict[str, Any]:
    """One member of a question: before, and what a take-back would leave."""
    balance = ledger.balance(part.member.account)
    available, from_available = balance["available"], part.due - part.waiting
    missing = max(from_available - available, 0)
    return {
        "sales": words.number(part.sales),
        "granted": words.number(part.granted),
        "due": words.number(part.due),
        "available": words.number(available),
        "after": words.number(available - min(from_available, available)),
        "pending_after": words.number(balance["pending"] - part.waiting),
        "missing": words.number(missing) if missing else "",
    }


def part_row(part: CorrectionPart) -> dict[str, Any]:
    """One member of a correction."""
    mark, word = PARTS[CorrectionPart.State(part.state)]
    return {
        "sales": words.number(part.sales),
        "granted": words.number(part.granted),
        "due": words.number(part.due),
        "taken": words.number(part.taken) if part.taken else "",
        "debt": words.number(part.debt) if part.debt else "",
        "missing": words.number(part.missing) if part.missing else "",
        "state": words.state(mark, word),
        "error": part.error if part.state == CorrectionPart.State.FAILED else "",
    }


def _by(at: Any, actor: str, people: dict[str, str]) -> str:
    return f"{words.moment(at)}, {words.actor_name(actor, people)}"
