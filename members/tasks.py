"""Tasks of the members' floor. A task is only a wake-up for rows that are committed already."""

from uuid import UUID

from celery import shared_task

from loyalty import schedule
from members import delivery


@shared_task
def deliver_message(message_id: str) -> None:
    """May run twice: the message is claimed first."""
    delivery.deliver(message_id=UUID(message_id))


@shared_task
def deliver_messages() -> None:
    """The same for all that are due."""
    delivery.deliver_due()


@shared_task
def sweep_messages() -> None:
    """Send what is due and was not sent."""
    if schedule.claim("members.sweep_messages", every=schedule.SWEEP):
        delivery.deliver_due()
