"""Everything about one member on one page (UI.md §9): what they hold, what happened, what staff may do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_POST

from loyalty import audit, charts, clock, policies, roles, statements
from loyalty.admin import words
from loyalty.admin.gate import StaffRequest
from loyalty.admin.shell import site
from members import cards, identities, masking, tiers
from members.admin import reach, timeline
from members.models import Member, TierStanding

SOON_DAYS = 60
INSTANT = timedelta(microseconds=1)  # an end is the first instant after the last day


class ContactForm(forms.Form):
    """Why contact data is to be shown."""

    reason = forms.CharField(
        label=_("Why do you need it?"),
        max_length=300,
        widget=forms.TextInput(attrs={"placeholder": _("For example: call back about a missing sale")}),
    )


def urls(room: Any) -> list[URLPattern]:
    """The address to which a reason for showing contact data is posted."""

    @never_cache
    @csrf_protect
    @require_POST
    def contact(request: StaffRequest, member_id: UUID) -> HttpResponse:
        return reveal(request, room.get_object(request, str(member_id)))

    return [path("<uuid:member_id>/contact/", site.admin_view(contact), name="members_member_contact")]


def reveal(request: StaffRequest, member: Member | None) -> HttpResponse:
    """The page with its contact data in clear, once; the log keeps who looked and why."""
    if member is None:
        raise Http404
    if not reach.may_reach(request.user, member, "do", "contact"):
        raise PermissionDenied
    form = ContactForm(request.POST)
    if not form.is_valid():
        return show(request, member, form=form)
    audit.record(
        action="member.viewed",
        actor=roles.actor(request.user),
        object_type="member",
        object_id=str(member.pk),
        store=member.store.code if member.store else "",
        reason=form.cleaned_data["reason"],
        data={"fields": ["email", "phone", "birthday"]},
    )
    return show(request, member, clear=True)


def show(
    request: HttpRequest, member: Member | None, *, clear: bool = False, form: ContactForm | None = None
) -> HttpResponse:
    """The page; `clear` shows contact data instead of masking it."""
    if member is None:
        raise Http404
    language = get_language() or "en"
    programme = policies.current()
    standings = list(TierStanding.objects.filter(member=member))
    profile = getattr(member, "profile", None)
    sees_name = reach.may_reach(request.user, member, "do", "contact")
    name = profile.name if profile else ""
    chosen = request.GET.get("show", "all")
    found = timeline.of(member, chosen=chosen, before=request.GET.get("before", ""), language=language)
    sees_ledger = roles.may(request.user, "view", "ledger")
    context = {
        **site.each_context(request),
        "title": (name if sees_name else masking.name(name)) or _("no name"),
        "member": member,
        "language": language,
        "tier": tier_word(standings),
        "state": words.state("on" if member.status == Member.Status.ACTIVE else "off", member.get_status_display()),
        "joined": words.day(member.enrolled_at),
        "store": words.store_name(member.store),
        "contact": contact_lines(member, clear=clear),
        "clear": clear,
        "may_reveal": sees_name and not clear,
        "form": form or ContactForm(),
        "wallet": wallet(member) if sees_ledger else None,
        "ladders": [ladder(group, standings, member, language) for group in tiers.compiled(programme)],
        "spend": words.amount(member.spend_minor, programme.currency),
        "last": words.day(member.last_sale_at),
        "timeline": found,
        "chips": timeline.chips(chosen),
        "history": reverse("admin:members_member_history", args=[member.pk])
        if roles.may(request.user, "view", "audit")
        else "",
        "own": reach.is_own(request.user, member),
        "reinstates": roles.may(request.user, "do", "reinstate"),
    }
    return TemplateResponse(request, "staff/member.html", context)


def contact_lines(member: Member, *, clear: bool) -> list[tuple[str, str]]:
    """Label and value of what a member is reached by; masked unless `clear`. The card is no secret."""
    known = identities.of(member.pk)
    lines: list[tuple[str, str]] = []
    if card := known.get("card"):
        lines.append((str(_("Card")), cards.text(card.value)))
    if email := known.get("email"):
        lines.append((str(_("E-mail")), email.value if clear else masking.email(email.value)))
    if phone := known.get("phone"):
        lines.append((str(_("Phone")), phone.value if clear else masking.phone(phone.value)))
    if external := known.get("external_id"):
        lines.append((str(_("External id")), external.value))
    profile = getattr(member, "profile", None)
    if profile and profile.birthday and clear:
        lines.append((str(_("Birthday")), str(profile.birthday)))
    return lines


def wallet(member: Member) -> dict[str, Any]:
    """What the member holds, as the page shows it; writes what is due first."""
    found = statements.wallet(member.account_id)
    now = clock.now()
    return {
        "available": words.number(found.balance["available"]),
        "total": words.number(found.balance["total"]),
        "pending": words.number(found.balance["pending"]),
        "held": words.number(found.balance["held"]),
        "debt": words.number(found.balance["debt"]),
        "owes": bool(found.balance["debt"]),
        "lifetime": words.number(found.lifetime_earned),
        "pending_lots": [
            {"on": words.day(row.available_at), "points": words.number(row.points)} for row in found.pending
        ],
        "lots": [
            {
                "on": words.day(row.expires_at - INSTANT) if row.expires_at else str(_("never expires")),
                "days": (row.expires_at - now).days
                if row.expires_at and (row.expires_at - now).days <= SOON_DAYS
                else None,
                "points": words.number(row.points),
            }
            for row in found.expiring
        ],
    }


def tier_word(standings: Sequence[TierStanding]) -> SafeString | str:
    """The level of the first group with its rank as ticks: readable without colour."""
    known = {standing.group: standing.level for standing in standings}
    for group in tiers.compiled(policies.current())[:1]:
        level = group.level(known.get(group.code, ""))
        if level is None:
            return "—"
        rank = group.levels.index(level) + 1
        ticks = format_html_join(
            "",
            '<path class="{}" d="M{} 2v12"/>',
            [("" if place < rank else "off", 4 + 5 * place) for place in range(min(len(group.levels), 4))],
        )
        return format_html(
            '<span class="tier"><svg viewBox="0 0 22 16" aria-hidden="true">{}</svg><b>{}</b></span>',
            ticks,
            policies.localised(level.name, get_language() or "en"),
        )
    return "—"


def ladder(group: tiers.Group, standings: Sequence[TierStanding], member: Member, language: str) -> dict[str, Any]:
    """One tier group as a ruler: the levels, where the member is, what is missing to the next."""
    programme = policies.current()
    standing = next((one for one in standings if one.group == group.code), None)
    level = group.level(standing.level) if standing else None
    spend = member.spend_minor
    top = max((one.threshold for one in group.levels), default=0)
    above = next((one for one in group.levels if one.threshold > (level.threshold if level else -1)), None)
    marks = [
        charts.Mark(one.threshold / top if top else 0, policies.localised(one.name, language), one is level)
        for one in group.levels
        if one.threshold
    ]
    missing = words.amount(max(above.threshold - spend, 0), programme.currency) if above else ""
    if above:
        heading = str(_("%(amount)s to %(tier)s")) % {
            "amount": missing,
            "tier": policies.localised(above.name, language),
        }
    else:
        heading = str(_("Highest tier reached"))
    text = _("%(amount)s of %(top)s") % {
        "amount": words.amount(spend, programme.currency),
        "top": words.amount(top, programme.currency),
    }
    return {
        "heading": heading,
        "ruler": charts.ruler(spend / top if top else 1.0, marks, say=f"{heading}: {text}"),
        "since": words.day(standing.since) if standing and standing.since else "",
        "until": words.day(standing.until) if standing and standing.until else "",
        "shown": group.metric == "spend" and bool(top),
        "level": policies.localised(level.name, language) if level else "",
    }
