"""The Django application `loyalty`."""

from django.apps import AppConfig
from django.conf import settings
from django.utils.module_loading import autodiscover_modules

from loyalty import clock
from loyalty.sandbox import offset


class LoyaltyConfig(AppConfig):
    """Registers handlers of outbox facts, checks of the books and what programmes must stand, once models are known."""

    name = "loyalty"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Load `handlers`, `books`, `programme` and `dayend` of every application. A sandbox follows its test clock."""
        if settings.LOYALTY_SANDBOX:
            clock.follow(offset.ahead)
        autodiscover_modules("handlers", "books", "programme", "dayend")
