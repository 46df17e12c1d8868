"""How many sales a second? POST /sales with three lines, beside pgbench writing the same rows in the same run.

Every number is of one run on one server: web server, clients and PostgreSQL share the machine, as they do for pgbench.
"""

from __future__ import annotations

import argparse
import io
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management import call_command

from loyalty.models import Account
from loyalty.runtime.processes import Process
from loyalty.runtime.system import answers
from loyalty.runtime.testing import free_port
from members import recount
from members.models import Member, Sale
from tests.benchmarks import clients, history, plain
from tests.benchmarks.machine import machine, table

ROOT = Path(__file__).resolve().parent.parent.parent
HOT = 0  # the member whom everybody sells to in the hot variant
LINES = [("BEANS", 1, 1299), ("CUP", 2, 700), ("LATTE", 1, 458)]  # sku, quantity, minor units
TOTAL = "24.57"


class NotHonestError(RuntimeError):
    """What was acknowledged and what stands in the database are not the same."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `./run bench sale`."""
    parser.add_argument("--members", type=int, default=100_000, help="how many members there are (100,000)")
    parser.add_argument("--history", type=int, default=1, help="how many sales each made before (1)")
    parser.add_argument("--clients", type=int, default=8, help="how many post at once (8)")
    parser.add_argument("--seconds", type=int, default=15, help="how long each part is measured (15)")
    parser.add_argument(
        "--warm-up", type=int, default=10, help="seconds before that (10): workers import, connections prepare"
    )
    parser.add_argument("--json", type=Path, help="also write the figures here")


