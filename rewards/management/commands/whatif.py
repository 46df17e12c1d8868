"""`manage.py whatif FILE`: what a programme would have given for the stored sales; writes to nobody's points."""

from __future__ import annotations

import json
import sys
import time
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from loyalty import clock, policies
from loyalty.admin import words
from rewards import programme_file, whatif
from rewards.models import WhatIf

ACTOR = "system:whatif"


class Command(BaseCommand):
    """Exit code 0: done; 1: the file has errors or the run failed. Replays in this process, workers join in."""

    help = "What a programme file would have given for the stored sales, against the rules in force."

    def add_arguments(self, parser: CommandParser) -> None:
        """The file and the period."""
        parser.add_argument("file", metavar="FILE", help="a programme file, - for standard input")
        parser.add_argument("--since", type=date.fromisoformat, metavar="DAY", help="first day of the sales")
        parser.add_argument("--until", type=date.fromisoformat, metavar="DAY", help="last day of the sales, included")
        parser.add_argument("--as-dated", action="store_true", help="the dates of rules and campaigns count as written")
        parser.add_argument("--json", action="store_true", help="the whole result as JSON (docs/what-if.md)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check, start, replay, print."""
        text = sys.stdin.read() if options["file"] == "-" else _read(Path(options["file"]))
        wrong = [one for one in programme_file.check(text) if one.severity == "error"]
        if wrong:
            raise CommandError("\n".join(one.sentence(options["file"]) for one in wrong), returncode=1)
        try:
            run = whatif.start(
                document=programme_file.read(text).document,
                name=options["file"],
                since=_instant(options["since"], end=False),
                until=_instant(options["until"], end=True),
                actor=ACTOR,
                as_dated=options["as_dated"],
            )
        except whatif.WhatIfRefused as refused:
            raise CommandError(f"{refused.code}: {refused.detail}") from None
        self.follow(run)
        if run.status != WhatIf.Status.DONE or run.result is None:
            raise CommandError(f"{run.status}: {run.problem} {run.detail}".strip())
        if options["json"]:
            self.stdout.write(json.dumps(run.result, indent=2, ensure_ascii=False))
        else:
            self.summary(run.result)

    def follow(self, run: WhatIf) -> None:
        """Do its work here, beside the workers, and say how far it is."""
        shown = 0.0
        try:
            while run.status in whatif.OPEN:
                if not whatif.work():
                    time.sleep(0.1)
                run.refresh_from_db()
                share = whatif.progress(run).share
                if share >= shown + 0.1:
                    shown = share
                    self.stderr.write(f"{share:.0%}")
        except KeyboardInterrupt:
            whatif.cancel(run=run)
            raise

    def summary(self, result: dict[str, Any]) -> None:
        """The figures that matter most."""
        before, after = result["points"]
        members, cost = result["members"], result["cost_minor"]
        rows = [
            ("sales replayed", words.number(result["sales"])),
            ("sales with another result", words.number(result["changed_sales"])),
            ("points under today's rules", words.number(before)),
            ("points under the file", words.number(after)),
            ("change", words.signed(after - before)),
            ("members who gain, who lose", f"{words.number(members['gain'])}, {words.number(members['lose'])}"),
        ]
        if cost[1] is not None:
            rows.append(("cost at face value", words.amount(cost[1], result["currency"])))
        for limit in result["limits"]:
            if limit["side"] == "draft":
                end = f", used up {limit['out_at']}" if limit["out_at"] else ""
                rows.append((limit["key"], f"{words.number(limit['taken'])} of {words.number(limit['limit'])}{end}"))
        up = sum(row["members"] for row in result["moves"] if row["up"])
        down = sum(row["members"] for row in result["moves"]) - up
        rows.append(("members who move tier", f"{words.number(up)} up, {words.number(down)} down"))
        for name, value in rows:
            self.stdout.write(f"{name:<28}{value}")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path}: {error}") from None


def _instant(day: date | None, *, end: bool) -> datetime | None:
    if day is None:
        return None
    zone = policies.current().zone
    return clock.end_of(day, zone) if end else clock.start_of(day, zone)
