"""The ledger as lists: entries, lots, holds, accounts and decisions. Read and nothing else."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from loyalty import roles
from loyalty.admin import ReadOnlyRoom, choice_filter, site, words
from loyalty.models import Account, Decision, Entry, Hold, Lot
from members import masking
from members.admin import decision_page, reach, vocabulary
from members.admin.filters import BookFilter, StoreFilter
from members.models import Member


class OfAccount(ReadOnlyRoom):
    """Rows that belong to an account, with the member behind it."""

    thing = "ledger"
    labels = {
        "sequence": _("number"),
        "debt_change": _("change of debt"),
        "reference": _("reference"),
        "lifetime_earned": _("earned so far"),
        "id": _("account"),
        "programme_version": _("programme version"),
    }
    account = "account_id"

    def reached(self, rows: QuerySet[Any], places: list[Any]) -> QuerySet[Any]:
        """Rows of members within reach."""
        return rows.filter(**{f"{self.account}__in": reach.accounts(places)})

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the member's id and name."""
        self.names = roles.may(request.user, "do", "contact")
        self.members = roles.may(request.user, "view", "members")
        member = Member.objects.filter(account=OuterRef(self.account))
        rows: QuerySet[Any] = super().get_queryset(request)
        named: QuerySet[Any] = rows.annotate(
            member_id=Subquery(member.values("pk")[:1]),
            member_name=Subquery(member.values("profile__name")[:1]),
        )
        return named

    @admin.display(description=_("member"))
    def shown_member(self, row: Any) -> str:
        """The name, linked for those who may open it."""
        if row.member_id is None:
            return "—"
        name = (row.member_name if self.names else masking.name(row.member_name or "")) or _("no name")
        if not self.members:
            return str(name)
        address = reverse("admin:members_member_change", args=[row.member_id])
        return format_html('<a class="cell-link" href="{}">{}</a>', address, name)


@admin.register(Entry, site=site)
class Entries(OfAccount):
    """Every movement of points."""

    list_title = _("Ledger")
    list_display = (
        "shown_kind",
        "shown_member",
        "shown_points",
        "shown_balance",
        "shown_store",
        "shown_actor",
        "shown_at",
    )
    list_filter = (choice_filter("kind", _("what"), vocabulary.KINDS), StoreFilter, BookFilter)
    search_fields = ("=reference",)
    search_help_text = _("Reference, for example sale:0199…")
    ordering = ("-occurred_at",)
    list_select_related = ("store",)
    fields = (
        "shown_kind",
        "shown_member",
        "shown_points",
        "shown_balance",
        "sequence",
        "shown_house",
        "debt_change",
        "reference",
        "shown_decision",
        "shown_store",
        "shown_actor",
        "shown_at",
        "shown_recorded",
    )
    empty_hint = _("The first entry is written by the first sale that earns.")

    @admin.display(description=_("what"), ordering="kind")
    def shown_kind(self, entry: Entry) -> str:
        """The kind as a word."""
        return vocabulary.kind(entry.kind)

    @admin.display(description=_("points"), ordering="points")
    def shown_points(self, entry: Entry) -> str:
        """With their sign."""
        return words.figure(words.signed(entry.points))

    def record_title(self, row: Any) -> str:
        """Kind and points."""
        return f"{vocabulary.kind(row.kind)} {words.signed(row.points)}"

    @admin.display(description=_("against"))
    def shown_house(self, entry: Entry) -> str:
        """The house account."""
        return vocabulary.house(entry.house)

    @admin.display(description=_("balance after"), ordering="balance_after")
    def shown_balance(self, entry: Entry) -> str:
        """The total after this entry."""
        return words.figure(words.number(entry.balance_after))

    @admin.display(description=_("store"), ordering="store")
    def shown_store(self, entry: Entry) -> str:
        """Where."""
        return words.store_name(entry.store) or "—"

    @admin.display(description=_("by"), ordering="actor")
    def shown_actor(self, entry: Entry) -> str:
        """Who caused it."""
        return words.actor_name(entry.actor, words.people([entry.actor]))

    @admin.display(description=_("happened"), ordering="occurred_at")
    def shown_at(self, entry: Entry) -> str:
        """When."""
        return words.moment(entry.occurred_at)

    @admin.display(description=_("recorded"))
    def shown_recorded(self, entry: Entry) -> str:
        """When it was written."""
        return words.moment(entry.recorded_at)

    @admin.display(description=_("decision"))
    def shown_decision(self, entry: Entry) -> str:
        """The link that says why."""
        if entry.decision_id is None:
            return "—"
        address = reverse("admin:loyalty_decision_change", args=[entry.decision_id])
        return format_html('<a class="cell-link" href="{}">{}</a>', address, _("Why"))


