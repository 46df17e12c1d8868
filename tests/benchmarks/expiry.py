"""How fast do points expire? Our chunks beside one bare SQL statement that does the same writes, with tills selling.

Both write the same rows of the same kind of accounts under the same triggers, in turns: bare, ours, ours, bare. Then
tills sell alone, and again while a job expires: a sale may take at most twice as long at the 99th percentile.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from loyalty import clock, due
from loyalty.models import Account, Lot
from tests.benchmarks import clients, history, sale
from tests.benchmarks.machine import machine, table

ROOT = Path(__file__).resolve().parent.parent.parent
FLOOR = 0.65  # of the bare statement's speed
LONGEST_SECONDS = 2.0  # of one transaction
SLOWER = 2.0  # a till's p99 with the job, by that without
LOTS_EACH = 4  # of an account

# What a person would write in psql on a quiet evening: no chunks, no locks taken one by one, no pending points.
BARE = """
WITH gone AS MATERIALIZED (
  SELECT l.id, l.account_id, l.remaining, a.total, a.sequence, l.expires_at, loyalty_uuid7() AS entry,
         row_number() OVER w AS place, sum(l.remaining) OVER w AS points
    FROM loyalty_account a JOIN loyalty_lot l ON l.account_id = a.id
   WHERE a.next_change_at = %(at)s AND l.remaining > 0
  WINDOW w AS (PARTITION BY l.account_id ORDER BY l.sequence)),
entries AS (
  INSERT INTO loyalty_entry (id, account_id, sequence, kind, house, points, balance_after, debt_change, reference,
                             occurred_at, recorded_at, actor)
  SELECT entry, account_id, sequence + place, 'expire', 'expired', -remaining, total - points, 0, 'expire:' || id,
         expires_at, now(), 'system:expiry' FROM gone),
movements AS (
  INSERT INTO loyalty_lotmovement (id, account_id, lot_id, entry_id, points, recorded_at)
  SELECT loyalty_uuid7(), account_id, id, entry, -remaining, now() FROM gone),
emptied AS (UPDATE loyalty_lot SET remaining = 0 FROM gone WHERE loyalty_lot.id = gone.id)
UPDATE loyalty_account a SET total = a.total - lost.points, sequence = a.sequence + lost.entries,
       next_change_at = NULL, as_of = %(at)s
  FROM (SELECT account_id, max(points) AS points, max(place) AS entries FROM gone GROUP BY account_id) lost
 WHERE a.id = lost.account_id
