"""Tasks of the ground floor. A task is only a wake-up for rows that are committed already."""

from celery import shared_task

from loyalty import outbox


@shared_task
def relay_outbox() -> None:
    """Carry what is in the outbox to its handlers. Harmless at any time, in any number."""
    outbox.relay()
