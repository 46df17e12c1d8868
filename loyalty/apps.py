"""The Django application `loyalty`."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class LoyaltyConfig(AppConfig):
    """Registers the handlers of outbox facts once every model is known."""

    name = "loyalty"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Load `handlers` of every installed application; registering twice changes nothing."""
        autodiscover_modules("handlers")
