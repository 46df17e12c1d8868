"""The admin site, and the shape that every list and page on it shares."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.contrib.admin import SimpleListFilter, display
from django.contrib.admin.utils import label_for_field, lookup_field
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import strip_tags
from django.utils.translation import gettext_lazy as _
from django.views.i18n import set_language
from unfold.admin import ModelAdmin
from unfold.forms import AdminOwnPasswordChangeForm
from unfold.sites import UnfoldAdminSite

from loyalty import audit, clock, roles
from loyalty.admin import gate, signin

_FIGURE = re.compile('<span class="figure">([+\u2212]?[0-9,]+)</span>')  # a whole number from `words.figure`
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


class PasswordChange(PasswordChangeView):
    """A new password for oneself: every other session of the person ends, and the log says so."""

    form_class = AdminOwnPasswordChangeForm
    template_name = "registration/password_change_form.html"

    def form_valid(self, form: Any) -> HttpResponse:
        """Change it and record it."""
        response = super().form_valid(form)
        actor = roles.actor(form.user)
        audit.record(action="staff.password_changed", actor=actor, object_type="user", object_id=str(form.user.pk))
        return response


class StaffSite(UnfoldAdminSite):
    """`/staff/`: two factors to come in, roles from `loyalty.roles` to see anything."""

    index_title = _("Home")
    enable_nav_sidebar = True
    empty_value_display = "—"
    pages: list[Callable[[], list[URLPattern]]] = []
    home: Callable[[HttpRequest], HttpResponse] | None = None  # the dashboard, set by the floor that can see members

    def has_permission(self, request: HttpRequest) -> bool:
        """Both factors and at least one role."""
        return gate.open_for(request)

    def page(self, address: str, name: str) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
        """Register a page of our own: `@site.page("books/", "books")` above a `@gate.guarded(…)` view."""

        def keep(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
            self.pages = [*self.pages, lambda: [path(address, view, name=name)]]
            return view

        return keep

    def get_urls(self) -> list[URLPattern]:
        """Our sign-in and pages before the theme's."""
        own = [
            path("login/", signin.password_step, name="login"),
            path("login/code/", signin.code_step, name="login_code"),
            path("login/setup/", signin.setup_step, name="login_setup"),
            path("logout/", signin.leave, name="logout"),
            path("language/", set_language, name="language"),
            *[url for page in self.pages for url in page()],
        ]
        hidden = {"autocomplete", "view_on_site", "login", "logout"}
        return own + [url for url in super().get_urls() if getattr(url, "name", None) not in hidden]

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Change one's own password."""
        view = PasswordChange.as_view(
            success_url=reverse("admin:password_change_done"),
            extra_context={**self.each_context(request), **(extra_context or {})},
        )
        response: HttpResponse = view(request)  # type: ignore[assignment]
        return response

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Nothing: the side bar is ours (`loyalty.admin.navigation`)."""
        return []

    def app_index(self, request: HttpRequest, app_label: str, extra_context: Any = None) -> HttpResponse:
        """An application is no place of its own: to the first page."""
        return redirect("admin:index")

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The dashboard, or the till for those who only sell."""
        if self.home is not None and roles.may(request.user, "do", "home"):
            return self.home(request)
        if roles.may(request.user, "do", "till"):
            return redirect("till:find")
        raise PermissionDenied


site = StaffSite(name="admin")