@admin.register(Lot, site=site)
class Lots(OfAccount):
    """What each earning granted and what is left of it."""

    list_title = _("Lots")
    list_display = ("shown_granted", "shown_member", "shown_remaining", "shown_held", "shown_from", "shown_until")
    ordering = (F("expires_at").asc(nulls_last=True), "-available_at")
    fields = ("shown_granted", "shown_member", "shown_remaining", "shown_held", "sequence", "shown_from", "shown_until")
    empty_hint = _("A lot is opened by the first sale that earns.")

    @admin.display(description=_("granted"), ordering="granted")
    def shown_granted(self, lot: Lot) -> str:
        """How many points it began with."""
        return words.number(lot.granted)

    @admin.display(description=_("left"), ordering="remaining")
    def shown_remaining(self, lot: Lot) -> str:
        """How many are left."""
        return words.figure(words.number(lot.remaining))

    @admin.display(description=_("held"), ordering="held")
    def shown_held(self, lot: Lot) -> str:
        """How many are set aside."""
        return words.figure(words.number(lot.held))

    @admin.display(description=_("counts from"), ordering="available_at")
    def shown_from(self, lot: Lot) -> str:
        """When it became available."""
        return words.moment(lot.available_at)

    @admin.display(description=_("expires"), ordering="expires_at")
    def shown_until(self, lot: Lot) -> str:
        """The first instant at which it no longer counts."""
        return words.moment(lot.expires_at) if lot.expires_at else str(_("never"))


@admin.register(Hold, site=site)
class Holds(OfAccount):
    """Points set aside, and what became of them."""

    list_title = _("Holds")
    list_display = ("shown_points", "shown_member", "shown_state", "shown_made", "shown_until")
    list_filter = (choice_filter("status", _("state"), vocabulary.HOLDS),)
    ordering = ("-created_at",)
    fields = ("shown_points", "shown_member", "shown_state", "reference", "shown_made", "shown_until")
    empty_hint = _("A hold is made when a till sets points aside.")

    @admin.display(description=_("points"), ordering="points")
    def shown_points(self, hold: Hold) -> str:
        """How many."""
        return words.number(hold.points)

    @admin.display(description=_("state"), ordering="status")
    def shown_state(self, hold: Hold) -> str:
        """As a word with a dot."""
        return vocabulary.hold_state(hold)

    @admin.display(description=_("made"), ordering="created_at")
    def shown_made(self, hold: Hold) -> str:
        """When."""
        return words.moment(hold.created_at)

    @admin.display(description=_("times out"), ordering="expires_at")
    def shown_until(self, hold: Hold) -> str:
        """When it lets go by itself."""
        return words.moment(hold.expires_at)


@admin.register(Account, site=site)
class Accounts(OfAccount):
    """Running balances."""

    account = "pk"
    list_title = _("Accounts")
    list_display = (
        "shown_member",
        "shown_total",
        "shown_available",
        "shown_pending",
        "shown_held",
        "shown_debt",
        "sequence",
    )
    list_display_links = ("sequence",)
    ordering = ("-total",)
    fields = (
        "id",
        "shown_member",
        "shown_total",
        "shown_available",
        "shown_pending",
        "shown_held",
        "shown_debt",
        "lifetime_earned",
        "sequence",
    )
    empty_hint = _("An account is opened with each member.")

    @admin.display(description=_("total"), ordering="total")
    def shown_total(self, account: Account) -> str:
        """Everything, less debt."""
        return words.figure(words.number(account.total))

    @admin.display(description=_("available"))
    def shown_available(self, account: Account) -> str:
        """What can be spent."""
        return words.figure(words.number(account.available))

    @admin.display(description=_("pending"), ordering="pending")
    def shown_pending(self, account: Account) -> str:
        """What does not count yet."""
        return words.figure(words.number(account.pending))

    @admin.display(description=_("held"), ordering="held")
    def shown_held(self, account: Account) -> str:
        """What is set aside."""
        return words.figure(words.number(account.held))

    @admin.display(description=_("debt"), ordering="debt")
    def shown_debt(self, account: Account) -> str:
        """What is owed."""
        return words.figure(words.number(account.debt))


@admin.register(Decision, site=site)
class Decisions(OfAccount):
    """Why points and tiers are what they are."""

    list_title = _("Decisions")
    list_display = ("shown_kind", "shown_member", "shown_points", "programme_version", "shown_at")
    list_filter = (choice_filter("kind", _("about"), vocabulary.DECISIONS),)
    ordering = ("-id",)
    empty_hint = _("Every sale leaves a decision that says why.")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Line by line, rule by rule, and what it did to the books."""
        decision = self.get_object(request, object_id)
        if decision is None:
            raise Http404
        return decision_page.show(request, decision)

    @admin.display(description=_("about"), ordering="kind")
    def shown_kind(self, decision: Decision) -> str:
        """The kind as a word."""
        return vocabulary.decision(decision.kind)

    @admin.display(description=_("points"), ordering="points")
    def shown_points(self, decision: Decision) -> str:
        """What it gave or took."""
        return words.figure(words.signed(decision.points))

    @admin.display(description=_("decided"), ordering="id")
    def shown_at(self, decision: Decision) -> str:
        """When."""
        return words.moment(decision.decided_at)
