"""The list of members, and finding one among them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from loyalty import clock, ledger, policies, roles
from loyalty.admin import ReadOnlyRoom, site, words
from members import cards, identities, masking, tiers
from members.admin import member_page, reach
from members.admin.filters import StoreFilter
from members.models import Identity, Member, TierStanding

_STATES = {
    Member.Status.ACTIVE: "on",
    Member.Status.CLOSED: "off",
    Member.Status.MERGED: "off",
    Member.Status.ERASED: "off",
}


class TierFilter(admin.SimpleListFilter):
    """By level of the programme's first tier group."""

    title = _("tier")
    parameter_name = "tier"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The levels in force."""
        groups = tiers.compiled(policies.current())[:1]
        language = get_language() or "en"
        return [(level.code, policies.localised(level.name, language)) for group in groups for level in group.levels]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Member]) -> QuerySet[Member]:
        """Members on the level chosen."""
        for group in tiers.compiled(policies.current())[:1]:
            if self.value():
                return queryset.filter(standings__group=group.code, standings__level=self.value())
        return queryset


@admin.register(Member, site=site)
class Members(ReadOnlyRoom):
    """Everybody in the programme."""

    thing = "members"
    list_title = _("Members")
    list_display = (
        "shown_name",
        "shown_tier",
        "shown_card",
        "shown_points",
        "shown_spend",
        "shown_state",
        "shown_last",
    )
    list_filter = (TierFilter, StoreFilter, "status")
    search_fields = ("pk",)
    search_help_text = _("Card, e-mail, phone or name")
    ordering = ("-last_sale_at",)
    list_select_related = ("profile", "account", "store")
    empty_hint = _("The first member appears when a till, the shop or the portal enrols somebody.")

    def reached(self, rows: QuerySet[Any], places: list[Any]) -> QuerySet[Any]:
        """Who enrolled or bought in one of the stores."""
        return rows.filter(pk__in=reach.of_stores(places).values("pk"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With what a row shows, in three statements however many rows."""
        self.names = roles.may(request.user, "do", "contact")
        live = Identity.objects.filter(retired_at=None, kind=Identity.Kind.CARD)
        return (
            super()
            .get_queryset(request)
            .prefetch_related(
                Prefetch("identities", queryset=live, to_attr="live_cards"),
                Prefetch("standings", queryset=TierStanding.objects.all(), to_attr="levels"),
            )
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By any identity, however it is written, and by name for those who may see names."""
        term = search_term.strip()
        if not term:
            return queryset, False
        found = Q()
        for kind in identities.KINDS:
            try:
                found |= Q(identities__kind=kind, identities__value=identities.fold(kind, term))
            except identities.NotAnIdentityError:
                continue
        if roles.may(request.user, "do", "contact"):
            found |= Q(profile__name__icontains=term)
        return queryset.filter(pk__in=Member.objects.filter(found).values("pk")) if found else queryset.none(), False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Everything about one member."""
        return member_page.show(request, self.get_object(request, object_id))

    def get_urls(self) -> list[Any]:
        """Showing contact data has an address of its own, to which a reason is posted."""
        return [*member_page.urls(self), *super().get_urls()]

    @admin.display(description=_("name"), ordering="profile__name")
    def shown_name(self, member: Member) -> str:
        """The name; masked for those who have no business with it."""
        profile = getattr(member, "profile", None)
        name = profile.name if profile else ""
        return (name if self.names else masking.name(name)) or str(_("no name"))

    @admin.display(description=_("tier"))
    def shown_tier(self, member: Any) -> str:
        """The level in the first group, with its rank as ticks."""
        return member_page.tier_word(member.levels)

    @admin.display(description=_("card"))
    def shown_card(self, member: Any) -> str:
        """The card in use."""
        return (
            format_html('<span class="nb">{}</span>', cards.text(member.live_cards[-1].value))
            if member.live_cards
            else "—"
        )

    @admin.display(description=_("points"), ordering="account__total")
    def shown_points(self, member: Member) -> str:
        """What they have in all, as of now."""
        account = member.account
        if account.next_change_at and account.next_change_at <= clock.now():
            account = ledger.current(account.pk)
        return words.figure(words.number(account.total))

    @admin.display(description=_("spend"), ordering="spend_minor")
    def shown_spend(self, member: Member) -> str:
        """What they have bought for, less returns."""
        return words.figure(words.amount(member.spend_minor, policies.current().currency))

    @admin.display(description=_("state"), ordering="status")
    def shown_state(self, member: Member) -> str:
        """As a word with a dot."""
        return words.state(_STATES.get(Member.Status(member.status), "off"), member.get_status_display())

    @admin.display(description=_("last purchase"), ordering="last_sale_at")
    def shown_last(self, member: Member) -> str:
        """The day."""
        return words.day(member.last_sale_at)
