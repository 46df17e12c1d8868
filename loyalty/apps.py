"""The Django application `loyalty`."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class LoyaltyConfig(AppConfig):
    """Registers handlers of outbox facts and checks of the books once every model is known."""

    name = "loyalty"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Load the `handlers` and `books` of every installed application."""
        autodiscover_modules("handlers", "books")
