"""The Celery application: a task is only a wake-up for a row that is already committed."""

import os

from celery import Celery
from kombu.transport import redis

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

app = Celery("loyalty")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