class Room(ModelAdmin):
    """What every list has: 50 rows, no bulk deed, only what the person may reach, an export, and a hint when empty."""

    list_title: Any = ""
    labels: Mapping[str, Any] = {}  # names of plain columns, for people
    thing = ""  # the word of `roles.TABLE`
    within = ""  # lookup of the store for people whose role is bound to one; "" where nothing belongs to a store
    empty_hint: Any = ""
    list_per_page = 50
    list_max_show_all = 50
    show_full_result_count = False
    actions = None
    list_fullwidth = True
    compressed_fields = False
    list_before_template = "staff/list_before.html"

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """The columns; plain ones under their name for people."""
        return [self._column(name) for name in super().get_list_display(request)]

    def _column(self, name: Any) -> Any:
        if name not in self.labels:
            return name

        @display(description=self.labels[name], ordering=name, empty_value="—")
        def column(row: Any) -> Any:
            return getattr(row, name) or None

        column.__name__ = name
        return column

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        """Rows within reach (`roles`, rule of places)."""
        rows: QuerySet[Model] = super().get_queryset(request)
        places = roles.reach(request.user, "view", self.thing)
        return rows if places is None else self.reached(rows, list(places))

    def reached(self, rows: QuerySet[Model], places: list[Any]) -> QuerySet[Model]:
        """The rows that belong to one of the stores `places`."""
        if not self.within:
            return rows if self.thing in roles.OPEN_TO_READ else rows.none()
        return rows.filter(**{f"{self.within}__in": places})

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """One row within reach; asks first whether rows of this kind may be seen at all."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return super().get_object(request, object_id, from_field)

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponse:
        raise Http404

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The list, or with `?export=csv` the same rows as a file."""
        if request.GET.get("export") == "csv":
            return self.export(request)
        context = {
            "title": self.list_title,
            "empty_hint": self.empty_hint,
            "may_export": roles.may(request.user, "do", "export"),
            **(extra_context or {}),
        }
        return super().changelist_view(request, context)

    def export(self, request: HttpRequest) -> StreamingHttpResponse:
        """The filtered list as CSV, spreadsheet formulas made harmless; recorded in the audit log."""
        if not (self.has_view_permission(request) and roles.may(request.user, "do", "export")):
            raise PermissionDenied
        wanted = request.GET.copy()
        wanted.pop("export")
        request.GET = wanted  # type: ignore[assignment]
        self.request = request
        changelist = self.get_changelist_instance(request)
        columns = self.get_list_display(request)
        audit.record(
            action="list.exported",
            actor=roles.actor(gate.of_staff(request).user),
            object_type=self.opts.model_name or "",
            data={"rows": changelist.queryset.count()},
        )
        lines = csv.writer(Echo())
        head = [str(label_for_field(name, self.model, self)) for name in columns]

        def rows() -> Iterator[str]:
            yield "\ufeff" + lines.writerow(head)
            for row in changelist.queryset.iterator(chunk_size=500):
                yield lines.writerow([self.cell(row, name) for name in columns])

        response = StreamingHttpResponse(rows(), content_type="text/csv; charset=utf-8")
        name = f"{self.opts.model_name}-{clock.now():%Y%m%d}.csv"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response

    def cell(self, row: Model, name: Any) -> str | int:
        """One value of the file: whole numbers as they are, text without markup and without formulas."""
        try:
            field, _attribute, value = lookup_field(name, row, self)
        except ObjectDoesNotExist:
            return ""
        if field is not None and getattr(field, "flatchoices", None):
            value = dict(field.flatchoices).get(value, value)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if figure := _FIGURE.fullmatch(str(value)):
            return int(figure[1].replace(",", "").replace("\u2212", "-"))
        return plain_cell("" if value is None else strip_tags(str(value)))

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Into the audit log, by id."""
        self._log(request, obj, "added", [])

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Into the audit log, with the names of the fields but not their values."""
        fields = [
            name for part in message if isinstance(part, dict) for name in part.get("changed", {}).get("fields", [])
        ]
        self._log(request, obj, "changed", fields)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Into the audit log, one record each."""
        for row in queryset:
            self._log(request, row, "deleted", [])

    def _log(self, request: HttpRequest, obj: Any, verb: str, fields: list[str]) -> None:
        audit.record(
            action=f"{self.opts.model_name}.{verb}",
            actor=roles.actor(gate.of_staff(request).user),
            object_type=self.opts.model_name or "",
            object_id=str(obj.pk),
            data={"fields": [str(name) for name in fields]} if fields else {},
        )

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """The audit log of one thing, for those who may read it."""
        if not roles.may(request.user, "view", "audit"):
            raise PermissionDenied
        return redirect(
            reverse("admin:loyalty_auditrecord_changelist")
            + f"?object_type={self.opts.model_name}&object_id={object_id}"
        )


class ReadOnlyRoom(Room):
    """History: looked at, never added to, changed or deleted here, whatever is posted."""

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """One row as a list of facts."""
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        facts = [(self._label(name), self._value(row, name)) for name in self.get_fields(request, row)]
        context = {
            **self.admin_site.each_context(request),
            "title": self.record_title(row),
            "facts": facts,
            "back": reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"),
            "list_title": self.list_title,
        }
        return TemplateResponse(request, "staff/record.html", context)

    def record_title(self, row: Any) -> str:
        """What the page of one row is called."""
        return str(row)

    def _label(self, name: str) -> str:
        return str(self.labels.get(name) or label_for_field(name, self.model, self))

    def _value(self, row: Any, name: str) -> Any:
        _field, _attribute, value = lookup_field(name, row, self)
        return "—" if value in (None, "") else value

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False


def choice_filter(parameter: str, named: Any, choices: Mapping[str, Any]) -> type[SimpleListFilter]:
    """A filter by the exact value of a column, its values in words."""

    class Chosen(SimpleListFilter):
        """The filter."""

        title = named
        parameter_name = parameter

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
            """Codes and their words."""
            return list(choices.items())

        def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
            """The rows chosen."""
            return queryset.filter(**{parameter: self.value()}) if self.value() else queryset

    return Chosen


def plain_cell(text: str) -> str:
    """Text for a CSV cell: what a spreadsheet would run as a formula gets an apostrophe in front (FAULTS I9)."""
    return f"'{text}" if text.startswith(_FORMULA) else text


class Echo:
    """A file that gives back what is written to it, so that csv writes into a stream."""

    def write(self, text: str) -> str:
        """The text itself."""
        return text