def main(options: argparse.Namespace) -> int:
    """Load, measure, check, print. 0 when the books balance and every acknowledged sale is there."""
    url = os.environ["LOYALTY_BENCH_URL"]
    started = time.monotonic()
    history.load(options.members, options.history)
    loaded = time.monotonic() - started
    say(f"{options.members:,} members with {options.history} sales each loaded by COPY in {loaded:.0f} s")
    key = made_key()
    figures: dict[str, Any] = {"machine": machine(), "members": options.members, "history": options.history}
    figures |= {"clients": options.clients, "seconds": options.seconds}
    anyone = list(range(1, options.members))
    random.Random(1).shuffle(anyone)
    figures["api"] = api(url, key, anyone, options)
    if wrong := list(recount.wrong_tiers()):
        raise NotHonestError(f"{wrong[0]}")
    example = Sale.objects.filter(receipt__startswith="B-").order_by("-recorded_at").first()
    assert example is not None
    # Both before pgbench runs: it will be the last to write the example's member.
    last = options.members - 1
    scripts = {
        "pgbench": plain.script(example, first=1, last=last),
        "pgbench_hot": plain.script(example, first=HOT, last=HOT),
    }
    with tempfile.TemporaryDirectory(prefix="pgbench-") as place:
        for name, source in scripts.items():
            rate = plain.pgbench(source, place=Path(place), clients=options.clients, seconds=options.seconds)
            figures[name] = {"per_second": round(rate, 1)}
            say(f"{name}: {rate:,.0f} a second")
    for row in recount.wrong_tiers(None):  # plain SQL lifts nobody to another level
        recount.recompute(member_id=row.member)
    figures["api_hot"] = api(url, key, [HOT], options)
    figures["bare"] = bare(options)
    figures["books"] = books()
    show(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 0 if figures["books"] == "in balance" else 1


def say(text: str) -> None:
    print(text, flush=True)


def made_key() -> str:
    """A key that may sell, of a client of its own."""
    out = io.StringIO()
    call_command("create_key", "bench", "--scopes", "sales", stdout=out)
    return out.getvalue().strip()


def requests(host: str, key: str, numbers: list[int]) -> Callable[[], bytes]:
    """What makes the next request: a three-line sale of the next member, with a receipt and key of its own."""
    run = uuid.uuid4().hex[:8]
    count, member = itertools.count(), itertools.cycle(numbers)
    lines = json.dumps(
        [
            {"line": n, "sku": sku, "quantity": quantity, "amount": f"{minor // 100}.{minor % 100:02d}"}
            for n, (sku, quantity, minor) in enumerate(LINES, start=1)
        ]
    )

    def make() -> bytes:
        number = f"B-{run}-{next(count)}"
        body = (
            f'{{"store": "main", "receipt": "{number}", "member": {{"card": "{history.card(next(member))}"}}, '
            f'"currency": "USD", "total": "{TOTAL}", "lines": {lines}}}'
        )
        return clients.request("/api/v1/sales", host=host, key=key, number=number, body=body.encode())

    return make


def api(url: str, key: str, numbers: list[int], options: argparse.Namespace) -> dict[str, Any]:
    """Post sales of these members for a while; the sales that were acknowledged must be there, and no others."""
    before = Sale.objects.count()
    make = requests(url.removeprefix("http://"), key, numbers)
    tally = clients.run(url, make, clients=options.clients, warm_up=options.warm_up, seconds=options.seconds)
    written = Sale.objects.count() - before
    if tally.refused or written != tally.acknowledged:
        raise NotHonestError(f"{tally.acknowledged} acknowledged, {written} written, {tally.refused}")
    if len(numbers) == 1:
        counters_follow(numbers[0])
    figures = {"per_second": round(tally.per_second, 1), "acknowledged": written} | milliseconds(tally)
    say(f"POST /sales, {len(numbers):,} members: {figures}")
    return figures


def milliseconds(tally: clients.Tally) -> dict[str, float]:
    """The median and the 99th percentile."""
    return {
        "p50_ms": round(tally.percentile(0.5) * 1000, 2),
        "p99_ms": round(tally.percentile(0.99) * 1000, 2),
    }


def counters_follow(number: int) -> None:
    """The hot member's counters and balance are what the sales add up to: nothing was lost in the race."""
    member = Member.objects.get(identities__kind="card", identities__value=history.card(number))
    account = Account.objects.get(pk=member.account_id)
    totals = list(Sale.objects.filter(member=member).values_list("total_minor", flat=True))
    points = sum(total // 100 for total in totals)
    known = (member.spend_minor, member.purchases, account.total)
    if known != (sum(totals), len(totals), points):
        raise NotHonestError(f"counters {known}, sales {(sum(totals), len(totals), points)}")


def bare(options: argparse.Namespace) -> dict[str, Any]:
    """The same requests to a view that does nothing, under a web server of the same shape."""
    with bare_server() as url:
        make = requests(url.removeprefix("http://"), "none", [1])
        tally = clients.run(url, make, clients=options.clients, warm_up=options.warm_up, seconds=options.seconds)
    if tally.refused:
        raise NotHonestError(f"{tally.refused}")
    figures = {"per_second": round(tally.per_second, 1)} | milliseconds(tally)
    say(f"bare POST: {figures}")
    return figures


@contextmanager
def bare_server() -> Iterator[str]:
    """Granian as the launcher starts it, cores + 1 workers of one thread, serving `bare`."""
    port = free_port()
    workers = len(os.sched_getaffinity(0)) + 1
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", str(workers), "--blocking-threads", "1", "--log-level", "warning"]
    command += ["--workers-kill-timeout", "8", "tests.benchmarks.bare:application"]
    with tempfile.TemporaryDirectory(prefix="bare-") as place:
        log = Path(place) / "bare.log"
        server = Process("bare", command, log=log, env=os.environ, cwd=ROOT, ready=lambda: answers(port, "/bare"))
        with server:
            if not server.wait_ready(120):
                raise RuntimeError(f"the bare server does not start: {log.read_text()[-2000:]}")
            yield f"http://127.0.0.1:{port}"


def books() -> str:
    """What check_books says of everything that was written."""
    command = [sys.executable, "manage.py", "check_books"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return "in balance" if done.returncode == 0 else (done.stdout + done.stderr)[-2000:]


def show(figures: dict[str, Any]) -> None:
    """The table for docs/performance.md."""
    rate = {name: figures[name]["per_second"] for name in ("api", "api_hot", "pgbench", "pgbench_hot", "bare")}
    rows = [("", "a second", "p50 ms", "p99 ms", "÷ pgbench", "÷ bare POST")]
    for name, title in (("api", "POST /sales"), ("api_hot", "POST /sales, one member")):
        plain_rate = rate[name.replace("api", "pgbench")]
        ratios = (f"{rate[name] / plain_rate:.2f}", f"{rate[name] / rate['bare']:.2f}")
        times = (str(figures[name]["p50_ms"]), str(figures[name]["p99_ms"]))
        rows.append((title, f"{rate[name]:,.0f}", *times, *ratios))
    for name, title in (("pgbench", "pgbench"), ("pgbench_hot", "pgbench, one member"), ("bare", "bare POST")):
        rows.append((title, f"{rate[name]:,.0f}", "", "", "", ""))
    say("\n" + table(rows) + f"\nbooks: {figures['books']}")
    say(", ".join(f"{name} {value}" for name, value in figures["machine"].items()))
