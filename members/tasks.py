"""Tasks of the members' floor. A task is only a wake-up for rows that are committed already."""

from datetime import timedelta
from uuid import UUID

from celery import shared_task

from loyalty import clock, schedule
from members import delivery, recount, signin


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


@shared_task
def follow_programme() -> None:
    """Work out levels again where another version of the programme came into force by itself."""
    if schedule.claim("members.follow_programme", every=recount.PERIOD):
        recount.follow_programme()


@shared_task
def drop_old_sign_in_codes() -> None:
    """Delete what is left of sign-in codes that ran out a day ago."""
    if schedule.claim("members.drop_old_sign_in_codes", every=schedule.DAILY):
        signin.forget_old(before=clock.now() - timedelta(days=1))
