"""The Django application `loyalty`."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class LoyaltyConfig(AppConfig):
    """Registers handlers of outbox facts, checks of the books and what programmes must stand, once models are known."""

    name = "loyalty"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Load the `handlers`, `books` and `programme` of every installed application."""
        autodiscover_modules("handlers", "books", "programme")
