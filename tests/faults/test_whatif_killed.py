"""kill -9 of the worker in the middle of a what-if: it goes on, and every sale counts once."""

import os
import signal
from pathlib import Path

import pytest

from loyalty import books
from loyalty.runtime.processes import wait_until
from rewards import whatif
from rewards.models import WhatIf, WhatIfChunk
from tests.faults.messaging import post_office
from tests.rewards.conftest import PROGRAMME, apply
from tests.rewards.whatif_shop import earned, join, sell, visits
from tests.size import by_size

KILLS = by_size(2, 6, 20)
TWICE = {**PROGRAMME, "rules": [{"code": "base", "kind": "per_amount", "points": 2, "per": "1"}]}
EVERY_CENT = [{"code": "base", "kind": "per_amount", "points": 1, "per": "1"}]


@pytest.fixture
def slowly(committed):
    """A history that takes several chunks, each begun by a worker of one process."""
    apply(rules=EVERY_CENT)
    sell(join(60), visits(3, members=60, sales=60 * 15, gap=500))


def test_a_killed_worker_loses_nothing_and_counts_nothing_twice(slowly, committed, tmp_path):
    with post_office(tmp_path, committed) as post:
        run = whatif.start(document=TWICE, name="x", since=None, until=None, actor="test")
        with post.beat(), post.worker(processes=1) as worker:
            for kill in range(KILLS):
                before = done(run)
                wait_until(lambda before=before: done(run) > before or over(run), 60)
                if kill % 2:
                    children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()
                    os.kill(int(children[0]), signal.SIGKILL)  # the process that replays; the worker goes on
                else:
                    worker.kill()
                    worker.start()
            assert wait_until(lambda: over(run), 120)
    run.refresh_from_db()
    points = sum(earned().values())
    assert run.status == WhatIf.Status.DONE, (run.problem, run.detail)
    assert run.result["sales"] == 60 * 15 and run.result["points"][0] == points
    assert books.check().problems == []


def done(run):
    return WhatIfChunk.objects.filter(run=run, done_pass__gte=1).count()


def over(run):
    run.refresh_from_db()
    return run.status not in whatif.OPEN
