"""The Django application `members`."""

from django.apps import AppConfig


class MembersConfig(AppConfig):
    """See docs/architecture.md for what lives here."""

    name = "members"
    default_auto_field = "django.db.models.BigAutoField"
