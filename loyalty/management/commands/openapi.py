"""`manage.py openapi > docs/openapi.json`: writes the OpenAPI document, for the snapshot in docs/."""

from typing import Any

from django.core.management.base import BaseCommand

from loyalty.api import schema


class Command(BaseCommand):
    """Print the document."""

    help = "Print the OpenAPI document of the API."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """One call."""
        self.stdout.write(schema.text().decode(), ending="")
