"""Offline tills on the staff side: how far each has sent, and the items that wait for a person."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from loyalty import roles
from loyalty.admin import ReadOnlyRoom, choice_filter, site, words
from loyalty.admin.gate import of_staff
from loyalty.errors import InvalidBody
from loyalty.models import Store
from rewards import offline
from rewards.models import OfflineConflict, OfflineDevice

State = OfflineConflict.State
MARKS = {State.OPEN: "wait", State.APPLIED: "on", State.SETTLED: "off"}
# Why an item was refused, where the problem's code alone would not help; others are said as the till was told.
WHY = {
    "member_not_found": _("The till named a member nobody knows"),
    "member_closed": _("The membership is closed"),
    "member_erased": _("The membership was erased"),
    "duplicate_receipt": _("This receipt is known with other content"),
    "idempotency_key_reused": _("The till used one key for two sales"),
    "store_not_found": _("The till named a store nobody knows"),
    "store_mismatch": _("The till's key belongs to another store"),
    "too_old": _("It was sent in too late"),
    "in_the_future": _("The till's clock is ahead"),
    "wrong_currency": _("Another currency than the programme's"),
    "lines_do_not_add_up": _("The lines do not add up to the total"),
}


def _codes(places: list[Any]) -> QuerySet[Store, str]:
    return Store.objects.filter(pk__in=places).values_list("code", flat=True)


def why(conflict: OfflineConflict) -> str:
    """Why an item was refused, in words."""
    return str(WHY.get(conflict.code) or conflict.detail or conflict.code)


@admin.register(OfflineConflict, site=site)
class OfflineConflicts(ReadOnlyRoom):
    """Sales that happened, and were not taken."""

    thing = "sales"
    list_title = _("Offline conflicts")
    labels = {"receipt": _("receipt"), "amount": _("total"), "times": _("sent so often")}
    list_display = ("receipt", "shown_why", "shown_device", "store", "amount", "shown_state", "shown_at")
    list_filter = (choice_filter("state", _("state"), dict(State.choices)),)
    search_fields = ("receipt", "key")
    search_help_text = _("Receipt number, or the item's key")
    ordering = ("-last_at",)
    list_select_related = ("device",)
    fields = (
        "shown_why", "shown_state", "receipt", "amount", "shown_store", "occurred_at", "shown_device", "sequence",
        "key", "code", "detail", "times", "shown_first", "shown_at", "shown_settled",
    )  # fmt: skip
    empty_hint = _("What an offline till sends in and is refused appears here.")

    def reached(self, rows: QuerySet[Any], places: list[Any]) -> QuerySet[Any]:
        """Those that name a store within reach."""
        return rows.filter(store__in=_codes(places))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """What was sent, why it was refused, and what a person did about it."""
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        may_settle = roles.may(request.user, "do", "offline")
        problem = ""
        if request.method == "POST" and may_settle:
            try:
                offline.settle(conflict=row.pk, reason=request.POST.get("reason", ""), user=of_staff(request).user)
            except InvalidBody:
                problem = gettext("Say what was done about it.")
            else:
                messages.success(request, gettext("Settled."))
                return redirect(request.path)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Receipt %(receipt)s was refused") % {"receipt": row.receipt or "—"},
            "facts": [(self._label(name), self._value(row, name)) for name in self.get_fields(request, row)],
            "back": reverse("admin:rewards_offlineconflict_changelist"),
            "list_title": self.list_title,
            "open": row.state == State.OPEN and may_settle,
            "problem": problem,
        }
        return TemplateResponse(request, "staff/offline/conflict.html", context, status=400 if problem else 200)

    @admin.display(description=_("reason"))
    def shown_why(self, row: OfflineConflict) -> str:
        """In words."""
        return why(row)

    @admin.display(description=_("till"), ordering="device__name")
    def shown_device(self, row: OfflineConflict) -> str:
        """Which one, with the way to it."""
        address = reverse("admin:rewards_offlinedevice_change", args=[row.device_id])
        return format_html('<a class="cell-link" href="{}">{}</a>', address, row.device.name)

    @admin.display(description=_("store"))
    def shown_store(self, row: OfflineConflict) -> str:
        """By its name, where the till named one of ours."""
        return words.store_name(Store.objects.filter(code=row.store).first()) or row.store

    @admin.display(description=_("state"), ordering="state")
    def shown_state(self, row: OfflineConflict) -> str:
        """Open, applied later or settled."""
        return words.state(MARKS[State(row.state)], State(row.state).label)

    @admin.display(description=_("first sent"))
    def shown_first(self, row: OfflineConflict) -> str:
        """When it came for the first time."""
        return words.moment(row.first_at)

    @admin.display(description=_("last sent"), ordering="last_at")
    def shown_at(self, row: OfflineConflict) -> str:
        """When it came for the last time."""
        return words.moment(row.last_at)

    @admin.display(description=_("what was done"))
    def shown_settled(self, row: OfflineConflict) -> str:
        """By whom, when and what."""
        if row.state != State.SETTLED:
            return ""
        name = words.actor_name(row.settled_by, words.people([row.settled_by]))
        return f"{row.reason} ({name}, {words.moment(row.settled_at)})"


@admin.register(OfflineDevice, site=site)
class OfflineDevices(ReadOnlyRoom):
    """Tills that have sent something in."""

    thing = "sales"
    list_title = _("Offline tills")
    labels = {"name": _("till"), "last_sequence": _("last number"), "uploads": _("uploads"),
              "applied": _("sales taken"), "replayed": _("sent again")}  # fmt: skip
    list_display = ("name", "shown_client", "shown_at", "last_sequence", "applied", "replayed", "shown_open")
    search_fields = ("name",)
    search_help_text = _("Name of the till")
    ordering = ("-last_upload_at",)
    list_select_related = ("client",)
    fields = (
        "name", "shown_client", "shown_at", "last_sequence", "uploads", "applied", "replayed", "shown_open",
        "shown_gaps",
    )  # fmt: skip
    empty_hint = _("A till appears here when it sends in what it sold without a network.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With what waits for a person."""
        rows: QuerySet[Any] = super().get_queryset(request)
        counted: QuerySet[Any] = rows.annotate(waiting=Count("conflicts", filter=Q(conflicts__state=State.OPEN)))
        return counted

    def reached(self, rows: QuerySet[Any], places: list[Any]) -> QuerySet[Any]:
        """Those with a conflict of a store within reach."""
        return rows.filter(pk__in=OfflineConflict.objects.filter(store__in=_codes(places)).values("device_id"))

    @admin.display(description=_("system"), ordering="client__name")
    def shown_client(self, row: OfflineDevice) -> str:
        """The name of its keys."""
        return str(row.client.name)

    @admin.display(description=_("last upload"), ordering="last_upload_at")
    def shown_at(self, row: OfflineDevice) -> str:
        """When it last sent."""
        return words.moment(row.last_upload_at)

    @admin.display(description=_("waiting for a person"), ordering="waiting")
    def shown_open(self, row: Any) -> str:
        """How many, with the way to them."""
        if not row.waiting:
            return "—"
        address = reverse("admin:rewards_offlineconflict_changelist") + "?state=open"
        said = ngettext("%(n)s item", "%(n)s items", row.waiting) % {"n": row.waiting}
        return format_html('<a class="cell-link" href="{}">{}</a>', address, said)

    @admin.display(description=_("numbers that are missing"))
    def shown_gaps(self, row: OfflineDevice) -> str:
        """Sales that are still on the till, or lost."""
        found = offline.missing(row)
        return ", ".join(f"{first}–{last}" if last > first else str(first) for first, last in found)
