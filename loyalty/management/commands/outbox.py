"""`manage.py outbox`: what waits to be told, what was given up, and another try for it."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from loyalty import outbox
from loyalty.models import Fact


class Command(BaseCommand):
    """Prints JSON: how many facts wait, since when, and the parked ones with what went wrong."""

    help = "Show what the outbox still has to do; --retry gives parked facts another try."

    def add_arguments(self, parser: CommandParser) -> None:
        """`--retry` for all parked facts."""
        parser.add_argument("--retry", action="store_true", help="try the parked facts again, from the start")

    def handle(self, *args: Any, **options: Any) -> None:
        """Retry if asked, then show."""
        parked = Fact.objects.filter(parked_at__isnull=False, handled_at=None).order_by("id")
        if options["retry"]:
            outbox.retry(facts=parked.values_list("pk", flat=True))
        shown = [
            {"fact": str(fact.pk), "name": fact.name, "parked_at": fact.parked_at.isoformat(), "error": fact.error}
            for fact in parked[:50]
            if fact.parked_at is not None
        ]
        self.stdout.write(json.dumps({**outbox.waiting(), "parked_facts": shown}, indent=2))
