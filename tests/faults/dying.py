"""Enrols a member and dies right after COMMIT, before anybody was told (FAULTS C4)."""

import os
import signal
from functools import partial

from django.db import transaction

from loyalty import celery
from loyalty.outbox import wakeup
from members.models import Member
from tests.faults.messaging import enrolled

COMMAND = "import sys, django; django.setup(); from tests.faults import dying; dying.die(*sys.argv[1:])"


def die(member, how):
    """`how`: outbox, or as control on_commit, where the message is asked for after the commit and nothing else."""
    found = Member.objects.get(pk=member)
    kill = partial(os.kill, os.getpid(), signal.SIGKILL)
    if how == "outbox":
        wakeup.send = kill
        enrolled(found)
        return
    with transaction.atomic():
        Member.objects.filter(pk=found.pk).update(attributes={"enrolled": True})
        transaction.on_commit(kill)
        transaction.on_commit(partial(celery.app.send_task, "members.tasks.welcome", [member]))
