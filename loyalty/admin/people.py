"""Staff: who they are, what they may do and where; their second factor and their end."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from unfold.admin import TabularInline
from unfold.widgets import UnfoldAdminSelectWidget

from loyalty import audit, roles, staff
from loyalty.admin import words
from loyalty.admin.forms import ReasonForm
from loyalty.admin.gate import StaffRequest, of_staff
from loyalty.admin.shell import Room, choice_filter, site
from loyalty.models import Role, StaffRole, Store, User


class RoleFormSet(forms.models.BaseInlineFormSet):  # type: ignore[type-arg]
    """Roles of one person; nobody takes their own administration away, so that somebody always has it."""

    own = False

    def clean(self) -> None:
        """Refuse to lock oneself out."""
        super().clean()
        if not self.own or any(self.errors):
            return
        left = [form.cleaned_data for form in self.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")]
        if not any(row.get("role") == Role.ADMINISTRATOR and row.get("store") is None for row in left):
            raise ValidationError(_("You cannot take away your own administration. Ask another administrator."))


class StoreChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A store by its name; none is every store."""

    def label_from_instance(self, obj: Any) -> str:
        """The name in the language of the page."""
        return words.store_name(obj)


class RoleForm(forms.ModelForm):  # type: ignore[type-arg]
    """One role. Nothing is chosen beforehand, so that an empty row gives nobody anything."""

    role = forms.ChoiceField(
        label=_("role"), choices=[("", _("Select value")), *Role.choices], widget=UnfoldAdminSelectWidget
    )
    store = StoreChoice(
        label=_("store"),
        queryset=Store.objects.filter(retired_at__isnull=True),
        required=False,
        empty_label=_("every store"),
        widget=UnfoldAdminSelectWidget,
    )

    class Meta:
        model = StaffRole
        fields = ("role", "store")


class Roles(TabularInline):
    """What the person does, and in which store (empty: everywhere)."""

    model = StaffRole
    form = RoleForm
    hide_title = True
    formset = RoleFormSet
    extra = 1
    fields = ("role", "store")
    verbose_name = _("role")
    verbose_name_plural = _("Roles")

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Knows whether it edits the roles of whoever asks."""
        formset = super().get_formset(request, obj, **kwargs)
        formset.own = obj is not None and obj.pk == request.user.pk
        return formset


class PersonForm(forms.ModelForm):  # type: ignore[type-arg]
    """Name and address; whether they may sign in."""

    class Meta:
        model = User
        fields = ("email", "name", "is_active")
        help_texts = {"is_active": _("Take the tick away and every session of the person ends at once.")}

    def clean_email(self) -> str:
        """Addresses are compared in lower case."""
        email: str = self.cleaned_data["email"].strip().lower()
        if User.objects.filter(email__iexact=email).exclude(pk=self.instance.pk).exists():
            raise ValidationError(_("Somebody has this address already."))
        return email


@admin.register(User, site=site)
class People(Room):
    """Everybody who may sign in at /staff/."""

    thing = "staff"
    list_title = _("Staff")
    form = PersonForm
    inlines = (Roles,)
    list_display = ("shown_name", "email", "shown_roles", "shown_factor", "shown_state", "shown_last")
    search_fields = ("name", "email")
    list_filter = ("is_active", choice_filter("roles__role", _("role"), dict(Role.choices)))
    ordering = ("name", "email")
    empty_hint = _("Add the first person, give them a role, and they set up their second factor at sign-in.")
    change_form_template = "staff/person.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Staff only; members who sign in to the portal are none of this list's business."""
        return super().get_queryset(request).filter(is_staff=True).prefetch_related("roles__store", "authenticator_set")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: what they did stays theirs. They are made inactive instead."""
        return False

    def get_urls(self) -> list[URLPattern]:
        """Resetting a factor and setting a password have pages of their own."""
        return [
            path(
                "<uuid:user_id>/reset/",
                self.admin_site.admin_view(self.reset),
                name="loyalty_user_reset",
            ),
            *super().get_urls(),
        ]

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """Under the person's name."""
        person = self.get_object(request, object_id) if object_id else None
        title = str(person) if person else _("New member of staff")
        return super().changeform_view(request, object_id, form_url, {"title": title, **(extra_context or {})})

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Somebody new is staff with a password nobody knows; disabling oneself is refused."""
        if not change:
            obj.is_staff = True
            obj.set_unusable_password()
        if obj.pk == request.user.pk:
            obj.is_active = True
        obj.save()
        if not change:
            self._record(of_staff(request), "staff.created", obj)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Each role given or taken away is a record of its own."""
        before = {(row.role, row.store_id): row for row in StaffRole.objects.filter(user=form.instance)}
        with transaction.atomic():
            formset.save()
            after = {
                (row.role, row.store_id): row
                for row in StaffRole.objects.filter(user=form.instance).select_related("store")
            }
            for key in before.keys() - after.keys():
                self._record(of_staff(request), "role.removed", form.instance, before[key])
            for key in after.keys() - before.keys():
                self._record(of_staff(request), "role.granted", form.instance, after[key])

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """Recorded as `staff.created`."""

    def _record(
        self, request: StaffRequest, action: str, user: User, role: StaffRole | None = None, reason: str = ""
    ) -> None:
        audit.record(
            action=action,
            actor=roles.actor(request.user),
            object_type="user",
            object_id=str(user.pk),
            store=role.store.code if role and role.store else "",
            reason=reason,
            data={"role": str(role.role)} if role else {},
        )

    @method_decorator([never_cache, csrf_protect])
    def reset(self, request: StaffRequest, user_id: Any) -> HttpResponse:
        """Forget a person's second factor and give them a first password, shown once; their sessions end."""
        if not roles.may(request.user, "change", "staff"):
            raise PermissionDenied
        user = User.objects.filter(pk=user_id, is_staff=True).first()
        if user is None:
            raise Http404
        if user.pk == request.user.pk:
            messages.error(request, _("Your own sign-in is reset by another administrator."))
            return redirect(reverse("admin:loyalty_user_change", args=[user.pk]))
        form = ReasonForm(request.POST or None)
        context = {**self.admin_site.each_context(request), "title": _("New sign-in…"), "form": form, "person": user}
        if request.method == "POST" and form.is_valid():
            context["password"] = staff.renew(
                user=user,
                actor=roles.actor(request.user),
                reason=form.cleaned_data["reason"],
            )
        return TemplateResponse(request, "staff/person_reset.html", context)

    @admin.display(description=_("name"), ordering="name")
    def shown_name(self, user: User) -> str:
        """The name, the address where there is none."""
        return str(user)

    @admin.display(description=_("roles"))
    def shown_roles(self, user: User) -> str:
        """Each role with its store."""
        return ", ".join(
            f"{row.get_role_display()} ({words.store_name(row.store)})" if row.store else row.get_role_display()
            for row in user.roles.all()
        )

    @admin.display(description=_("second factor"))
    def shown_factor(self, user: Any) -> str:
        """Whether it is set up."""
        has = any(factor.type == "totp" for factor in user.authenticator_set.all())
        return words.state("on", _("set up")) if has else words.state("wait", _("at next sign-in"))

    @admin.display(description=_("state"), ordering="is_active")
    def shown_state(self, user: User) -> str:
        """Active or not."""
        return words.state("on", _("active")) if user.is_active else words.state("off", _("disabled"))

    @admin.display(description=_("last sign-in"), ordering="last_login")
    def shown_last(self, user: User) -> str:
        """When they last came in."""
        return words.moment(user.last_login)
