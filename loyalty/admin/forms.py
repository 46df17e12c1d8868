"""Forms that several pages share."""

from django import forms
from django.utils.translation import gettext_lazy as _


class ReasonForm(forms.Form):
    """Why something grave is done."""

    reason = forms.CharField(label=_("Reason"), max_length=300)
