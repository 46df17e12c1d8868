"""The list of redemptions: what was spent, or set aside, and where."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from loyalty import roles
from loyalty.admin import ReadOnlyRoom, choice_filter, site, words
from members import masking
from members.admin import reach, vocabulary
from members.admin.filters import StoreFilter
from rewards.models import Redemption


@admin.register(Redemption, site=site)
class Redemptions(ReadOnlyRoom):
    """Every spending of points."""

    thing = "ledger"
    list_title = _("Redemptions")
    list_display = ("shown_points", "shown_member", "shown_store", "shown_state", "shown_at")
    list_filter = (choice_filter("hold__status", _("state"), vocabulary.HOLDS), StoreFilter)
    ordering = ("-created_at",)
    list_select_related = ("hold", "store", "member__profile")
    fields = ("shown_points", "shown_member", "shown_store", "shown_state", "shown_actor", "shown_at")
    empty_hint = _("A redemption is made when points are set aside or spent.")

    def reached(self, rows: QuerySet[Any], places: list[Any]) -> QuerySet[Any]:
        """Redemptions of members within reach."""
        return rows.filter(member__in=reach.of_stores(places).values("pk"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Knows whether names may be shown."""
        self.names = roles.may(request.user, "do", "contact")
        self.members = roles.may(request.user, "view", "members")
        rows: QuerySet[Any] = super().get_queryset(request)
        named: QuerySet[Any] = rows.annotate(member_name=F("member__profile__name"))
        return named

    @admin.display(description=_("points"), ordering="points")
    def shown_points(self, row: Redemption) -> str:
        """How many."""
        return words.number(row.points)

    @admin.display(description=_("member"))
    def shown_member(self, row: Any) -> str:
        """Whose."""
        name = (row.member_name if self.names else masking.name(row.member_name or "")) or str(_("no name"))
        if not self.members:
            return name
        address = reverse("admin:members_member_change", args=[row.member_id])
        return format_html('<a class="cell-link" href="{}">{}</a>', address, name)

    @admin.display(description=_("store"), ordering="store")
    def shown_store(self, row: Redemption) -> str:
        """Where."""
        return words.store_name(row.store) or "—"

    @admin.display(description=_("state"))
    def shown_state(self, row: Redemption) -> str:
        """What became of it."""
        return vocabulary.hold_state(row.hold)

    @admin.display(description=_("by"))
    def shown_actor(self, row: Redemption) -> str:
        """Who did it."""
        return words.actor_name(row.actor, words.people([row.actor]))

    @admin.display(description=_("when"), ordering="created_at")
    def shown_at(self, row: Redemption) -> str:
        """When."""
        return words.moment(row.created_at)
