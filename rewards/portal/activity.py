"""The statement: every movement with its reason, receipts that open in place, lots by expiry, and a CSV of it all."""

from __future__ import annotations

import csv
import io

from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from loyalty import policies, statements
from members.models import Member
from members.portal import formats, frame, hero, standing
from rewards.portal import corrected, lots, receipts, rows, words

PAGE = 30
CSV_ROWS = 10_000
CHIPS = (
    ("", pgettext_lazy("activity", "All")),
    ("earned", pgettext_lazy("activity", "Earned")),
    ("spent", pgettext_lazy("activity", "Used")),
    ("expired", pgettext_lazy("activity", "Expired")),
    ("other", gettext_lazy("Corrections and returns")),
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@require_safe
@frame.members_only
def view(request: HttpRequest, member: Member) -> HttpResponse:
    """GET /activity/?show=earned&before=42: a page of rows, newest first."""
    programme, language = policies.current(), get_language() or "en"
    show = request.GET.get("show", "")
    show = show if show in rows.SHOWN else ""
    before = _sequence(request.GET.get("before", ""))
    wallet = statements.wallet(member.account_id)
    found = list(rows.entries(member.account_id, show=show, before=before)[: PAGE + 1])
    more, found = len(found) > PAGE, found[:PAGE]
    newer = rows.entries(member.account_id).filter(sequence=before).first() if before else None
    built = rows.build(
        member=member,
        found=found,
        programme=programme,
        language=language,
        idle=show in ("", "earned"),
        idle_from=found[-1].occurred_at if more else None,
        idle_to=newer.occurred_at if newer else None,
    )
    standings = standing.of(member, programme, language)
    context = {
        "rows": built,
        "show": show,
        "chips": CHIPS,
        "older": found[-1].sequence if more else None,
        "first_page": before is None,
        "lots": lots.expiring(wallet, programme),
        "dated": any(row.expires_at for row in wallet.expiring),
        "pending": lots.pending(wallet, programme),
        "moved_by": lots.moved_by(member.account_id) if wallet.account.renews else "",
        "available": formats.points(wallet.balance["available"]),
        "card": hero.of(member=member, wallet=wallet, programme=programme, standings=standings),
        "now": formats.day_long(formats.today(programme.zone)),
        "opening_balance": formats.points(found[-1].balance_after - found[-1].points) if found else "0",
        "closing_balance": formats.points(found[0].balance_after) if found else "0",
        "from_day": formats.day_long(rows.day_of(found[-1], programme)) if found else "",
        "to_day": formats.day_long(rows.day_of(found[0], programme)) if found else "",
    }
    return frame.show(request, "portal/activity.html", context, member=member, tab="activity")


@require_safe
@frame.members_only
def download(request: HttpRequest, member: Member) -> HttpResponse:
    """GET /activity.csv: every movement, oldest first, for a spreadsheet."""
    programme, language = policies.current(), get_language() or "en"
    statements.wallet(member.account_id)  # writes what is due
    out = io.StringIO()
    sheet = csv.writer(out)
    sheet.writerow([_("Date"), _("Time"), _("What"), _("Why"), _("Points"), _("Balance")])
    newest = list(rows.entries(member.account_id)[:CSV_ROWS])
    said = corrected.of(newest, programme, language)
    for entry in sorted(newest, key=lambda entry: entry.sequence):
        decided = policies.version(entry.decision.programme_version) if entry.decision else programme
        by_correction = said.get(entry.pk)
        texts = (
            [by_correction.title, by_correction.why]
            if by_correction
            else [words.title(entry, language), receipts.why(entry, decided, language)]
        )
        sheet.writerow(
            [
                rows.day_of(entry, programme).isoformat(),
                formats.clock_time(entry.occurred_at, programme.zone),
                *(_plain(text) for text in texts),
                entry.points,
                entry.balance_after,
            ]
        )
    return HttpResponse(
        "\ufeff" + out.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="points.csv"'},
    )


def _plain(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def _sequence(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
