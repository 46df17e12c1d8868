"""The whole system with the test-only calls beside its own, for a real web server."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loyalty.settings")

from django.conf import settings

settings.ROOT_URLCONF = "tests.api.shop"

from loyalty.wsgi import application  # noqa: E402

__all__ = ["application"]
