"""The broker is down, stuck or empty, and the process that should have called it is gone (FAULTS C4 to C6)."""

import os
import signal
import subprocess
import sys
import time
from collections import defaultdict

from django.db import transaction

from loyalty import broker, outbox
from loyalty.models import Fact
from members.models import Message
from tests.faults import dying
from tests.faults.messaging import ROOT, earned, enrolled, forget_broker, join, post_office, until_sent
from tests.size import by_size

SALES = by_size(200, 1000, 6000)


def die(post, member, how):
    command = [sys.executable, "-c", dying.COMMAND, str(member.pk), how]
    done = subprocess.run(command, cwd=ROOT, env=post.env, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr


def test_a_message_goes_out_although_its_process_died_between_commit_and_enqueue(committed, tmp_path):
    with post_office(tmp_path, committed) as post:
        ada, ben = join(2)
        die(post, ada, "outbox")
        die(post, ben, "on_commit")
        assert post.queued() == 0
        ben.refresh_from_db()
        assert ben.attributes == {"enrolled": True}  # it was committed as well
        with post.beat(), post.worker():
            until_sent(1, 60)
        letter = ada.messages.get(channel="email")
        assert post.sent() == [letter.pk]
        assert not ben.messages.exists()  # the control: nobody remembers that Ben was to be welcomed


def sell(members, count):
    """Facts one after the other, each in a transaction; how long each took beyond the work itself, sorted."""
    took = []
    for n in range(count):
        member = members[n % len(members)]
        started = time.perf_counter()
        earned(member, n + 1)
        took.append(time.perf_counter() - started)
    return sorted(took)


def points_in_order():
    """What each member was told, in the order of telling."""
    told = defaultdict(list)
    for member, subject in Message.objects.filter(channel="inbox").order_by("id").values_list("member", "subject"):
        told[member].append(int(subject.split()[0].replace(",", "")))
    return told


def test_sales_go_on_while_the_broker_is_away_and_all_is_told_in_order_afterwards(committed, tmp_path):
    with post_office(tmp_path, committed) as post:
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
        total = 50 + 2 * SALES + 1
        assert outbox.waiting()["waiting"] == total
        with post.beat(), post.worker():
            until_sent(total, 120)
        sent = post.sent()
    told = points_in_order()
    assert sum(map(len, told.values())) == total
    said = {str(member.pk): member.pk for member in members}
    for member, points in Fact.objects.order_by("id").values_list("payload__member", "payload__points"):
        assert told[said[member]].pop(0) == points
    letters = dict(Message.objects.filter(channel="email").values_list("pk", "member"))
    assert len(sent) == len(set(sent)) == total
    for member in members:
        own = [letter for letter in sent if letters[letter] == member.pk]
        assert own == sorted(own)


def test_nothing_is_lost_when_the_broker_loses_everything(committed, tmp_path):
    with post_office(tmp_path, committed) as post:
        members = join(by_size(60, 300, 2000))
        with post.beat(), post.worker():
            for n, member in enumerate(members):
                enrolled(member)
                time.sleep(0.02)
                if n % 10 == 9:
                    broker.attempt(lambda: broker.valkey().flushall())
            until_sent(len(members), 60 + len(members))
        assert len(set(post.sent())) == len(members)


def test_a_wake_up_is_sent_once_for_each_transaction_and_seldom_at_a_busy_till(committed, tmp_path):
    with post_office(tmp_path, committed) as post:
        ada, ben = join(2)
        with transaction.atomic():
            enrolled(ada)
            enrolled(ben)
            assert post.queued() == 0
        assert post.queued() == 1
        started = time.monotonic()
        sell([ada, ben], 100)
        assert post.queued() <= 2 + (time.monotonic() - started) / 0.5
        carried = outbox.relay()
        assert carried == 102
        before = post.queued()
        sell([ada], 1)  # the relay has gone to sleep: somebody must wake it
        assert post.queued() == before + 1


def test_a_rolled_back_savepoint_takes_its_wake_up_along_but_not_that_of_the_others(committed, tmp_path):
    with post_office(tmp_path, committed) as post:
        ada, ben = join(2)
        with transaction.atomic():
            with transaction.atomic():
                enrolled(ada)
                transaction.set_rollback(True)
            enrolled(ben)
        assert post.queued() == 1
        assert Fact.objects.get().payload["member"] == str(ben.pk)
