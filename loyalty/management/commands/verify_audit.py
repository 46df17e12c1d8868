"""`manage.py verify_audit`: read the audit log again and name the first record that does not hold."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from loyalty import audit


class Command(BaseCommand):
    """Exit 0 and print the head when the chain holds; exit 1 and name the record when it does not."""

    help = "Verify the hash chain of the audit log."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """`--head` compares with a head kept elsewhere; without it the one of the last good run is used."""
        parser.add_argument("--head", metavar="SEQUENCE:HASH", help="a head printed by an earlier run")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Verify, print, and keep the new head under LOYALTY_HOME."""
        try:
            known = audit.parse_head(options["head"]) if options["head"] else audit.kept_head()
        except ValueError as error:
            raise CommandError(str(error)) from error
        verdict = audit.verify(known=known)
        if not verdict.holds:
            raise CommandError(f"The audit log does not hold: record {verdict.broken}: {verdict.why}.")
        audit.keep_head(verdict.head)
        self.stdout.write(f"The audit log holds: {verdict.records} records, head {verdict.head}")
