"""How long does the demo take to load? Every purchase goes through the operations that the API calls.

Everything counts: replaying, and carrying every fact to its handlers until the inboxes are written.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import sys
import time
from typing import Any

from django.core.management import call_command

from tests.benchmarks.machine import machine, table


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `./run bench demo`."""
    parser.add_argument("--demo", default="cdnow", help="which one (cdnow)")


def main(options: argparse.Namespace) -> int:
    """Load it, check it, print. 0 when the books balance."""
    used, began = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    call_command("seed_demo", options.demo, stdout=io.StringIO())
    seconds = time.monotonic() - began
    now = resource.getrusage(resource.RUSAGE_SELF)
    processor = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    found = io.StringIO()
    call_command("figures", stdout=found)
    figures: dict[str, Any] = json.loads(found.getvalue())
    events = figures["members"] + figures["sales"]
    rows = [
        ("", "seconds", "of this processor", "events a second"),
        (f"demo {options.demo}", f"{seconds:.1f}", f"{processor:.1f}", f"{events / seconds:.0f}"),
    ]
    sys.stdout.write(f"\n{table(rows)}\n{json.dumps(figures)}\n{json.dumps(machine())}\n")
    call_command("check_books")  # exits with 1 where they do not balance
    return 0
