"""Filters that several lists share."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from loyalty import clock, policies, roles
from loyalty.admin import words
from loyalty.liability import naming
from loyalty.models import ClosedMonth, Store
from members.admin.liability import vocabulary


class StoreFilter(admin.SimpleListFilter):
    """By store, of those within reach."""

    title = _("store")
    parameter_name = "store"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The stores within reach."""
        places = roles.reach(request.user, "view", model_admin.thing)
        stores = Store.objects.all() if places is None else Store.objects.filter(pk__in=places)
        return [(store.code, words.store_name(store)) for store in stores]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of the store chosen."""
        return queryset.filter(store__code=self.value()) if self.value() else queryset


class BookFilter(admin.SimpleListFilter):
    """The entries behind a number of the liability book: `2026-10-01.2026-11-01.redeemed`, and `.later` for those
    that were recorded after that month was closed. Offers nothing by itself; the pages of the book link to it."""

    title = _("liability book")
    parameter_name = "book"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """What is chosen, in words."""
        chosen = request.GET.get(self.parameter_name, "")
        found = self._read(chosen)
        if found is None:
            return []
        since, until, row, later = found
        name = f"{vocabulary.ROWS.get(row, _('All rows'))}, {vocabulary.day(since)} – {vocabulary.day(until)}"
        return [(chosen, f"{name}, {_('recorded later')}" if later else name)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The entries of the days from the first to the day before the second."""
        found = self._read(self.value() or "")
        if found is None:
            return queryset
        since, until, row, later = found
        zone = policies.current().zone
        chosen = queryset.filter(occurred_at__lt=clock.start_of(until, zone))
        if later:
            closed = ClosedMonth.objects.filter(month=since).first()
            return chosen.filter(recorded_at__gt=closed.closed_at) if closed else chosen.none()
        chosen = chosen.filter(occurred_at__gte=clock.start_of(since, zone))
        return chosen.filter(naming.entries_of(row)) if row in naming.ROWS else chosen

    def _read(self, chosen: str) -> tuple[date, date, str, bool] | None:
        since, _dot, rest = chosen.partition(".")
        until, _dot, rest = rest.partition(".")
        row, _dot, later = rest.partition(".")
        try:
            return date.fromisoformat(since), date.fromisoformat(until), row, later == "later"
        except ValueError:
            return None
