"""The Celery application: a task is only a wake-up for a row that is already committed."""

import os
import signal

from celery import Celery
from celery.signals import worker_process_init
from kombu.transport import redis

from loyalty.runtime.processes import ends_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loyalty.settings")


class QoS(redis.QoS):
    """Lets a worker live through the loss of its broker while a task runs.

    kombu would put the task back, or acknowledge it when it ends, through the connection that was lost, and the
    worker would die of an AttributeError. Nothing needs to be put back: the sweepers find the work.
    """

    restore_at_shutdown = False

    def ack(self, delivery_tag: str) -> None:
        """Acknowledge a task, unless its connection is gone."""
        if not self.channel.closed:
            super().ack(delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Refuse a task, unless its connection is gone."""
        if not self.channel.closed:
            super().reject(delivery_tag, requeue=requeue)


redis.Channel.QoS = QoS

die_with_the_worker = ends_with_parent(signal.SIGKILL)  # made in the worker, asked for in each of its processes


@worker_process_init.connect
def leave_no_orphan(**_: object) -> None:
    """A process of the pool that waits for work does not notice by itself that its worker was killed."""
    die_with_the_worker()


app = Celery("loyalty")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
