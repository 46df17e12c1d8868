"""How long does a what-if take? Stored sales of 1 to 3 lines replayed by a Celery worker of two processes.

The draft is a shipped template; today's rules are the same template with other numbers, so both sides cost about the
same. Every number is of one run on one machine: worker and PostgreSQL share it.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import tempfile
import time
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any

import rewards.demo
from loyalty.models import Entry
from loyalty.runtime import system
from members.models import Sale
from rewards import programme_file, whatif
from rewards.models import WhatIf, WhatIfChunk
from tests.benchmarks import history
from tests.benchmarks.machine import machine
from tests.benchmarks.sale import books, say

TEMPLATES = Path(rewards.demo.__file__).with_name("programmes")
PURCHASES = 10


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `./run bench whatif`."""
    parser.add_argument("--sales", type=int, default=1_000_000, help="how many sales are stored (1,000,000)")
    parser.add_argument("--template", default="department", help="which shipped programme, or a file (department)")
    parser.add_argument("--json", type=Path, help="also write the figures here")


def main(options: argparse.Namespace) -> int:
    """Load, replay, check, print. 0 when every sale was replayed and the books balance as before."""
    file = TEMPLATES / f"{options.template}.yaml"
    document = programme_file.read((file if file.exists() else Path(options.template)).read_text()).document
    started = time.monotonic()
    history.load(options.sales // PURCHASES, PURCHASES, document=document, lines=3)
    say(f"{Sale.objects.count():,} sales loaded by COPY in {time.monotonic() - started:.0f} s")
    entries = Entry.objects.count()
    with (
        tempfile.TemporaryDirectory(prefix="whatif-") as place,
        system.worker(dict(os.environ), Path(place)),
        system.beat(dict(os.environ), Path(place)),
    ):
        nothing = (history.OPENED - timedelta(days=2), history.OPENED - timedelta(days=1))
        follow(whatif.start(document=document, name="warm-up", since=nothing[0], until=nothing[1], actor=history.ACTOR))
        run = whatif.start(document=changed(document), name="bench", since=None, until=None, actor=history.ACTOR)
        figures = follow(run)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)  # of the worker, which is over
    figures = {"machine": machine(), "template": options.template, **figures}
    figures["processor_seconds_of_the_worker"] = round(used.ru_utime + used.ru_stime, 1)
    figures["books"] = books()
    honest = run_is_whole(run) and Entry.objects.count() == entries
    say(json.dumps(figures, indent=2))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 0 if honest and figures["books"] == "in balance" else 1


def changed(document: dict[str, Any]) -> dict[str, Any]:
    """A draft: the template with twice the points of its first rule that counts money."""
    draft = deepcopy(document)
    rule = next(rule for rule in draft["rules"] if rule["kind"] == "per_amount")
    rule["points"] *= 2
    return draft


def follow(run: WhatIf) -> dict[str, Any]:
    """Wait for the run and say how it went. Chunks are gone when it is done, so they are read on the way."""
    seconds: dict[tuple[int, int], float] = {}
    while run.status in whatif.OPEN:
        time.sleep(0.1)
        for number, part, took in WhatIfChunk.objects.filter(run=run).values_list("number", "done_pass", "seconds"):
            if part:
                seconds[number, part] = took
        run.refresh_from_db()
    if run.status != WhatIf.Status.DONE or run.started_at is None or run.ended_at is None:
        raise RuntimeError(f"{run.status}: {run.problem} {run.detail}")
    took = (run.ended_at - run.created_at).total_seconds()
    each = sorted(seconds.values())
    return {
        "sales": run.sales,
        "seconds": round(took, 1),
        "sales_per_second": round(run.sales / took) if took else 0,
        "seconds_to_cut_up": round((run.started_at - run.created_at).total_seconds(), 1),
        "passes": run.pass_number,
        "chunks": len({number for number, _ in seconds}),
        "seconds_per_chunk": {
            "median": round(statistics.median(each), 2),
            "most": round(each[-1], 2),
            "sum": round(sum(each), 1),
        }
        if each
        else {},
        "points": run.result and run.result["points"],
    }


def run_is_whole(run: WhatIf) -> bool:
    """Every stored sale was replayed, once."""
    return bool(run.result and run.result["sales"] == Sale.objects.filter(member__isnull=False).count())
