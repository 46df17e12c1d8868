"""`manage.py revoke_key ID`: ends one key from the next request on."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from loyalty import audit
from loyalty.api import auth


class Command(BaseCommand):
    """End a key."""

    help = "End an API key at once. ID is its third part: lk_live_ID_…; the whole key is taken too."

    def add_arguments(self, parser: CommandParser) -> None:
        """The key's id."""
        parser.add_argument("id", metavar="ID")

    def handle(self, *_args: Any, **options: Any) -> None:
        """One call."""
        key_id = options["id"]
        if key_id.startswith("lk_") and key_id.count("_") >= 2:
            key_id = key_id.split("_")[2]
        with transaction.atomic():
            if not auth.revoke(key_id=key_id):
                raise CommandError("There is no live key with this id.")
            audit.record(action="key.revoked", actor="system:revoke_key", object_type="apikey", object_id=key_id)
        self.stdout.write(f"revoked {key_id}")
