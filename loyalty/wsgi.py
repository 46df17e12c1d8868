"""The web entry point; importing the Celery app here lets requests enqueue work."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loyalty.settings")

from django.core.wsgi import get_wsgi_application

from loyalty.celery import app as celery_app  # noqa: F401

application = get_wsgi_application()
