"""One wake-up for each transaction, and seldom one at a busy till."""

import time

from django.db import transaction

from loyalty import outbox
from loyalty.models import Fact
from tests.faults.messaging import enrolled, join, post_office, sell


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
