"""kill -9 of PostgreSQL and of the web server while tills sell (FAULTS C1, C2, T1, T2)."""

import json
import time

import psycopg
import pytest

from loyalty.runtime.testing import throwaway_cluster
from tests.faults.system import manage, rest, selling, stop
from tests.size import by_size

CYCLES = by_size(3, 10, 100)


@pytest.fixture
def system(tmp_path):
    with throwaway_cluster(tmp_path / "home", durable=True) as cluster:
        cluster.migrate()
        with cluster.web() as web:
            yield cluster, web


def receipts(cluster):
    """Every receipt that is in the database, as often as it earned."""
    with psycopg.connect(cluster.env["DATABASE_URL"]) as connection:
        found = connection.execute(
            "SELECT s.receipt, count(e.id), sum(e.points) FROM members_sale s"
            " LEFT JOIN loyalty_entry e ON e.reference = 'sale:' || s.id GROUP BY s.receipt"
        ).fetchall()
    assert {(count, points) for _, count, points in found} <= {(1, 10)}
    return {receipt for receipt, _, _ in found}


def prove(cluster, tills, place):
    """acknowledged ⊆ present ⊆ sent; after the retries all three are the same, and the books balance."""
    acknowledged = set().union(*(till.acknowledged for till in tills))
    sent = set().union(*(till.sent for till in tills))
    present = receipts(cluster)
    assert acknowledged <= present <= sent
    for till in tills:
        till.retry_unknown()
    assert set().union(*(till.acknowledged for till in tills)) == receipts(cluster) == sent
    report = json.loads(manage(cluster.env, "check_books", "--json"))
    assert report["balanced"], report["problems"]
    return len(sent)


def wait_for_sales(tills, before):
    """Until every till sold again after a kill, without a hand."""
    deadline = time.monotonic() + 30
    while any(len(till.acknowledged) <= count for till, count in zip(tills, before, strict=True)):
        assert time.monotonic() < deadline, [
            (count, len(till.acknowledged), till.statuses, till.errors)
            for till, count in zip(tills, before, strict=True)
        ]
        time.sleep(0.1)


@pytest.mark.parametrize("victim", ["postgres", "web"])
def test_no_acknowledged_sale_is_lost_by_a_kill(system, tmp_path, victim):
    cluster, web = system
    tills = selling(cluster, tmp_path, 4)
    for till in tills:
        till.start()
    for _ in range(CYCLES):
        rest(tills, 1.0)
        if victim == "postgres":
            cluster.postgres.kill()
            cluster.postgres.start()
        else:
            web.kill()
            web.start()
        wait_for_sales(tills, [len(till.acknowledged) for till in tills])
    stop(tills)
    assert 500 not in {status for till in tills for status in till.statuses}
    sales = prove(cluster, tills, tmp_path)
    print(f"{CYCLES} kills of {victim}, {sales} sales, none lost")
