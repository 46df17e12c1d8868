"""A correction in words and numbers, as its pages show it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from loyalty import charts, policies
from loyalty.admin import words
from rewards.corrections import telling
from rewards.models import Correction, CorrectionPart

STATES = {
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
    language = get_language() or "en"
    shown = telling.rule_name(rule, policies.current(), language)
    return shown if shown == rule else _("%(name)s (%(code)s)") % {"name": shown, "code": rule}


def title(one: Correction) -> str:
    """What the page of one is called."""
    return _("Correction: %(rule)s") % {"rule": name(one.rule)}


def period(one: Correction) -> str:
    """The days it is about."""
    first, last = words.day(one.since), words.day(one.until - timedelta(microseconds=1))
    return first if first == last else _("%(first)s to %(last)s") % {"first": first, "last": last}


def state(one: Correction) -> str:
    """As a word with a dot."""
    mark, word = STATES[Correction.State(one.state)]
    if one.state == Correction.State.PREPARED and one.needs_second:
        word = gettext_lazy("waits for a second person")
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
    people = words.people([one.prepared_by, one.started_by, one.undone_by])
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


def member_row(row: dict[str, Any], named: dict[str, str]) -> dict[str, Any]:
    """One member of a preview: before, and what a take-back would leave."""
    due, available, pending = row["due"], row["available"], row["pending"]
    from_available = min(due - row["waiting"], available)
    return {
        **named,
        "sales": words.number(row["sales"]),
        "granted": words.number(row["granted"]),
        "due": words.number(due),
        "available": words.number(available),
        "after": words.number(available - from_available),
        "pending_after": words.number(pending - row["waiting"]),
        "missing": words.number(row["missing"]) if row["missing"] else "",
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
