"""The two forms of a correction: which grants are meant, and what shall be done about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from loyalty import clock, policies
from loyalty.admin import words
from loyalty.models import Store
from rewards.corrections import Scope
from rewards.models import Correction

_DAY = {"type": "date"}


class StoreChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A store by its name."""

    def label_from_instance(self, obj: Any) -> str:
        """The name in the language of the page."""
        return words.store_name(obj)


class ScopeForm(forms.Form):
    """Rule, version, days and store."""

    once = forms.UUIDField(widget=forms.HiddenInput, required=False)
    rule = forms.ChoiceField(
        label=_("Rule"), error_messages={"invalid_choice": _("There is no such rule: choose one of the list.")},
    )  # fmt: skip
    version = forms.RegexField(
        r"^[0-9]{1,6}(\s*,\s*[0-9]{1,6}){0,20}$", label=_("Versions of the rule"), required=False,
        help_text=_("Empty: every version. Several: 3, 4."),
        error_messages={"invalid": _("Give numbers, such as 3 or 3, 4.")},
    )  # fmt: skip
    since = forms.DateField(label=_("First day"), widget=forms.DateInput(format="%Y-%m-%d", attrs=_DAY))
    through = forms.DateField(label=_("Last day"), widget=forms.DateInput(format="%Y-%m-%d", attrs=_DAY))
    store = StoreChoice(
        label=_("Store"), queryset=Store.objects.all(), to_field_name="code", required=False,
        empty_label=_("every store"),
    )  # fmt: skip

    def __init__(self, *args: Any, rules: Sequence[tuple[str, Any]], **more: Any) -> None:
        super().__init__(*args, **more)
        cast("forms.ChoiceField", self.fields["rule"]).choices = rules

    def clean(self) -> dict[str, Any]:
        """The period must not end before it begins."""
        given = super().clean() or {}
        if given.get("since") and given.get("through") and given["through"] < given["since"]:
            raise ValidationError({"through": _("The last day lies before the first.")})
        return given

    def scope(self) -> Scope:
        """What is meant, in instants of the programme's zone. Only after `is_valid`."""
        zone, given = policies.current().zone, self.cleaned_data
        return Scope(
            rule=given["rule"],
            since=clock.start_of(given["since"], zone),
            until=clock.end_of(given["through"], zone),
            versions=tuple(sorted({int(part) for part in given["version"].split(",") if part.strip()})),
            store=given["store"],
        )


class DeedForm(forms.Form):
    """Take back or forgive, why, and what members are told besides."""

    deed = forms.ChoiceField(
        label=_("What shall be done"),
        choices=[
            (Correction.Deed.TAKE_BACK, _("Take the points back")),
            (Correction.Deed.FORGIVE, _("Let members keep them")),
        ],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(label=_("Reason, for the audit log"), max_length=300)
    words_en = forms.CharField(
        label=_("A sentence to members, in English"), max_length=500, required=False,
        widget=forms.Textarea(attrs={"rows": 2, "lang": "en"}),
        help_text=_("The message already names the rule, the days, the points and the balance."),
    )  # fmt: skip
    words_ja = forms.CharField(
        label=_("A sentence to members, in Japanese"), max_length=500, required=False,
        widget=forms.Textarea(attrs={"rows": 2, "lang": "ja"}),
    )  # fmt: skip
