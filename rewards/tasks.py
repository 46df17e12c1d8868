"""Tasks of the rewards' floor. A task is only a wake-up for rows that are committed already."""

from datetime import timedelta

from celery import shared_task

from loyalty import schedule
from rewards import birthdays, occasions, referrals

MINUTE = timedelta(minutes=1)


@shared_task
def answer_occasions() -> None:
    """Answer what is due. Harmless at any time, in any number."""
    occasions.answer_due()


@shared_task
def sweep_occasions() -> None:
    """The same for what nobody was woken up for, after noting the referrals whose time has come."""
    if schedule.claim("rewards.sweep_occasions", every=MINUTE):
        referrals.settle_all()
        occasions.answer_due()


@shared_task
def note_birthdays() -> None:
    """Note the birthdays of the programme's day; often, since its midnight is not the host's."""
    if schedule.claim("rewards.note_birthdays", every=timedelta(minutes=10)):
        birthdays.note_all()
