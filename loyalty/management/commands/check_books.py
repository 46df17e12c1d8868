"""`manage.py check_books`: prove the invariants, or name the rows that break them."""

import json
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from loyalty import books, health


class Command(BaseCommand):
    """Exits with 1 if an invariant does not hold."""

    help = "Prove that the books are right; name the rows where they are not."

    def add_arguments(self, parser: CommandParser) -> None:
        """`--json` for machines."""
        parser.add_argument("--json", action="store_true", help="print the report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Wait for a running seed, then check."""
        while health.seeding() is not None:
            time.sleep(0.5)
        report = books.check()
        if options["json"]:
            problems = [vars(problem) for problem in report.problems]
            self.stdout.write(
                json.dumps({"balanced": report.balanced, "checked": report.checked, "problems": problems})
            )
        else:
            for problem in report.problems:
                self.stdout.write(f"{problem.invariant}  {problem.row}: {problem.detail}")
            checked = " ".join(dict.fromkeys(report.checked))
            words = "The books balance" if report.balanced else f"{len(report.problems)} problems"
            self.stdout.write(f"{words} ({checked}, {report.seconds:.1f} s)")
        if not report.balanced:
            raise SystemExit(1)
