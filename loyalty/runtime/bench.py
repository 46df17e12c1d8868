"""`./run bench NAME …`: a benchmark against a real web server on a throw-away database with fsync."""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from loyalty.runtime import terminal
from loyalty.runtime.foreground import run_in_foreground
from loyalty.runtime.testing import throwaway_cluster


def main(arguments: Sequence[str]) -> int:
    """Calls `python -m tests.benchmarks NAME …`.

    Its environment has LOYALTY_BENCH_URL, and LOYALTY_PG_BIN, the directory of pgbench.
    """
    with (
        tempfile.TemporaryDirectory(prefix="loyalty-bench-", ignore_cleanup_errors=True) as place,
        throwaway_cluster(Path(place) / "home", durable=True) as cluster,
    ):
        cluster.migrate()
        with cluster.web(LOYALTY_KEY_LIMIT_PER_MINUTE="1000000000"):  # the limit is not what is measured
            terminal.say(f"web server at {cluster.url}, throw-away database {cluster.env['DATABASE_URL']}")
            env = {**cluster.env, "LOYALTY_BENCH_URL": cluster.url}
            return run_in_foreground([sys.executable, "-m", "tests.benchmarks", *arguments], env)
