"""The broker is down, stuck or empty, and the process that should have called it is gone (FAULTS C4 to C6).

One worker and one beat live through all of it.
"""

import os
import signal
import subprocess
import sys
import time
from collections import defaultdict

import pytest

from loyalty import broker
from loyalty.models import Fact
from loyalty.runtime.processes import wait_until
from members.models import Message
from tests.conftest import database_copy, use_database
from tests.faults import dying
from tests.faults.messaging import ROOT, enrolled, forget_broker, join, post_office, sell, until_sent
from tests.size import by_size

SALES = by_size(200, 1000, 6000)
FLUSHES = by_size(4, 30, 200)


@pytest.fixture(scope="module")
def post(template, django_db_setup, django_db_blocker, tmp_path_factory):
    """A database of this module's own, a broker, a mail provider, and a worker that has sent its first letter."""
    with database_copy(template) as name, django_db_blocker.unblock():
        before = use_database(name)
        try:
            with post_office(tmp_path_factory.mktemp("post"), name) as office, office.beat(), office.worker() as worker:
                (cleo,) = join(1)
                enrolled(cleo)
                until_sent([cleo], 120)
                yield office
                assert worker.alive  # it was never started again
        finally:
            use_database(before)


def die(post, member, how):
    command = [sys.executable, "-c", dying.COMMAND, str(member.pk), how]
    done = subprocess.run(command, cwd=ROOT, env=post.env, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr


def test_a_message_goes_out_although_its_process_died_between_commit_and_enqueue(post):
    ada, ben = join(2)
    die(post, ben, "on_commit")
    die(post, ada, "outbox")
    until_sent([ada], 60)
    assert ada.messages.get(channel="email").pk in post.sent()
    # The control was committed just so, before, and nobody remembers that Ben was to be welcomed.
    ben.refresh_from_db()
    assert ben.attributes == {"enrolled": True}
    assert not ben.messages.exists()


def points_in_order(members):
    """What each member was told, in the order of telling."""
    told = defaultdict(list)
    inbox = Message.objects.filter(channel="inbox", member__in=members, code="points-earned")
    for member, subject in inbox.order_by("id").values_list("member", "subject"):
        told[str(member)].append(int(subject.split()[0].replace(",", "")))
    return told


def test_sales_go_on_while_the_broker_is_away_and_all_is_told_in_order_afterwards(post):
    members = join(10)
    usual = sell(members, 50)
    post.valkey.stop()
    away = sell(members, SALES)
    post.valkey.start()
    forget_broker()
    sell(members, 1)
    os.kill(post.valkey.pid, signal.SIGSTOP)
    try:
        stuck = sell(members, SALES)
    finally:
        os.kill(post.valkey.pid, signal.SIGCONT)
    median = usual[len(usual) // 2]
    for name, took in (("away", away), ("stuck", stuck)):
        slow = took[int(len(took) * 0.98)]
        print(f"broker {name}: median {took[len(took) // 2] * 1e3:.1f} ms, p98 {slow * 1e3:.1f} ms")
        assert slow - median < 0.05
    until_sent(members, 120)
    recorded = defaultdict(list)
    facts = Fact.objects.filter(account__in=[member.account_id for member in members]).order_by("id")
    for member, points in facts.values_list("payload__member", "payload__points"):
        recorded[member].append(points)
    assert sum(map(len, recorded.values())) == 50 + 2 * SALES + 1
    assert points_in_order(members) == recorded
    letters = dict(Message.objects.filter(channel="email", member__in=members).values_list("pk", "member"))
    sent = [letter for letter in post.sent() if letter in letters]
    assert len(sent) == len(set(sent)) == len(letters)
    for member in members:
        own = [letter for letter in sent if letters[letter] == member.pk]
        assert own == sorted(own)


def test_nothing_is_lost_when_the_broker_loses_everything(post):
    members = join(FLUSHES * 10)
    for n, member in enumerate(members):
        enrolled(member)
        time.sleep(0.02)
        if n % 10 == 9:
            assert wait_until(lambda: broker.attempt(lambda: broker.valkey().flushall()), 10)
    until_sent(members, 60 + len(members))
    letters = Message.objects.filter(channel="email", member__in=members).values_list("pk", flat=True)
    assert len(letters) == len(members)
    assert set(letters) <= set(post.sent())
