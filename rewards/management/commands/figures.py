"""`manage.py figures`: the programme in numbers, as JSON."""

import json
import time
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from loyalty import health, snapshots
from members import figures


class Command(BaseCommand):
    """Waits for a running seed, so that the numbers are those of a complete programme."""

    help = "Print members, sales, spend and points of the programme as JSON."

    def handle(self, *args: Any, **options: Any) -> None:
        """All numbers of one instant."""
        while health.seeding() is not None:
            time.sleep(0.5)
        with transaction.atomic():
            snapshots.begin()
            totals = figures.totals()
        self.stdout.write(json.dumps(totals, ensure_ascii=False))
