"""Filters that several lists share."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from loyalty import roles
from loyalty.admin import words
from loyalty.models import Store


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
