"""Lists of what members did and were told: sales and messages."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from loyalty import audit, roles
from loyalty.admin import ReadOnlyRoom, choice_filter, site, words
from loyalty.admin.gate import of_staff
from members import masking
from members.admin import reach
from members.admin.filters import StoreFilter
from members.models import Message, Sale


def _member_link(room: Any, member: Any) -> str:
    if member is None:
        return str(_("nobody yet"))
    profile = getattr(member, "profile", None)
    name = profile.name if profile else ""
    name = (name if room.names else masking.name(name)) or str(_("no name"))
    if not room.members:
        return name
    return format_html(
        '<a class="cell-link" href="{}">{}</a>', reverse("admin:members_member_change", args=[member.pk]), name
    )


@admin.register(Sale, site=site)
class Sales(ReadOnlyRoom):
    """Every receipt."""

    thing = "sales"
    list_title = _("Sales")
    labels = {"receipt": _("receipt")}
    within = "store_id"
    list_display = ("receipt", "shown_member", "shown_store", "shown_total", "shown_points", "shown_state", "shown_at")
    list_filter = (StoreFilter, choice_filter("status", _("state"), {"sold": _("sold"), "voided": _("voided")}))
    search_fields = ("receipt",)
    search_help_text = _("Receipt number")
    ordering = ("-occurred_at",)
    list_select_related = ("store", "decision", "member__profile")
    empty_hint = _("The first sale appears when a till or the shop reports one.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Knows whether names may be shown."""
        self.names = roles.may(request.user, "do", "contact")
        self.members = roles.may(request.user, "view", "members")
        return super().get_queryset(request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """A sale is explained by its decision."""
        sale = self.get_object(request, object_id)
        if sale is None or sale.decision_id is None:
            raise Http404
        return redirect("admin:loyalty_decision_change", sale.decision_id)

    @admin.display(description=_("member"))
    def shown_member(self, sale: Sale) -> str:
        """Whose it is."""
        return _member_link(self, sale.member)

    @admin.display(description=_("store"), ordering="store")
    def shown_store(self, sale: Sale) -> str:
        """Where."""
        return words.store_name(sale.store)

    @admin.display(description=_("total"), ordering="total_minor")
    def shown_total(self, sale: Sale) -> str:
        """What was paid."""
        return words.figure(words.amount(sale.total_minor, sale.currency))

    @admin.display(description=_("points"))
    def shown_points(self, sale: Sale) -> str:
        """What it earned."""
        return words.figure(words.signed(sale.decision.points) if sale.decision and sale.member_id else "0")

    @admin.display(description=_("state"), ordering="status")
    def shown_state(self, sale: Sale) -> str:
        """Sold or voided."""
        return words.state("off", _("voided")) if sale.status == Sale.Status.VOIDED else words.state("on", _("sold"))

    @admin.display(description=_("when"), ordering="occurred_at")
    def shown_at(self, sale: Sale) -> str:
        """When it happened."""
        return words.moment(sale.occurred_at)


_MARKS = {
    Message.Status.SENT: "on",
    Message.Status.FAILED: "bad",
    Message.Status.QUEUED: "wait",
    Message.Status.SENDING: "wait",
}


@admin.register(Message, site=site)
class Messages(ReadOnlyRoom):
    """Everything members were told."""

    thing = "messages"
    list_title = _("Messages")
    labels = {"subject": _("subject")}
    list_display = ("subject", "shown_member", "channel", "shown_state", "shown_at")
    list_filter = ("status", "channel")
    ordering = ("-id",)
    list_select_related = ("member__profile",)
    empty_hint = _("The first message is the welcome to the first member.")

    def reached(self, rows: QuerySet[Any], places: list[Any]) -> QuerySet[Any]:
        """Messages to members within reach."""
        return rows.filter(member__in=reach.of_stores(places).values("pk"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Knows whether names may be shown."""
        self.names = roles.may(request.user, "do", "contact")
        self.members = roles.may(request.user, "view", "members")
        return super().get_queryset(request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Subject, text and the HTML as a sealed picture of itself: it can run nothing and load nothing."""
        message = self.get_object(request, object_id)
        if message is None:
            raise Http404
        reads = reach.may_reach(request.user, message.member, "do", "contact")
        if reads:
            audit.record(
                action="message.viewed",
                actor=roles.actor(of_staff(request).user),
                object_type="message",
                object_id=str(message.pk),
            )
        context = {
            **self.admin_site.each_context(request),
            "title": message.subject if reads else _("Message"),
            "message": message,
            "reads": reads,
            "to": _member_link(self, message.member),
            "state": self.shown_state(message),
            "happened": words.moment(message.occurred_at),
            "sent": words.moment(message.sent_at) if message.sent_at else "",
        }
        return TemplateResponse(request, "staff/message.html", context)

    @admin.display(description=_("member"))
    def shown_member(self, message: Message) -> str:
        """To whom."""
        return _member_link(self, message.member)

    @admin.display(description=_("state"), ordering="status")
    def shown_state(self, message: Message) -> str:
        """As a word with a dot."""
        return words.state(_MARKS.get(Message.Status(message.status), "off"), message.get_status_display())

    @admin.display(description=_("about"), ordering="occurred_at")
    def shown_at(self, message: Message) -> str:
        """When the fact happened that it tells of."""
        return words.moment(message.occurred_at)
