"""`manage.py create_key NAME --scopes a b c [--store CODE] [--user STAFF]`: prints the new key alone."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from loyalty import audit
from loyalty.api import auth
from loyalty.models import Store, User


class Command(BaseCommand):
    """Make a key. It is shown once; only its hash is kept."""

    help = "Make an API key and print it; it cannot be shown again. Keys of one NAME are one client."

    def add_arguments(self, parser: CommandParser) -> None:
        """NAME, scopes, and what the key is bound to."""
        parser.add_argument("name", help="the calling system, such as till-umeda")
        parser.add_argument("--scopes", nargs="+", required=True, choices=auth.SCOPES, metavar="SCOPE")
        parser.add_argument("--store", help="code of the only store it writes for")
        parser.add_argument("--user", help="e-mail address of the member of staff whose key it is")

    def handle(self, *_args: Any, **options: Any) -> None:
        """One call."""
        name, store, user = options["name"].strip(), None, None
        if not 1 <= len(name) <= 100 or not name.isprintable():
            raise CommandError("NAME has 1 to 100 printable characters.")
        if options["store"]:
            store = Store.objects.filter(code=options["store"], retired_at=None).first()
            if store is None:
                raise CommandError(f"There is no store {options['store']}.")
        if options["user"]:
            user = User.objects.filter(email__iexact=options["user"], is_staff=True, is_active=True).first()
            if user is None:
                raise CommandError(f"There is no active member of staff {options['user']}.")
        with transaction.atomic():
            key, token = auth.issue(name=name, scopes=options["scopes"], store=store, user=user)
            audit.record(
                action="key.created",
                actor="system:create_key",
                object_type="apikey",
                object_id=key.pk,
                store=store.code if store else "",
                data={"scopes": list(key.scopes), "user": str(user.pk) if user else ""},
            )
        self.stdout.write(token)
