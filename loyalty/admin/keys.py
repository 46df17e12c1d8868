"""API keys: made here and shown once, revoked at once, never read again."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.validators import RegexValidator
from django.db import connection, transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect

from loyalty import audit, roles
from loyalty.admin import words
from loyalty.admin.forms import ReasonForm
from loyalty.admin.gate import StaffRequest
from loyalty.admin.shell import ReadOnlyRoom, site
from loyalty.api import auth
from loyalty.models import ApiKey, AuditRecord, Store, User


def _made_before(once: str) -> bool:
    """Whether the form that carries `once` made its key already: reloading the answer sends it again. To be asked in
    the transaction that makes the key; of two at the same time the second one waits for the first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"apikey form {once}"])
    return AuditRecord.objects.filter(action="key.created", data__form=once).exists()


class KeyForm(forms.Form):
    """What a new key is for."""

    name = forms.CharField(
        label=_("Name of the system"),
        max_length=100,
        help_text=_("Keys with one name are one system: use the same name to rotate a key."),
        validators=[RegexValidator(r"^[A-Za-z0-9][A-Za-z0-9 ._-]*$", _("Letters, digits, spaces, . _ and -."))],
    )
    scopes = forms.MultipleChoiceField(
        label=_("May"),
        choices=[(scope, scope) for scope in auth.SCOPES],
        widget=forms.CheckboxSelectMultiple,
        help_text=_("As little as it needs."),
    )
    store = forms.ModelChoiceField(
        label=_("Only in store"),
        queryset=Store.objects.filter(retired_at__isnull=True),
        required=False,
        empty_label=_("every store"),
        help_text=_("A key bound to a store can write nowhere else."),
    )
    user = forms.ModelChoiceField(
        label=_("Belongs to"),
        queryset=User.objects.filter(is_staff=True, is_active=True),
        required=False,
        empty_label=_("a system, not a person"),
        help_text=_("Points given by hand need a key of a person."),
    )


class KeyState(admin.SimpleListFilter):
    """In use, or revoked."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The two states."""
        return [("live", _("in use")), ("revoked", _("revoked"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> QuerySet[ApiKey]:
        """The keys in the state chosen."""
        chosen = self.value()
        return queryset.filter(revoked_at__isnull=chosen == "live") if chosen else queryset


@admin.register(ApiKey, site=site)
class Keys(ReadOnlyRoom):
    """Every key there ever was. The secret is kept by nobody but its owner."""

    thing = "keys"
    list_title = _("API keys")
    labels = {"id": _("public part")}
    list_display = ("shown_name", "id", "shown_scopes", "shown_store", "shown_state", "shown_created")
    list_select_related = ("client", "store", "user")
    list_filter = (KeyState,)
    search_fields = ("id", "client__name")
    ordering = ("-created_at",)
    empty_hint = _("Make a key for each till or shop that calls the API.")
    change_list_template = "staff/keys.html"

    def get_urls(self) -> list[URLPattern]:
        """Making and revoking have pages of their own."""
        return [
            path("new/", self.admin_site.admin_view(self.new), name="loyalty_apikey_new"),
            path("<str:key_id>/revoke/", self.admin_site.admin_view(self.revoke), name="loyalty_apikey_revoke"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The list, with a button for those who may make one."""
        context = {"may_make": roles.may(request.user, "change", "keys"), **(extra_context or {})}
        return super().changelist_view(request, context)

    @method_decorator([never_cache, csrf_protect])
    def new(self, request: StaffRequest) -> HttpResponse:
        """Make a key; its text is on the answer to this one request and nowhere else."""
        if not roles.may(request.user, "change", "keys"):
            raise PermissionDenied
        form = KeyForm(request.POST or None)
        context = {**self.admin_site.each_context(request), "title": _("New API key"), "form": form}
        context["once"] = once = request.POST.get("once", "")[:64] or uuid4().hex
        if request.method == "POST" and form.is_valid():
            data = form.cleaned_data
            with transaction.atomic():
                if _made_before(once):
                    messages.warning(
                        request, _("This form made its key already. If the key is lost, revoke it and make another.")
                    )
                    return redirect("admin:loyalty_apikey_changelist")
                key, context["token"] = auth.issue(
                    name=data["name"], scopes=data["scopes"], store=data["store"], user=data["user"]
                )
                audit.record(
                    action="key.created",
                    actor=roles.actor(request.user),
                    object_type="apikey",
                    object_id=key.pk,
                    store=data["store"].code if data["store"] else "",
                    data={
                        "scopes": list(key.scopes),
                        "user": str(data["user"].pk) if data["user"] else "",
                        "form": once,
                    },
                )
        return TemplateResponse(request, "staff/key_new.html", context)

    @method_decorator([never_cache, csrf_protect])
    def revoke(self, request: StaffRequest, key_id: str) -> HttpResponse:
        """Ask why, then end the key from the next request on."""
        if not roles.may(request.user, "change", "keys"):
            raise PermissionDenied
        key = ApiKey.objects.select_related("client", "store").filter(pk=key_id).first()
        if key is None:
            raise Http404
        form = ReasonForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            with transaction.atomic():
                if auth.revoke(key_id=key.pk):
                    audit.record(
                        action="key.revoked",
                        actor=roles.actor(request.user),
                        object_type="apikey",
                        object_id=key.pk,
                        reason=form.cleaned_data["reason"],
                    )
            messages.success(request, _("The key is revoked. Its next request is refused."))
            return redirect(reverse("admin:loyalty_apikey_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Revoke this key…"),
            "form": form,
            "key": key,
            "store": words.store_name(key.store),
            "others": ApiKey.objects.filter(client=key.client, revoked_at__isnull=True).exclude(pk=key.pk).count(),
        }
        return TemplateResponse(request, "staff/key_revoke.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """What is known of a key: everything but its secret."""
        key = self.get_object(request, object_id)
        if key is None:
            raise Http404
        context = {
            **self.admin_site.each_context(request),
            "title": key.client.name,
            "key": key,
            "scopes": self.shown_scopes(key),
            "store": self.shown_store(key),
            "state": self.shown_state(key),
            "created": words.moment(key.created_at),
            "revoked": words.moment(key.revoked_at) if key.revoked_at else "",
            "may_revoke": roles.may(request.user, "change", "keys") and key.revoked_at is None,
        }
        return TemplateResponse(request, "staff/key.html", context)

    @admin.display(description=_("system"), ordering="client__name")
    def shown_name(self, key: ApiKey) -> str:
        """The client's name."""
        return key.client.name

    @admin.display(description=_("may"))
    def shown_scopes(self, key: ApiKey) -> str:
        """Its scopes."""
        return ", ".join(key.scopes)

    @admin.display(description=_("only in store"), ordering="store__code")
    def shown_store(self, key: ApiKey) -> str:
        """The store it is bound to."""
        return words.store_name(key.store) or str(_("every store"))

    @admin.display(description=_("state"), ordering="revoked_at")
    def shown_state(self, key: ApiKey) -> str:
        """In use or revoked."""
        return words.state("off", _("revoked")) if key.revoked_at else words.state("on", _("in use"))

    @admin.display(description=_("made"), ordering="created_at")
    def shown_created(self, key: ApiKey) -> str:
        """When it was made."""
        return words.day(key.created_at)