"""


@dataclass
class Run:
    """One side's work so far."""

    lots: int = 0
    seconds: float = 0.0
    longest: float = 0.0
    transactions: int = 0

    @property
    def per_second(self) -> float:
        return self.lots / self.seconds if self.seconds else 0.0


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `./run bench expiry`."""
    parser.add_argument("--lots", type=int, default=1_000_000, help="how many lots each side expires (1,000,000)")
    parser.add_argument("--members", type=int, default=20_000, help="whom the tills sell to (20,000)")
    parser.add_argument("--clients", type=int, default=4, help="how many tills post at once (4)")
    parser.add_argument("--seconds", type=int, default=20, help="how long selling is measured (20)")
    parser.add_argument("--warm-up", type=int, default=10, help="seconds before that (10)")
    parser.add_argument("--json", type=Path, help="also write the figures here")


def main(options: argparse.Namespace) -> int:
    """Load, expire in turns, sell with and without, check the books. 0 when every figure is within its bound."""
    ends = clock.now().replace(microsecond=0) - timedelta(days=10)
    groups = [ends + timedelta(hours=number) for number in range(4)]
    accounts = max(1, options.lots // 2 // LOTS_EACH)
    started = time.monotonic()
    history.load(options.members, 1)
    for group in groups:
        history.load_points(accounts, LOTS_EACH, ends=group)
    sale.say(f"{4 * accounts * LOTS_EACH:,} lots loaded by COPY in {time.monotonic() - started:.0f} s")
    bare, ours = Run(), Run()
    for side, at in zip((bare, ours, ours, bare), (groups[0], groups[1], groups[2], groups[3]), strict=True):
        by_one_statement(side, at) if side is bare else by_us(side, at)
        sale.say(f"{'bare' if side is bare else 'ours'}: {side.per_second:,.0f} lots a second so far")
    figures: dict[str, Any] = {
        "machine": machine(),
        "lots": ours.lots,
        "bare_per_second": round(bare.per_second),
        "ours_per_second": round(ours.per_second),
        "share": round(ours.per_second / bare.per_second, 3),
        "longest_transaction_s": round(ours.longest, 3),
        "transactions": ours.transactions,
    }
    figures |= with_tills(options, ends - timedelta(days=1))
    figures["books"] = sale.books()
    show(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 0 if within_bounds(figures) else 1


def by_one_statement(run: Run, at: datetime) -> None:
    """The bare statement, in one transaction."""
    before, started = _left(at), time.perf_counter()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(BARE, {"at": at})
    run.seconds += time.perf_counter() - started
    run.lots += before - _left(at)
    run.transactions += 1


def by_us(run: Run, at: datetime) -> None:
    """What the job does, until nothing is left, noting how long its longest transaction was."""
    before, started = _left(at), time.perf_counter()
    work = due._Sweep(at, time.monotonic() + 36_000)
    while True:
        begun = time.perf_counter()
        if not due._by_statement(work):
            break
        run.longest = max(run.longest, time.perf_counter() - begun)
        run.transactions += 1
    run.seconds += time.perf_counter() - started
    run.lots += before - _left(at)


def _left(at: datetime) -> int:
    return Lot.objects.filter(expires_at=at, remaining__gt=0).count()


def with_tills(options: argparse.Namespace, ends: datetime) -> dict[str, Any]:
    """What selling takes alone and while a job expires without end, in a process of its own."""
    url, key = os.environ["LOYALTY_BENCH_URL"], sale.made_key()
    numbers = list(range(1, options.members))
    alone = sell(url, key, numbers, options)
    busy_for = options.warm_up + options.seconds
    accounts = max(1000, options.lots // LOTS_EACH)
    history.load_points(accounts, LOTS_EACH, ends=ends)
    code = f"from tests.benchmarks import expiry; expiry.expire_for({busy_for})"
    job = subprocess.Popen([sys.executable, "-c", f"import django; django.setup(); {code}"], cwd=ROOT)
    try:
        beside = sell(url, key, numbers, options)
    finally:
        ended = job.poll() is not None
        job.wait()
    left = Account.objects.filter(next_change_at=ends).count()
    return {
        "p99_alone_ms": round(alone.percentile(0.99) * 1000, 1),
        "p99_beside_ms": round(beside.percentile(0.99) * 1000, 1),
        "slower": round(beside.percentile(0.99) / alone.percentile(0.99), 2),
        "expired_beside": (accounts - left) * LOTS_EACH,
        "job_was_at_work": not ended or left > 0,
    }


def sell(url: str, key: str, numbers: list[int], options: argparse.Namespace) -> clients.Tally:
    """Sales of three lines for a while; none may be refused."""
    make = sale.requests(url.removeprefix("http://"), key, numbers)
    tally = clients.run(url, make, clients=options.clients, warm_up=options.warm_up, seconds=options.seconds)
    if tally.refused:
        raise sale.NotHonestError(f"{tally.refused}")
    return tally


def expire_for(seconds: float) -> None:
    """The job, for about so long."""
    print(f"the job brought {due.write_changes(seconds):,} accounts to the present", flush=True)


def within_bounds(figures: dict[str, Any]) -> bool:
    return bool(
        figures["share"] >= FLOOR
        and figures["longest_transaction_s"] <= LONGEST_SECONDS
        and figures["slower"] <= SLOWER
        and figures["books"] == "in balance"
    )


def show(figures: dict[str, Any]) -> None:
    """The table for docs/performance.md."""
    rows = [
        ("", "measured", "bound"),
        ("bare statement, lots a second", f"{figures['bare_per_second']:,}", ""),
        ("in chunks, lots a second", f"{figures['ours_per_second']:,}", ""),
        ("share", f"{figures['share']}", f"≥ {FLOOR}"),
        ("longest transaction, s", f"{figures['longest_transaction_s']}", f"≤ {LONGEST_SECONDS}"),
        ("p99 of a sale alone, ms", f"{figures['p99_alone_ms']}", ""),
        ("p99 beside the job, ms", f"{figures['p99_beside_ms']}", f"× ≤ {SLOWER}: {figures['slower']}"),
        ("lots expired beside the tills", f"{figures['expired_beside']:,}", ""),
    ]
    sale.say("\n" + table(rows) + f"\nbooks: {figures['books']}")
    sale.say(", ".join(f"{name} {value}" for name, value in figures["machine"].items()))
