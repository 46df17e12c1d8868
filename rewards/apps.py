"""The Django application `rewards`."""

from django.apps import AppConfig


class RewardsConfig(AppConfig):
    """See docs/architecture.md for what lives here."""

    name = "rewards"
    default_auto_field = "django.db.models.BigAutoField"
