"""Many senders at once, each in a thread with its own connection to the database."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connections


def at_once(work: Callable[[int], Any], *, times: int, workers: int) -> list[Any]:
    """Run `work(0) … work(times - 1)`, `workers` at a time, all starting together; their results in order."""
    barrier = threading.Barrier(workers)
    waited = threading.local()

    def run(number: int) -> Any:
        if not getattr(waited, "done", False):
            waited.done = True
            barrier.wait(10)
        return work(number)

    def close(_: int) -> None:
        barrier.wait(10)
        connections.close_all()

    with ThreadPoolExecutor(workers) as pool:
        results = list(pool.map(run, range(times)))
        list(pool.map(close, range(workers)))
    return results
