"""kill -9 of the worker while it sends (FAULTS C3), and a provider that accepts but does not answer (C10)."""

import os
import random
import signal
import time
from datetime import timedelta
from pathlib import Path

from django.core.mail import get_connection

from loyalty import clock, outbox
from loyalty.runtime.processes import wait_until
from members import delivery
from members.models import Message
from tests.faults.messaging import enrolled, join, post_office, until_sent
from tests.size import by_size

KILLS = by_size(3, 10, 100)
EACH = 12  # letters for each kill


def test_a_killed_worker_loses_no_message_and_repeats_at_most_what_it_was_sending(committed, tmp_path):
    with post_office(tmp_path, committed, seconds=0.15) as post:
        members = join(KILLS * EACH)
        for member in members:
            enrolled(member)
        with post.beat(), post.worker(processes=1) as worker:
            for kill in range(KILLS):
                before = len(post.sent())
                assert wait_until(lambda before=before: len(post.sent()) > before, 60)
                time.sleep(random.uniform(0, 0.3))
                if kill % 3 == 2:
                    kill_child(worker)  # the process that sends; the worker itself goes on
                else:
                    worker.kill()
                    worker.start()
            until_sent(members, 120 + len(members))
        sent = post.sent()
    letters = set(Message.objects.filter(channel="email").values_list("pk", flat=True))
    assert set(sent) == letters
    assert len(letters) == len(members)
    assert Message.objects.filter(channel="inbox").count() == len(members)
    repeats = len(sent) - len(letters)
    assert repeats <= KILLS
    print(f"{KILLS} kills, {len(letters)} letters, none lost, {repeats} sent twice")


def kill_child(worker):
    children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()
    os.kill(int(children[0]), signal.SIGKILL)


def test_a_provider_that_accepts_and_does_not_answer_gets_the_same_message_id_again(
    committed, tmp_path, monkeypatch, settings
):
    with post_office(tmp_path, committed, slow=1) as post:
        settings.EMAIL_BACKEND = post.env["EMAIL_BACKEND"]
        settings.EMAIL_HOST, settings.EMAIL_PORT = post.env["EMAIL_HOST"], int(post.env["EMAIL_PORT"])
        settings.EMAIL_TIMEOUT = 0.5
        assert get_connection().timeout == 0.5
        (ada,) = join(1)
        enrolled(ada)
        outbox.drain()
        assert delivery.deliver_due() == 0
        letter = ada.messages.get(channel="email")
        assert (letter.status, letter.error.split()[0]) == ("queued", "SMTPServerDisconnected")
        late = clock.now() + timedelta(minutes=1)
        monkeypatch.setattr(clock, "now", lambda: late)
        assert delivery.deliver_due() == 1
        assert post.sent() == [letter.pk, letter.pk]
